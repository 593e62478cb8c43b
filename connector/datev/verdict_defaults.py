"""What an answer of DATEV can mean at all, and what it means where no interface says more.

The rows here are the last resort below the tables of :mod:`connector.datev.verdict_tables`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from connector.errors import (
    AccessTokenRefusedError,
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    NotFoundError,
    PartnerRefusedError,
    PermissionMissingError,
    RateLimitedError,
    TransientError,
)

ANY = None
"""Stands for every operation, status or code in a key of the tables."""

Key = tuple[str | None, int | None, str | None]

PAUSE_AFTER_SERVER_ERROR = timedelta(minutes=15)
"""DATEV says of its 500 that retries "should be avoided"; one hiccup must not park a tenant either."""

PAUSE_WITHOUT_RETRY_AFTER = timedelta(seconds=60)
"""For a 429 that does not say how long; DATEV publishes no limits."""

PAUSE_WHEN_BLOCKED = timedelta(minutes=5)
"""What blocks in front of an interface is lifted by calling less, not more."""

LOGIN_AGAIN = "Connect the tenant to DATEV again."
OUR_FAULT = "This is a fault of the connector: report it with DATEV's request id."
ASK_ADVISER = "Ask the tax adviser"
LOOKED_UP = "Nothing to do: it is looked up at DATEV before anything is repeated."
AGAIN_LATER = "Nothing to do: it is tried again."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one answer of DATEV means."""

    family: type[ConnectorError]
    code: str
    """Our stable name for it."""
    says: str
    """The end of the sentence "While …, DATEV says that …"."""
    cure: str
    pause: timedelta | None = None
    """How long to wait where DATEV does not say."""


BAD_REQUEST = Verdict(
    PartnerRefusedError, "request_not_accepted", "the request is not as it must be", OUR_FAULT
)

BY_STATUS: Mapping[int, Verdict] = {
    400: BAD_REQUEST,
    401: Verdict(
        AccessTokenRefusedError,
        "access_token_refused",
        "the access token is not valid (any more)",
        "Nothing to do: the login is renewed and the call repeated.",
    ),
    403: Verdict(
        PermissionMissingError,
        "datev_permission_missing",
        "the login has no right to do this",
        f"{ASK_ADVISER} to check the rights of the user who connected, then connect the tenant again.",
    ),
    404: Verdict(
        NotFoundError,
        "not_found",
        "what was asked for does not exist",
        "Check consultant_number and client_number in the tenant's file.",
    ),
    413: Verdict(
        PartnerRefusedError,
        "file_too_large",
        "the file is too large",
        "Attach a smaller PDF to the deal, then retry; if it has none of its own, report it.",
    ),
    429: Verdict(
        RateLimitedError,
        "rate_limited",
        "it wants fewer calls",
        AGAIN_LATER,
        pause=PAUSE_WITHOUT_RETRY_AFTER,
    ),
}
"""For every interface, below the rows that know an operation or a code."""

REFUSED = Verdict(PartnerRefusedError, "partner_refused", "the call is not accepted", OUR_FAULT)
REDIRECTED = Verdict(
    ConfigurationError,
    "datev_address_moved",
    "the address has moved",
    "Check DATEV_ENVIRONMENT and the DATEV base URLs.",
)
BLOCKED = Verdict(
    TransientError,
    "partner_blocks",
    "it blocks the call before its interface sees it",
    "Nothing to do yet: it is tried again. If it lasts, have DATEV's support check this machine's address.",
    pause=PAUSE_WHEN_BLOCKED,
)
"""A 403 that is no answer of the interface (a web page): it says nothing about the login's rights."""
FAILED = Verdict(TransientError, "partner_unavailable", "it is not available", AGAIN_LATER)
FAILED_INSIDE = Verdict(
    TransientError,
    "partner_failed",
    "an error happened inside it",
    "Nothing to do yet: it is tried again, seldom. If it lasts, give DATEV's support the request id.",
    pause=PAUSE_AFTER_SERVER_ERROR,
)
IN_DOUBT = Verdict(
    AmbiguousError, "outcome_unknown", "something failed; whether it took the call is not known", LOOKED_UP
)
