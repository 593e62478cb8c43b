"""The crash matrix: real processes, killed at named points, and what became of the deal on its way."""
