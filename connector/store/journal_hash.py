"""How a journal row is hashed: the words of the chain, so plain that an auditor can reckon it anew.

``text_digest`` = SHA-256 over the salt and the canonical JSON of ``[message, details]``.
``hash`` = SHA-256 over the hash before (32 bytes; zeros before the first row) and the canonical JSON of ``[1,
tenant_id, seq, journal_id, run_id, batch_id, at, event, from_state, to_state, actor, text_digest in hex]``.

Canonical JSON is UTF-8, keys sorted, no blanks, no ASCII escapes; ``at`` is ISO 8601, UTC, microseconds.

The text stands behind a salted digest, because a text can hold personal data that one day has to be erased:
without its salt the digest says nothing about it, and the chain goes on holding.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

GENESIS = bytes(32)
"""The hash before a tenant's first row."""

SALT_BYTES = 16
"""128 random bits: a short message cannot be guessed from its digest."""

_FORMAT = 1
"""Number of this description, hashed along, should another ever be needed."""


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """A journal row as it is hashed."""

    id: int
    tenant_id: int
    run_id: int | None
    batch_id: int | None
    at: datetime
    event: str
    from_state: str
    to_state: str
    actor: str
    message: str
    details: Mapping[str, Any]


def text_digest(salt: bytes, message: str, details: Mapping[str, Any]) -> bytes:
    """What stands in the chain for the text of a row."""
    return sha256(salt + _canonical([message, details])).digest()


def row_hash(previous: bytes, seq: int, row: JournalFacts, digest: bytes) -> bytes:
    """The hash of a row at its place in its tenant's chain."""
    return sha256(
        previous
        + _canonical(
            [
                _FORMAT,
                row.tenant_id,
                seq,
                row.id,
                row.run_id,
                row.batch_id,
                row.at.astimezone(UTC).isoformat(timespec="microseconds"),
                row.event,
                row.from_state,
                row.to_state,
                row.actor,
                digest.hex(),
            ]
        )
    ).digest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
