"""DATEV's sample files and the category that each one is of."""

SAMPLES = [("EXTF_Buchungsstapel.csv", 21), ("EXTF_DebKred_Stamm.csv", 16)]
