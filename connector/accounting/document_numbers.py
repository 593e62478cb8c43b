"""The document number: made from a pattern, checked against what Belegfeld 1 (EXTF field 11) takes.

A number that DATEV would change or refuse is refused here: open items are matched by it, so the
number on the invoice and the number in the books must be the same characters.
"""

import re
import unicodedata
from string import Formatter

from connector.accounting.transliterate import to_cp1252
from connector.errors import DataError, Problem

DOCUMENT_NUMBER_LENGTH = 36
"""EXTF field 11 and DXSO ``invoiceId``: at most 36 characters."""

_ALLOWED = re.compile(r"[A-Za-z0-9$&%*+\-/]*", re.ASCII)
"""DATEV's published character list; ``_`` passes DATEV's pattern but is not on the list, so it is refused."""

_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"}
)

_UNSAFE_RUN = re.compile(r"-*[^A-Za-z0-9$&%*+\-/]+[^A-Za-z0-9$&%*+/]*", re.ASCII)
"""Characters that Belegfeld 1 does not take, with the hyphens around them."""

_PLACEHOLDER = re.compile(r"\{(?:deal_id|part|year|next)\b[^{}]*\}", re.IGNORECASE)
"""A place of the tenant's pattern, which means nothing in a number that a person wrote."""

NEXT_PLACEHOLDER = "{next}"
"""Stands for the number of the tenant's own sequence as long as none is drawn (drafts, preview)."""


def number_from_pattern(
    pattern: str,
    *,
    deal_id: int,
    part: int,
    year: int,
    next: int | None = None,  # noqa: A002 - the name that stands in the pattern
) -> str:
    """Fill a pattern such as ``PD-{deal_id}`` or ``RE{year}-{next:05d}``.

    Without ``next`` the sequence's place is kept as ``{next}``: a number is drawn once, at the
    very end, and never for a preview.

    Raises:
        DataError: the pattern names something unknown or is not well formed.
    """
    values = {"deal_id": deal_id, "part": part, "year": year, "next": next}
    filled: list[str] = []
    try:
        for literal, name, width, _conversion in Formatter().parse(pattern):
            filled.append(literal)
            if name is None:
                continue
            _check_width(width or "")
            filled.append(NEXT_PLACEHOLDER if values[name] is None else format(values[name], width or ""))
    except KeyError as error:
        raise DataError([_bad_pattern(pattern, f"{error} is not known")]) from error
    except ValueError as error:
        raise DataError([_bad_pattern(pattern, str(error))]) from error
    return "".join(filled)


def _check_width(width: str) -> None:
    """A width is written out before anything can look at the number, and may ask for gigabytes.

    Raises:
        ValueError: it is wider than any document number.
    """
    widest = max((digits.lstrip("0") for digits in re.findall("[0-9]+", width)), key=len, default="")
    if len(widest) > 2 or int(widest or 0) > DOCUMENT_NUMBER_LENGTH:
        raise ValueError(f"a document number holds {DOCUMENT_NUMBER_LENGTH} characters, not {width!r:.60}")


def clean_document_number(text: str) -> str:
    """The number in characters that Belegfeld 1 takes; one that is safe already stays as it is.

    Letters are spelled as people would (``ä`` → ``ae``, ``é`` → ``e``), digits of other scripts become 0-9,
    and whatever else is not taken becomes one hyphen, none at the ends: ``RE 2026.17`` → ``RE-2026-17``. Two
    numbers may become the same: that is caught where numbers are given, as every number given twice.

    :returns: empty where nothing can be kept, and where a place of a pattern stands, which is no number yet:
        ``RE-{next}``.
    """
    if _PLACEHOLDER.search(text):
        return ""
    if _ALLOWED.fullmatch(text):
        return text
    spelled = to_cp1252(unicodedata.normalize("NFKC", text).translate(_UMLAUTS))
    bare = "".join(
        sign for sign in unicodedata.normalize("NFKD", spelled) if unicodedata.category(sign) != "Mn"
    )
    runs = _UNSAFE_RUN.sub("\n", bare)  # a line break cannot stand in one line of text
    return runs.strip("\n").replace("\n", "-")


def check_document_number(text: str, *, draft: bool = False) -> Problem | None:
    """Say what is wrong with a document number, or None.

    A draft may have none yet, and may hold the place of the sequence.
    """
    if draft:
        text = text.replace(NEXT_PLACEHOLDER, "0")
        if not text:
            return None
    if not text:
        return Problem(
            "document_number_missing",
            "The invoice has no document number.",
            field="document_number",
            cure="Fill the document number on the deal, or set a pattern or a sequence for the tenant.",
        )
    if len(text) > DOCUMENT_NUMBER_LENGTH:
        return Problem(
            "document_number_too_long",
            f"The document number {text!r} has {len(text)} characters; "
            f"DATEV's Belegfeld 1 holds {DOCUMENT_NUMBER_LENGTH}.",
            field="document_number",
            cure=f"Shorten the document number to {DOCUMENT_NUMBER_LENGTH} characters.",
        )
    if not _ALLOWED.fullmatch(text):
        wrong = " ".join(dict.fromkeys("blank" if s == " " else s for s in text if not _ALLOWED.fullmatch(s)))
        return Problem(
            "document_number_characters",
            f"The document number {text!r} holds characters that DATEV's Belegfeld 1 does not take: {wrong}.",
            field="document_number",
            cure="Use only letters A-Z, digits and $ & % * + - / in the document number.",
        )
    return None


def _bad_pattern(pattern: str, reason: str) -> Problem:
    return Problem(
        "document_number_pattern",
        f"The number pattern {pattern!r:.200} cannot be filled: {reason}.",
        field="numbers.pattern",
        cure="Use only {deal_id}, {part}, {year} and {next} in the pattern, such as RE{year}-{next:05d}.",
    )
