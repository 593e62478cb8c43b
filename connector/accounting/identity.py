"""The identities that DATEV sees, all in one place and all functions of what they name.

The same work done twice is the same thing to DATEV; a deliberate repeat is visibly another
attempt. Changing anything here makes every document of the past look new: the tests pin values.
"""

import re
from hashlib import sha256
from uuid import UUID

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")

REFERENCE_ID_LENGTH = 254
"""Longest Reference-Id that DATEV's extf-files API takes."""

FILE_STEM_LENGTH = 51
"""Characters between ``EXTF_`` and ``.csv`` that the extf-files API takes."""

_DIGEST_LENGTH = 12
"""Hex digits that stand for a name too long to be written out: 48 bits, enough to keep tenants apart."""


def document_guid(tenant_key: str, deal_id: int, kind: str, revision: int, part: int) -> str:
    """GUID of the document of one run; the posting's link and the upload both name it."""
    return _guid("document", tenant_key, deal_id, kind, revision, part)


def posting_key(document_guid: str, line: int, reversal: int = 0) -> str:
    """GUID of one posting row (EXTF field 103); ``reversal`` counts its general reversals."""
    return _guid("posting", document_guid.lower(), line, int(reversal))


def reference_id(tenant_key: str, batch_id: int | str, attempt: int, content: str) -> str:
    """Reference-Id of one submission; ``content`` is ``debtors``, ``postings`` or ``ledger``."""
    return _name("mlc", tenant_key, batch_id, attempt, content, sign="-", length=REFERENCE_ID_LENGTH)


def extf_file_name(tenant_key: str, batch_id: int | str, attempt: int, content: str) -> str:
    """File name of one submission: ``EXTF_`` + at most 51 characters + ``.csv``."""
    stem = _name(content, tenant_key, batch_id, attempt, sign="_", length=FILE_STEM_LENGTH)
    return f"EXTF_{stem}.csv"


def _guid(*parts: str | int) -> str:
    """128 bits of SHA-256 in the shape of a random UUID: partners check version and variant."""
    # Each part carries its length, so that no two lists of parts read the same.
    text = "".join(f"{len(str(part))}:{part};" for part in parts)
    return str(UUID(bytes=sha256(text.encode()).digest()[:16], version=4))


def _name(*parts: str | int, sign: str, length: int) -> str:
    """Join parts readably; where that is unsafe or too long, a digest of all parts keeps it distinct."""
    plain = sign.join(str(part) for part in parts)
    safe = _UNSAFE.sub("_", plain)
    if safe == plain and len(safe) <= length:
        return safe
    digest = sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{safe[: length - _DIGEST_LENGTH - 1]}{sign}{digest}"
