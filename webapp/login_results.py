"""How a login ended, on its way from the partner's callback to the page that shows it.

The callback's address carries ``code`` and ``state``, which shall stay neither in the address bar nor in the
history. So it shows nothing itself: it sends the browser to a clean address, and what that page shows goes
along in a cookie, encrypted and for minutes.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.codec import from_plain, to_plain
from connector.errors import ConnectorError, TransientError
from connector.pipeline.connecting import Connected
from connector.vault import Vault

RESULT_LIFETIME = timedelta(minutes=5)
"""The browser asks for the page at once; the rest is for a slow line."""

MOST_TEXT_BYTES = 500
"""Browsers keep cookies of up to 4,096 bytes, and encryption makes a third more of them: five texts of
this length still fit. None of ours is as long; a partner's could be."""


@dataclass(frozen=True, slots=True)
class ConnectedTexts:
    """The login is kept."""

    tenant_name: str
    partner: str
    what: str
    """Company and numbers."""
    who: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProblemTexts:
    """The login is not kept."""

    status: int
    code: str
    message: str
    cure: str = ""
    request_id: str = ""
    """With the partner's name before it: under this its support finds the call."""
    help_link: str = ""


@dataclass(frozen=True, slots=True)
class LoginResult:
    """One of the two."""

    connected: ConnectedTexts | None = None
    problem: ProblemTexts | None = None


def of_connected(login: Connected) -> LoginResult:
    """A login that is kept."""
    return LoginResult(
        connected=ConnectedTexts(
            tenant_name=_shortened(login.tenant.name),
            partner=login.partner,
            what=_shortened(login.what),
            who=_shortened(login.who),
            ends_at=login.ends_at,
        )
    )


def of_error(error: ConnectorError) -> LoginResult:
    """A login that was refused."""
    return LoginResult(problem=problem_of(error))


def problem_of(error: ConnectorError) -> ProblemTexts:
    """What an error's page says; transient trouble is no fault of the one who asked."""
    texts = ProblemTexts(
        status=503 if isinstance(error, TransientError) else 400,
        code=error.code,
        message=_shortened(error.message),
        cure=_shortened(error.cure),
    )
    if error.answer:
        answer = error.answer
        request_id = f"{answer.partner} {answer.request_id}" if answer.request_id else ""
        texts = replace(texts, request_id=_shortened(request_id), help_link=_usable_link(answer.help_link))
    return texts


def of_bug(error_id: str) -> LoginResult:
    """Something unexpected, which is in the log under this id."""
    message = f"The error was logged under the id {error_id}."
    return LoginResult(problem=ProblemTexts(status=500, code="unexpected_error", message=message))


def sealed(vault: Vault, result: LoginResult, *, now: datetime) -> str:
    """The cookie's value."""
    return vault.encrypt_at(_json(to_plain(result)), now=now).decode("ascii")


def unsealed(vault: Vault, value: str, *, now: datetime) -> LoginResult | None:
    """What the cookie says; None: nothing, too old, or not written by :func:`sealed`.

    Whatever else the vault has encrypted does not have this shape, so nobody can have it shown here.
    """
    plain = vault.decrypt_within(value.encode(), RESULT_LIFETIME, now=now)
    if plain is None:
        return None
    try:
        return from_plain(json.loads(plain), LoginResult)
    except ValueError:
        return None


def _shortened(text: str) -> str:
    """Cut between letters where the text, as JSON, would need more room; what is no letter becomes ``?``."""
    legible = text.encode(errors="replace").decode()
    room = MOST_TEXT_BYTES
    for place, letter in enumerate(legible):
        room -= len(_json(letter).encode()) - len('""')
        if room < 0:
            return legible[:place] + "…"
    return legible


def _usable_link(address: str) -> str:
    """The address as it is, or nothing: half of one leads nowhere."""
    return address if _shortened(address) == address else ""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
