"""The queues: one per partner and duration, so that a slow partner never holds up the rest."""

INTAKE = "intake"
"""Reading deals and rendering: Pipedrive and the processor."""
DATEV = "datev"
"""Everything that hands over to DATEV or asks it."""
OPS = "ops"
"""Sweeps and write-back: short and frequent."""

QUEUES = (INTAKE, DATEV, OPS)
"""Every declared queue; a test compares them with Procfile, compose file and process table."""
