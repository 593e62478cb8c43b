"""What kind of file the first bytes are of."""

import codecs
import re

BEGINNING = 4096
"""Bytes that are enough to tell."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
"""Beginning of a ZIP, and of an empty one."""
_EXTF_MARKS = ('"EXTF"', '"DTVF"', "EXTF;", "DTVF;")
_PACKAGE_ROOT = re.compile(r"<(?:\w+:)?(?:archive|LedgerImport)[\s>]")
_SEPARATORS = ((",", "commas"), ("\t", "tabs"), ("|", "vertical bars"))


def looks_like_zip(beginning: bytes) -> bool:
    """Whether it is a ZIP."""
    return beginning.startswith(_ZIP_MARKS)


def looks_like_xml(beginning: bytes) -> bool:
    """Whether it may be XML, in any encoding that XML programs must know."""
    return _text(beginning).lstrip(" \t\r\n").startswith("<") or beginning.startswith((b"<\0", b"\0<"))


def looks_like_package_xml(beginning: bytes) -> bool:
    """Whether XML is part of a package: document.xml or a ledger, by the name of its root element."""
    return _PACKAGE_ROOT.search(_text(beginning)) is not None


def looks_like_extf(beginning: bytes) -> bool:
    """Whether it is a file in DATEV's CSV format."""
    return _text(beginning).startswith(_EXTF_MARKS)


def other_separator(beginning: bytes) -> str:
    """The name of what separates the cells, where it is EXTF but for its semicolons; else empty."""
    text = _text(beginning).replace('"', "")
    return next(
        (name for mark in ("EXTF", "DTVF") for sign, name in _SEPARATORS if text.startswith(mark + sign)), ""
    )


def looks_like_utf16_without_mark(beginning: bytes) -> bool:
    """Whether it is EXTF in an encoding that DATEV cannot recognise."""
    marks = tuple(mark.encode(encoding) for mark in _EXTF_MARKS for encoding in ("utf-16-le", "utf-16-be"))
    return beginning.startswith(marks)


def _text(beginning: bytes) -> str:
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return beginning[len(mark) :].decode(encoding, "ignore")
    return beginning.decode("latin-1")
