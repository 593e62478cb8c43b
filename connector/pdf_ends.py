"""How a PDF begins and ends, which is all that is looked at to tell a whole one.

Source: ISO 32000-1, 7.5.5 (``startxref``, an offset, ``%%EOF``), 7.5.6 (updates are appended), and its
implementation notes: readers find both marks within 1,024 bytes of the file's ends.
"""

import re

PDF_MARK = b"%PDF-"
MARKS_WITHIN = 1024
"""Bytes at the beginning in which readers look for the mark."""

END_WITHIN = 64 * 1024
"""Bytes at the end in which the mark is looked for: gateways and web servers append blanks, zeros and remarks
to whole files. More than readers look at, since no whole invoice may be called cut off."""

_END = re.compile(rb"startxref[\s\0]*(\d{0,20})")
_END_MARK = b"%%EOF"
_OBJECT = re.compile(rb"\d[\s\0]+\d+[\s\0]+obj\b")
"""How an object begins."""


def ends_as_pdf(end: bytes, size: int) -> bool:
    """Whether a file whose last bytes these are has its end; one that was cut off has not.

    Behind the end mark anything may stand but objects: those of an update whose own end is missing, or what
    follows the first part of a linearised file, which has an end mark of its own.

    :param end: the last :data:`END_WITHIN` bytes, or all of a shorter file.
    :param size: of the whole file in bytes.
    """
    before, found, behind = end.rpartition(_END_MARK)
    pointers = _END.findall(before)
    if not found or not pointers or _OBJECT.search(behind):
        return False
    return int(pointers[-1] or 0) < size
