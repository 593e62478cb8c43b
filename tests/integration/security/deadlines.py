"""How long heads and bodies may take in the tests that wait for the end of that time."""

HASTE_S = 2.0
