"""Damaged files and messages for every reader: what comes of them is a value or an error of ours."""
