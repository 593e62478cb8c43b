"""What the fail points and whoever arms them call the same things."""

import hashlib

ANY = "any"
"""The deal of what belongs to none: beat, and the sweep until it wakes a row."""

ANOTHERS = "another deal's"
"""In the name of a point at which a deal's chain wakes a row of another deal."""


def digest(point: str) -> str:
    """The name of a point as part of a file's name."""
    return hashlib.sha256(point.encode()).hexdigest()[:16]
