"""The links of the run chain, one file each: what is done, not when or how often."""
