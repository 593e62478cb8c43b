"""Secrets at rest: everything secret passes through here before it touches the database.

MultiFernet (AES-128-CBC + HMAC-SHA256 with a timestamp) encrypts with the first key and
decrypts with any, which is what makes rotation possible while workers run.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from connector.errors import ConfigurationError, Problem, SettingsError

KEY_FILE_MODE = 0o600
"""Only the service's own user may read the keys."""


class Vault:
    """Encrypts and decrypts small secrets with a list of Fernet keys, newest first.

    :param reread: asked before every use for keys that have come since; None: none have. This is how a
        running process learns of a rotation (:class:`KeyFile`).
    """

    def __init__(
        self, keys: Sequence[str], *, reread: Callable[[], Sequence[str] | None] | None = None
    ) -> None:
        problems = [
            Problem(
                "encryption_key_invalid",
                f"Encryption key number {position} is not a Fernet key (32 bytes, url-safe base64).",
                "MLC_ENCRYPTION_KEYS",
                "Make one with: ml-connector keys generate",
            )
            for position, key in enumerate(keys, start=1)
            if not _is_fernet_key(key)
        ]
        if not keys:
            problems = [
                Problem(
                    "encryption_key_missing",
                    "No encryption key is set.",
                    "MLC_ENCRYPTION_KEYS",
                    "Set MLC_ENCRYPTION_KEYS or MLC_KEY_FILE.",
                )
            ]
        if problems:
            raise SettingsError(problems)
        self._keys = tuple(keys)
        self._fernets = [Fernet(key) for key in self._keys]
        self._reread = reread

    def __repr__(self) -> str:
        return "Vault(…)"

    def encrypt(self, plain: str) -> bytes:
        """Encrypt with the newest key."""
        return self._current().encrypt(plain.encode())

    def decrypt(self, token: bytes) -> str:
        """Decrypt with whichever key fits.

        :raises ConfigurationError: if no key fits: the key that wrote this is gone.
        """
        try:
            return self._current().decrypt(bytes(token)).decode()
        except InvalidToken as e:
            raise ConfigurationError(
                "A stored secret cannot be decrypted with the encryption keys that are set.",
                code="encryption_key_lost",
                field="MLC_ENCRYPTION_KEYS",
                cure="Put the earlier key back at the end of MLC_ENCRYPTION_KEYS (or of the key file).",
            ) from e

    def encrypt_at(self, plain: str, *, now: datetime) -> bytes:
        """Encrypt with the newest key something that shall be legible for a while only."""
        return self._current().encrypt_at_time(plain.encode(), int(now.timestamp()))

    def decrypt_within(self, token: bytes, lifetime: timedelta, *, now: datetime) -> str | None:
        """What :meth:`encrypt_at` wrote at most that long ago.

        :returns: None: too old, changed, or none of ours. Whoever holds it can have changed it, so nothing
            is wrong with our keys.
        """
        try:
            seconds = int(lifetime.total_seconds())
            return self._current().decrypt_at_time(token, seconds, int(now.timestamp())).decode()
        except InvalidToken:
            return None

    def rotate(self, token: bytes) -> bytes:
        """The same secret, encrypted with the newest key; the plain text does not leave this call."""
        try:
            return self._current().rotate(bytes(token))
        except InvalidToken as e:
            raise ConfigurationError(
                "A stored secret cannot be rotated: none of the encryption keys fits it.",
                code="encryption_key_lost",
                field="MLC_ENCRYPTION_KEYS",
                cure="Put the earlier key back at the end of MLC_ENCRYPTION_KEYS (or of the key file).",
            ) from e

    def is_current(self, token: bytes) -> bool:
        """Whether the newest key wrote this, so that rotating it would change nothing."""
        self._current()
        try:
            self._fernets[0].decrypt(bytes(token))
        except InvalidToken:
            return False
        return True

    def _current(self) -> MultiFernet:
        """All keys known by now. Keys that a file has lost meanwhile still read what this process holds."""
        found = self._reread() if self._reread else None
        if found and all(map(_is_fernet_key, found)):
            self._keys = tuple(dict.fromkeys([*found, *self._keys]))
            self._fernets = [Fernet(key) for key in self._keys]
        return MultiFernet(self._fernets)


class KeyFile:
    """A key file that is read again when it has changed, so that a rotation locks no running process out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None

    def keys(self) -> tuple[str, ...]:
        """The keys; the file is made on first start.

        :raises SettingsError: if others may read the file, or it is empty.
        """
        stamp = self._stamp_now()
        keys = load_or_create_key_file(self._path)
        # The stamp from before the reading: a change in between is then found by the next use.
        self._stamp = stamp
        return keys

    def reread(self) -> tuple[str, ...] | None:
        """The keys if the file has changed since; None while it is unchanged, away or unusable."""
        stamp = self._stamp_now()
        if stamp is None or stamp == self._stamp:
            return None
        try:
            keys = load_or_create_key_file(self._path)
        except (SettingsError, OSError):
            return None
        self._stamp = stamp
        return keys

    def _stamp_now(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def generate_key() -> str:
    """A new random Fernet key."""
    return Fernet.generate_key().decode()


def load_or_create_key_file(path: Path) -> tuple[str, ...]:
    """The keys of a key file, one a line, newest first; made with mode 0600 on first start.

    :raises SettingsError: if others may read the file, or it is empty.
    """
    if not path.exists():
        _create_key_file(path)
    mode = path.stat().st_mode & 0o777
    keys = tuple(line.strip() for line in path.read_text().splitlines() if line.strip())
    problems = []
    if mode & 0o077:
        problems.append(
            Problem(
                "key_file_readable",
                f"The key file {path} may be read by others (mode {mode:o}).",
                "MLC_KEY_FILE",
                f"chmod 600 {path}",
            )
        )
    if not keys:
        problems.append(
            Problem(
                "key_file_empty",
                f"The key file {path} is empty.",
                "MLC_KEY_FILE",
                "Restore it from the backup; a new key cannot read what the old one wrote.",
            )
        )
    if problems:
        raise SettingsError(problems)
    return keys


def prepend_key(path: Path, key: str) -> None:
    """Put a new first key into a key file, atomically, keeping the earlier ones for decryption.

    The file keeps its owner: whoever rotates may be root, and the service must still read it. The folder is
    synced as well, because a key that a power cut takes away takes every secret written with it along.
    """
    present = path.stat() if path.exists() else None
    earlier = path.read_text() if present else ""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_FILE_MODE), "w") as handle:
        handle.write(f"{key}\n{earlier}")
        handle.flush()
        os.fsync(handle.fileno())
        if present and (present.st_uid, present.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(handle.fileno(), present.st_uid, present.st_gid)
    scratch.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _create_key_file(path: Path) -> None:
    """Make the file under another name and link it in place, so that of two starters one wins whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_FILE_MODE), "w") as handle:
        handle.write(f"{generate_key()}\n")
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
