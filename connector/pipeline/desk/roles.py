"""What a person may do at one tenant. Each role may also do what those below it may."""

from enum import StrEnum


class Role(StrEnum):
    """From the least to the most."""

    VIEWER = "viewer"
    """Sees everything of the tenant, changes nothing."""
    BOOKKEEPER = "bookkeeper"
    """Also decides about deals: retries, cancels, releases."""
    ADMIN = "admin"
    """Also changes how the tenant is set up."""

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what ``needed`` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)
