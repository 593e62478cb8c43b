"""The sheet: A4 in the proportions of DIN 5008 form B, with letterhead, footer and page numbers."""

from collections.abc import Collection
from typing import cast

from fpdf import FPDF

from connector.invoice.fonts import FAMILY, add_fonts
from connector.tenants.config import SellerConfig

LEFT, RIGHT = 25.0, 190.0
"""Text edges in mm: DIN 5008 asks for 25 mm on the left and at least 10 mm on the right."""
WIDTH = RIGHT - LEFT
ADDRESS_TOP = 45.0
"""Top of the address window of form B."""
BODY_TOP = 98.5
FOOTER_TOP = 267.0

INK = (33, 37, 41)
FAINT = (108, 117, 125)
ACCENT = (23, 78, 122)
RULE = (206, 212, 218)

BODY = 9.5
SMALL = 7.5
LINE = 4.6
"""Height of a line of body text in mm."""
_FOOTER_LINE = 3.1


class Sheet(FPDF):
    """Pages with the seller's letterhead and footer."""

    def __init__(self, seller: SellerConfig, title: str, letters: Collection[str]) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._seller = seller
        self._title = title
        add_fonts(self, letters)
        self.set_margins(LEFT, 15, 210 - RIGHT)
        self.set_auto_page_break(auto=False)
        # Text begins exactly at the edge on which the rules begin.
        self.c_margin = 0

    def ink(self, size: float = BODY, *, bold: bool = False, color: tuple[int, int, int] = INK) -> None:
        """Choose size, weight and colour of what is written next."""
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*color)

    def put(self, x: float, y: float, text: str, *, width: float = 0, align: str = "L") -> None:
        """Write one line of text at a place; ``width`` matters where it is not aligned to the left."""
        self.set_xy(x, y)
        # fpdf2 fails on an empty text without a width; a title's empty lines are such.
        if text:
            self.cell(width or None, LINE, text, align=align)

    def put_within(self, x: float, y: float, text: str, *, width: float, align: str = "L") -> None:
        """Write one line of text, in smaller type where it would not fit the width."""
        size = self.font_size_pt
        self.set_font_size(min(size, size * width / max(self.get_string_width(text), width)))
        self.put(x, y, text, width=width, align=align)
        self.set_font_size(size)

    def fitted(self, text: str, width: float) -> list[str]:
        """The text broken into lines of the current type that fit the width."""
        return cast(list[str], self.multi_cell(width, LINE, text, dry_run=True, output="LINES", align="L"))

    def rule(self, y: float, *, color: tuple[int, int, int] = RULE, width: float = 0.2) -> None:
        """A line across the text."""
        self.set_draw_color(*color)
        self.set_line_width(width)
        self.line(LEFT, y, RIGHT, y)

    def header(self) -> None:
        """Letterhead: in full on the first page, one line on the others."""
        if self.page_no() == 1:
            self._letterhead()
            return
        self.ink(SMALL, color=FAINT)
        self.put(LEFT, 14, f"{self._seller.name} · {self._title}")
        self.rule(20)

    def footer(self) -> None:
        """Everything about the seller that the law or a payer asks for, and the page number."""
        self.rule(FOOTER_TOP)
        columns = [(share, texts) for share, texts in self._footer_columns() if len(texts) > 1]
        unit = WIDTH / sum(share for share, _ in columns)
        x = LEFT
        for share, texts in columns:
            y = FOOTER_TOP + 1.5
            for row, text in enumerate(texts):
                self.ink(6.8, bold=row == 0, color=FAINT)
                for piece in self.fitted(text, share * unit - 2):
                    self.set_xy(x, y)
                    self.cell(None, _FOOTER_LINE, piece)
                    y += _FOOTER_LINE
            x += share * unit
        self.ink(6.8, color=FAINT)
        # The page count is filled in at the very end, so it cannot be aligned to the right edge.
        self.put(RIGHT - 17, 289, f"Seite {self.page_no()} von {{nb}}")

    def _letterhead(self) -> None:
        self.ink(15, bold=True, color=ACCENT)
        self.put_within(LEFT, 18, self._seller.name, width=WIDTH)
        self.rule(28, color=ACCENT, width=0.6)
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        for y, length in ((105, 5), (148.5, 7), (210, 5)):
            self.line(0, y, length, y)

    def _footer_columns(self) -> list[tuple[float, list[str]]]:
        """Each a share of the width, a heading and what stands under it; empty facts are left out."""
        seller = self._seller
        tax = [
            "Steuer und Register",
            f"Steuernummer {seller.tax_number}" if seller.tax_number else "",
            f"USt-IdNr. {seller.vat_id}" if seller.vat_id else "",
            seller.register,
        ]
        bank = [
            "Bankverbindung",
            seller.bank,
            f"IBAN {iban_text(seller.iban)}" if seller.iban else "",
            f"BIC {seller.bic}" if seller.bic else "",
        ]
        columns = [
            (1.0, [seller.name, seller.street, f"{seller.postal_code} {seller.city}"]),
            (0.9, ["Kontakt", seller.email, seller.phone]),
            (1.0, tax),
            (1.2, bank),
        ]
        return [(share, [text for text in texts if text]) for share, texts in columns]


def iban_text(iban: str) -> str:
    """In groups of four, as people read it."""
    compact = iban.replace(" ", "")
    return " ".join(compact[start : start + 4] for start in range(0, len(compact), 4))
