"""Choose the invoice PDF among the files of a deal."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from connector.errors import Problem
from connector.pdf_ends import END_WITHIN, MARKS_WITHIN, PDF_MARK, ends_as_pdf
from connector.tenants.config import DocumentConfig

_MAY_PRECEDE = b"\xef\xbb\xbf \t\r\n"
"""A byte order mark and blanks. Readers accept anything within 1,024 bytes, a program as well; we do not."""
_OFF, _ON = (False, 0), (True, 1)
"""Version 1 of Pipedrive's API writes some of its flags as numbers."""


def newest_matching_pdf(files: Sequence[Mapping[str, Any]], pattern: str) -> Mapping[str, Any] | None:
    """The newest PDF whose name matches the shell pattern, upper and lower case alike; None if there is none.

    ``files`` are Pipedrive v1 file records. Deleted files (``active_flag`` false) and pictures
    inside mails (``inline_flag``) never count. ``add_time`` is ``JJJJ-MM-TT hh:mm:ss`` in UTC and so
    sorts as text; the higher id wins where two were added in the same second.
    """
    return max(
        matching_pdfs(files, pattern),
        key=lambda file: (str(file.get("add_time") or ""), int(file.get("id") or 0)),
        default=None,
    )


def matching_pdfs(files: Sequence[Mapping[str, Any]], pattern: str) -> list[Mapping[str, Any]]:
    """Every PDF whose name matches."""
    wanted = pattern.casefold()
    return [file for file in files if _is_pdf(file) and fnmatchcase(_name(file).casefold(), wanted)]


def naming(files: Sequence[Mapping[str, Any]], number: str) -> list[Mapping[str, Any]]:
    """The files whose name holds this document number: of a deal with several invoices, those of one."""
    whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(number)}(?![A-Za-z0-9])", re.ASCII | re.IGNORECASE)
    return [file for file in files if whole.search(_name(file))]


def is_made_by_us(files: Any, documents: DocumentConfig, number: str = "") -> bool:
    """Whether we make the invoice: where the tenant wants that and the deal has no PDF of its own.

    :param files: file records; anything else says that the deal's files are not known, so it is taken to have
        none.
    :param number: of the part whose PDF it must be; empty: the deal has one invoice.
    """
    if not documents.make_invoice:
        return False
    records = [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
    return not matching_pdfs(naming(records, number) if number else records, documents.file_pattern)


def pdf_missing(pattern: str, number: str = "") -> Problem:
    """The deal needs a PDF of its own and has none.

    :param number: of the invoice, where the deal has several.
    """
    also = f" and holds the document number {number}" if number else ""
    return Problem(
        "invoice_pdf_missing",
        f"The deal has no PDF whose name matches {pattern!r}{also}.",
        "documents.file_pattern",
        "Attach the invoice as PDF to the deal, then retry the run.",
    )


def pdf_unreadable(data: bytes, name: str) -> Problem | None:
    """Why a file is no whole PDF, whatever its name says; None where it looks like one.

    DATEV refuses both (DCO01245), and half an invoice is none.
    """
    if not data[:MARKS_WITHIN].lstrip(_MAY_PRECEDE).startswith(PDF_MARK):
        return Problem(
            "invoice_pdf_unreadable",
            f"The file {name!r} on the deal is no PDF, whatever its name says.",
            "files",
            "Attach the invoice as PDF to the deal, then retry the run.",
        )
    if not ends_as_pdf(data[-END_WITHIN:], len(data)):
        return Problem(
            "invoice_pdf_unreadable",
            f"The file {name!r} on the deal has no end: it was cut off, or saved or uploaded in part only.",
            "files",
            "Attach the whole PDF to the deal again, then retry the run.",
        )
    return None


def _is_pdf(file: Mapping[str, Any]) -> bool:
    if file.get("active_flag") in _OFF or file.get("inline_flag") in _ON:
        return False
    return str(file.get("file_type") or "").lower() == "pdf" or _name(file).lower().endswith(".pdf")


def _name(file: Mapping[str, Any]) -> str:
    """``name`` is what the user sees; ``file_name`` what it is stored as."""
    return str(file.get("name") or file.get("file_name") or "")
