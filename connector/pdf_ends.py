"""How a PDF begins and ends, which is all that is looked at to tell a whole one.

Source: ISO 32000-1, 7.5.5 (``startxref``, an offset, ``%%EOF``), and its implementation notes: readers find
both marks within 1,024 bytes of the file's ends.
"""

PDF_MARK = b"%PDF-"
MARKS_WITHIN = 1024
"""Bytes at either end in which readers look for the marks."""

_START_OF_TABLE = b"startxref"
_END_MARK = b"%%EOF"


def ends_as_pdf(end: bytes) -> bool:
    """Whether a file whose last bytes these are has its end; one that was cut off has not.

    :param end: the last :data:`MARKS_WITHIN` bytes, or all of a shorter file.
    """
    before, found, _behind = end.rpartition(_END_MARK)
    return bool(found) and _START_OF_TABLE in before
