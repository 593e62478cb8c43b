"""What can go wrong, sorted by what has to happen next.

The pipeline decides from these families, never from an HTTP status::

    ConnectorError
    ├── TransientError            retry later, with jitter; uses up the retry budget
    │   ├── RateLimitedError      wait as told; does NOT use up the retry budget
    │   └── DatabaseUnavailableError  PostgreSQL is away: the receiver answers 503, workers try again
    ├── ConfigurationError        park until someone changes a setting or a right
    │   ├── SettingsError         an environment variable is missing or wrong
    │   ├── TenantFileError       a tenant's TOML file is wrong (all problems at once)
    │   ├── TableError            a chart or rule table under config/ is wrong (all problems at once)
    │   ├── ReconnectNeededError  a login ended; parks the whole tenant
    │   └── PermissionMissingError  the partner withdrew a right; parks the whole tenant
    ├── PermanentError            needs a human
    │   ├── DataError             the deal's data cannot be booked (all problems at once)
    │   ├── NotFoundError         what we asked for does not exist (any more)
    │   └── PartnerRefusedError   the partner said no and will say no again
    ├── AmbiguousError            nobody knows whether the partner acted: reconcile, never repeat blindly
    └── ClaimLostError            someone else owns the run or batch now: drop our result

Every error carries a code (stable, for machines), a message (what and where) and a cure
(what a person can do). Exceptions that are not in this tree are bugs; the pipeline turns
them into a human's turn instead of retrying them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, said so that a person can mend it."""

    code: str
    """Stable name for machines, snake_case, such as ``vat_id_missing``."""
    message: str
    """What is wrong and where, one sentence."""
    field: str = ""
    """The field it is about, in the words of whoever has to mend it."""
    cure: str = ""
    """What to do about it, one sentence."""

    def as_dict(self) -> dict[str, str]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PartnerAnswer:
    """What a partner said, kept word for word because support asks for it.

    ``text`` is the partner's own wording, ``request_id`` the id under which its support
    finds the call, ``help_link`` its own help page.
    """

    partner: str
    operation: str
    status: int | None = None
    partner_code: str = ""
    text: str = ""
    request_id: str = ""
    help_link: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


class ConnectorError(Exception):
    """Base of all expected failures."""

    default_code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        cure: str = "",
        field: str = "",
        answer: PartnerAnswer | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.cure = cure
        self.field = field
        self.answer = answer

    def __str__(self) -> str:
        request_id = f"[{self.answer.request_id}] " if self.answer and self.answer.request_id else ""
        return f"{request_id}{self.message}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """This error as a list of problems; errors that collect several override it."""
        return (Problem(self.code, self.message, self.field, self.cure),)

    def details(self) -> Mapping[str, Any]:
        """Everything worth keeping in the journal, as plain values."""
        kept: dict[str, Any] = {"problems": [problem.as_dict() for problem in self.problems]}
        if self.answer:
            kept["answer"] = self.answer.as_dict()
        return kept


class _ManyProblemsError(ConnectorError):
    """An error that reports all its problems at once, because mending one at a time costs a day each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = tuple(problems)
        if not self._problems:
            raise ValueError("an error without a problem says nothing")
        first = self._problems[0]
        super().__init__(
            "; ".join(problem.message for problem in self._problems),
            code=first.code,
            cure=" ".join(dict.fromkeys(p.cure for p in self._problems if p.cure)),
            field=first.field,
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._problems


class TransientError(ConnectorError):
    """The same call may work later: a dropped connection before sending, a 503 on a repeatable call."""

    default_code = "partner_unavailable"

    def __init__(self, message: str, *, retry_after: timedelta | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after
        """How long the partner asks us to wait, when it said so."""


class RateLimitedError(TransientError):
    """The partner's limit, or ours, is reached. Waiting is no failure, so it costs no retry."""

    default_code = "rate_limited"


class DatabaseUnavailableError(TransientError):
    """PostgreSQL cannot be reached, or went away in the middle; the transaction did not happen."""

    default_code = "database_unavailable"


class AccessTokenRefusedError(TransientError):
    """The partner does not take the access token (401): nothing was done, so renew it once and repeat.

    An access token may end earlier than promised. A second refusal after a renewal is not this
    error but ``ReconnectNeededError``.
    """

    default_code = "access_token_refused"


class ConfigurationError(ConnectorError):
    """No retry helps until someone changes a setting."""

    default_code = "configuration"


class SettingsError(_ManyProblemsError, ConfigurationError):
    """Environment variables are missing or wrong; lists every one."""


class TenantFileError(_ManyProblemsError, ConfigurationError):
    """A tenant's TOML file is wrong; lists every problem with its line in ``field``."""


class TableError(_ManyProblemsError, ConfigurationError):
    """A table of config/ (chart of accounts, tax rules) contradicts itself; lists every problem."""


class ReconnectNeededError(ConfigurationError):
    """A login to a partner has ended (invalid_grant, revoked, expired): the tenant waits for a new login."""

    default_code = "reconnect_needed"

    def __init__(self, message: str, *, partner: str, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.partner = partner


class PermissionMissingError(ConfigurationError):
    """The partner took a right away (DATEV 1008838, Pipedrive 403): the tenant waits for its owner."""

    default_code = "permission_missing"


class PermanentError(ConnectorError):
    """The same call will fail again; a human decides."""

    default_code = "refused"


class DataError(_ManyProblemsError, PermanentError):
    """The deal cannot be booked as it stands; lists every problem with field and cure."""


class NotFoundError(PermanentError):
    """The thing does not exist, or not for this login."""

    default_code = "not_found"


class PartnerRefusedError(PermanentError):
    """The partner refused the call for good; its own words are in ``answer``."""

    default_code = "partner_refused"


class AmbiguousError(ConnectorError):
    """The call may or may not have taken effect (timeout or reset after sending, 5xx at import)."""

    default_code = "outcome_unknown"


class ClaimLostError(ConnectorError):
    """Another worker took over the run or batch (our epoch is old): whatever we did must not be written."""

    default_code = "claim_lost"
