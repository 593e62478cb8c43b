"""The typeface of our invoices: Lato (SIL Open Font License), which knows Latin, Greek and Cyrillic.

Its digits are all equally wide, so amounts stand under each other; embedded, so that every reader
shows the same letters.

The whole typeface has 3,000 glyphs, which took two thirds of an invoice's time to read and cut down. Nearly
all invoices get by with the everyday letters, so those are cut out once in each process.
"""

import io
import tempfile
from collections.abc import Collection
from functools import lru_cache

import fontpkg  # type: ignore[import-untyped]
from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.fonts import TTFFont

FAMILY = "Lato"

_WEIGHTS = {"": "regular", "B": "bold"}
"""fpdf2's name of a style → fontpkg's name of a weight."""

_EVERYDAY = frozenset((*range(0x20, 0x250), *range(0x2000, 0x2070), 0x20AC, 0x2212))
"""Latin with all its accents, typographic signs, the euro sign, the minus of credit notes."""


def add_fonts(pdf: FPDF, letters: Collection[str]) -> None:
    """Make regular and bold known to a document.

    :param letters: what the document will print, beside our own German words. The same letters give the same
        bytes.
    """
    everyday = _EVERYDAY.issuperset(map(ord, letters))
    for style in _WEIGHTS:
        if everyday:
            with tempfile.NamedTemporaryFile(suffix=".ttf") as file:
                file.write(_everyday_font(style))
                file.flush()
                # The file is open from here on, so it may lose its name before the document is done.
                pdf.add_font(FAMILY, style, file.name)
        else:
            pdf.add_font(FAMILY, style, _path(style))
        # Letters keep their outlines: to measure each anew when the font is written takes a quarter of all.
        added = pdf.fonts[f"{FAMILY.lower()}{style}"]
        assert isinstance(added, TTFFont)  # noqa: S101 - the path above is one of a TrueType file
        added.ttfont.recalcBBoxes = False


def unprintable(text: str) -> str:
    """The characters of the text that the typeface lacks, each once."""
    known = _known_characters()
    return "".join(dict.fromkeys(sign for sign in text if ord(sign) not in known and sign not in "\r\n\t"))


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    with TTFont(_path(""), lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=len(_WEIGHTS))
def _everyday_font(style: str) -> bytes:
    """The font with the everyday letters only; 50 kB and 70 ms of work.

    Two threads may both do it at first, with the same result.
    """
    # Hints are for screens of coarse pixels; without them an invoice is a third smaller.
    options = subset.Options(notdef_outline=True, recommended_glyphs=True, hinting=False)
    # Rules for ligatures and kerning, which fpdf2 neither follows nor embeds.
    options.drop_tables += ["GDEF", "GPOS", "GSUB"]
    with TTFont(_path(style), recalcTimestamp=False, lazy=True) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=_EVERYDAY)
        subsetter.subset(font)
        cut = io.BytesIO()
        font.save(cut)
    return cut.getvalue()


def _path(style: str) -> str:
    return str(fontpkg.path(FAMILY, weight=_WEIGHTS[style]))
