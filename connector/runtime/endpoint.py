"""Where an embedded server listens and with which password: chosen once, kept beside its data."""

import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from connector.runtime import ports
from connector.runtime.folders import read_record, write_record

FILE_NAME = "endpoint.json"

_PASSWORD_BYTES = 24
"""192 bits: cannot be guessed, and base64 makes 32 characters that need no quoting in a URL."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a client needs to connect. Kept so that a restarted server is found at the same address."""

    port: int
    password: str

    @classmethod
    def kept_in(cls, folder: Path) -> "Endpoint | None":
        """The endpoint chosen earlier for the server in ``folder``; None where there is none yet."""
        record = read_record(folder / FILE_NAME)
        port, password = record.get("port"), record.get("password")
        if not isinstance(port, int) or not isinstance(password, str) or not password:
            return None
        return cls(port, password)

    @classmethod
    def settled_in(cls, folder: Path) -> "Endpoint":
        """The endpoint for a fresh start: the kept one, with another port if someone took it meanwhile."""
        kept = cls.kept_in(folder)
        if kept and ports.port_is_free(kept.port):
            return kept
        password = kept.password if kept else secrets.token_urlsafe(_PASSWORD_BYTES)
        chosen = cls(ports.free_port(), password)
        write_record(folder / FILE_NAME, asdict(chosen))
        return chosen
