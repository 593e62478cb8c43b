"""Passwords: which are taken, how they are kept, and comparing one in the same time whatever there is.

The rules are those of NIST SP 800-63B (revision 4, section 3.1.1): long, not among the common ones, and no
rule about kinds of characters, since such rules make passwords worse.
"""

import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from connector.errors import DataError, Problem

SHORTEST = 12
"""Characters. With the limit on attempts nobody guesses one of this length that is not on a list."""

LONGEST = 200
"""Characters: any sentence fits, and nobody keeps a processor busy with a megabyte."""

COMMON = frozenset(
    {
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123412341234",
        "123123123123",
        "112233445566",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertzuiop12",
        "qwertzuiop123",
        "qwertz123456",
        "qwerty123456",
        "1q2w3e4r5t6y",
        "1q2w3e4r5t6z",
        "1qaz2wsx3edc",
        "1qay2wsx3edc",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "passwort1234",
        "passwort12345",
        "passwort123456",
        "passwortpasswort",
        "adminadminadmin",
        "administrator",
        "changemechangeme",
        "letmeinletmein",
        "welcome12345",
        "willkommen12",
        "willkommen123",
        "willkommen1234",
        "geheimgeheim",
        "hallohallohallo",
        "iloveyou1234",
        "ichliebedich",
        "schatzschatz",
        "sommer2026sommer",
        "buchhaltung1",
        "buchhaltung123",
        "steuerberater",
        "steuerberater1",
        "steuerberatung",
        "ml-connector",
        "mlconnector1",
        "pipedrive123",
        "datevdatevdatev",
        "rechnungswesen",
    }
)
"""The commonest of this length in published lists of leaked passwords, and what lies near in this trade."""

AT_ONCE = 2
"""Hashes computed at the same time in one process: each takes 64 MiB and a processor."""

_HASHER = PasswordHasher()
"""Argon2id as RFC 9106 recommends where memory is scarce: 64 MiB, 3 passes."""

_TURN = BoundedSemaphore(AT_ONCE)

_NOBODYS = _HASHER.hash("the password of an account that does not exist")
"""Compared with where there is no account, so that the answer takes as long as for one."""


def hash_password(password: str, *, login: str) -> str:
    """The password as it is kept.

    :raises DataError: it is not to be used; says everything that is wrong.
    """
    password = _normal(password)
    problems = _problems(password, login)
    if problems:
        raise DataError(problems)
    with _TURN:
        return _HASHER.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where there is none."""
    with _TURN:
        try:
            matches = _HASHER.verify(password_hash or _NOBODYS, _normal(password)[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return matches and password_hash is not None


def stronger_hash(password_hash: str, password: str) -> str | None:
    """The same password hashed with today's parameters; None: it is already."""
    if not _HASHER.check_needs_rehash(password_hash):
        return None
    with _TURN:
        return _HASHER.hash(_normal(password))


def _normal(password: str) -> str:
    """The same password typed on another keyboard is the same: ``ü`` has two spellings in Unicode."""
    return unicodedata.normalize("NFKC", password)


def _problems(password: str, login: str) -> list[Problem]:
    found = []
    if len(password) < SHORTEST:
        found.append(
            Problem(
                "password_short",
                f"The password is shorter than {SHORTEST} characters.",
                "password",
                "Take a sentence of several words; any characters are allowed.",
            )
        )
    if len(password) > LONGEST:
        found.append(
            Problem(
                "password_long",
                f"The password is longer than {LONGEST} characters.",
                "password",
                "Take a shorter one.",
            )
        )
    plain = password.casefold()
    names = {login, login.partition("@")[0]}
    if plain in COMMON or plain in names or len(set(plain)) < 4:
        found.append(
            Problem(
                "password_common",
                "The password is the login name or one of those that are tried first.",
                "password",
                "Take a sentence of several words that only you would write.",
            )
        )
    return found
