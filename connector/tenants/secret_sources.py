"""Reading a tenant's secrets from where its file says they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.tenants.findings import Fault
from connector.tenants.small_files import FileTooLargeError, read_small_file

LONGEST_SECRET = 4096
"""Characters; no token or key is longer, so a longer file is the wrong file."""

LARGEST_SECRET_FILE = 64 * 1024
"""Bytes; far more than a secret with its line end, so a larger file need not be read to be the wrong one."""


@dataclass(frozen=True, slots=True)
class SecretSource:
    """``{ env = "NAME" }`` or ``{ file = "path" }``."""

    kind: str
    place: str

    def read(self, environ: Mapping[str, str], folder: Path) -> str | Fault:
        """The secret, or why there is none.

        :param folder: where the tenant's file lies; relative paths begin there.
        """
        return self._from_environment(environ) if self.kind == "env" else self._from_file(folder)

    def _from_environment(self, environ: Mapping[str, str]) -> str | Fault:
        secret = environ.get(self.place, "").strip()
        if not secret:
            return Fault(
                "secret_missing",
                f"is to come from the environment variable {self.place}, which is not set.",
                f"Set {self.place} and run the command again.",
            )
        return _usable(secret)

    def _from_file(self, folder: Path) -> str | Fault:
        path = folder / self.place
        try:
            secret = read_small_file(path, LARGEST_SECRET_FILE).decode("utf-8").strip()
        except FileTooLargeError:
            return Fault(
                "secret_invalid",
                f"is to come from the file {path}, which is larger than {LARGEST_SECRET_FILE // 1024} KiB.",
                "Check that the file holds the secret alone.",
            )
        except (OSError, UnicodeDecodeError) as e:
            reason = e.strerror if isinstance(e, OSError) and e.strerror else "it is no text"
            return Fault(
                "secret_missing",
                f"is to come from the file {path}, which cannot be read: {reason}.",
                "Create the file with the secret as its only line, readable for this user alone.",
            )
        if not secret:
            return Fault(
                "secret_missing",
                f"is to come from the file {path}, which is empty.",
                "Write the secret into it.",
            )
        return _usable(secret)


def _usable(secret: str) -> str | Fault:
    if len(secret) > LONGEST_SECRET or not secret.isprintable():
        return Fault(
            "secret_invalid",
            f"has several lines or more than {LONGEST_SECRET} characters; that is no token, key or password.",
            "Check that the source holds the secret alone.",
        )
    return secret
