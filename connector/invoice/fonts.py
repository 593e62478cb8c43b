"""The typeface of our invoices: Lato (SIL Open Font License), which knows Latin, Greek and Cyrillic.

Its digits are all equally wide, so amounts stand under each other; embedded, so that every reader
shows the same letters.
"""

from functools import lru_cache

import fontpkg  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF

FAMILY = "Lato"


def add_fonts(pdf: FPDF) -> None:
    """Make regular and bold known to a document."""
    pdf.add_font(FAMILY, "", fontpkg.path(FAMILY))
    pdf.add_font(FAMILY, "B", fontpkg.path(FAMILY, weight="bold"))


def unprintable(text: str) -> str:
    """The characters of the text that the typeface lacks, each once."""
    known = _known_characters()
    return "".join(dict.fromkeys(sign for sign in text if ord(sign) not in known and sign not in "\r\n\t"))


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    with TTFont(fontpkg.path(FAMILY), lazy=True) as font:
        return frozenset(font.getBestCmap())
