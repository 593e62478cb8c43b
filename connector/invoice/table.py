"""The table of lines: breaks between lines, repeats its heading on every page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from connector.accounting.invoice import Invoice, InvoiceLine
from connector.invoice.german import amount_text, number_text, percent_text, price_text, quantity_text
from connector.invoice.sheet import ACCENT, BODY, FAINT, FOOTER_TOP, INK, LEFT, LINE, SMALL, WIDTH, Sheet

_NEXT_PAGE_TOP = 26.0
_BOTTOM = FOOTER_TOP - 3
_PADDING = 1.2
_SMALL_LINE = LINE - 0.9
_GAP = 2.0
"""Between the texts of two columns, in mm."""
_WIDEST = 33.0
"""Holds DATEV's largest amount with four decimals; a word beyond it (a unit may be any text) is broken."""
_DEAL_DISCOUNT = "anteiliger Nachlass"
"""How a line's ``discount_text`` names its share of the deal's discount, after its own discount and ``;``."""


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    width: float
    align: str = "R"
    left: float = 0.0


_NAME = _Column("Bezeichnung", 0.0, "L")
"""Gets the width that the other columns leave."""
_COLUMNS = (
    _Column("Pos.", 9, "L"),
    _NAME,
    _Column("Menge", 23),
    _Column("Einzelpreis", 22),
    _Column("Rabatt", 15),
    _Column("USt", 11),
    _Column("Netto", 21),
)
"""With the least widths in mm; a column whose numbers are wider is widened, never printed smaller."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A row of text in the column of names."""

    text: str
    is_name: bool

    @property
    def height(self) -> float:
        """In mm."""
        return LINE if self.is_name else _SMALL_LINE


class _Table:
    """The columns as wide as these lines need them."""

    def __init__(self, sheet: Sheet, invoice: Invoice) -> None:
        self._sheet = sheet
        self._currency = invoice.currency
        self._columns = _laid_out(sheet, [_cell_texts(line) for line in invoice.lines])
        self._name = next(column for column in self._columns if column.heading == _NAME.heading)
        self._net = self._columns[-1]

    def heading(self, y: float) -> float:
        self._sheet.ink(SMALL, bold=True, color=ACCENT)
        for column in self._columns:
            text = f"{column.heading} {self._currency}" if column is self._net else column.heading
            self._sheet.put(column.left, y, text, width=column.width, align=column.align)
        y += LINE + 0.8
        self._sheet.rule(y, color=ACCENT, width=0.4)
        return y

    def line(self, line: InvoiceLine, y: float) -> float:
        cells = self._cells(line)
        texts = self._texts(line)
        cells_height = LINE * max(len(rows) for _, rows in cells)
        height = max(sum(text.height for text in texts), cells_height) + 2 * _PADDING
        # A line stays together, unless no page would hold it.
        if y + height > _BOTTOM and height < _BOTTOM - _NEXT_PAGE_TOP - LINE:
            y = self._next_page()
        top, page = y + _PADDING, self._sheet.page_no()
        self._draw_cells(cells, top)
        y = self._draw_texts(texts, top)
        if self._sheet.page_no() == page:
            y = max(y, top + cells_height)
        y += _PADDING
        self._sheet.rule(y)
        return y

    def _next_page(self) -> float:
        self._sheet.add_page()
        return self.heading(_NEXT_PAGE_TOP)

    def _cells(self, line: InvoiceLine) -> list[tuple[_Column, list[str]]]:
        """What stands beside the name; a quantity and a long unit go below each other."""
        self._sheet.ink(BODY)
        by_heading = {column.heading: column for column in self._columns}
        return [
            (column, self._sheet.fitted(text, column.width))
            for heading, text in _cell_texts(line).items()
            if text and (column := by_heading[heading])
        ]

    def _texts(self, line: InvoiceLine) -> list[_Text]:
        """Name, description and share of the deal's discount, broken to their column."""
        width = self._name.width - _GAP
        self._sheet.ink(BODY)
        names = [_Text(piece, True) for piece in self._sheet.fitted(line.name, width)]
        self._sheet.ink(SMALL)
        _, share = _discounts(line.discount_text)
        below = [line.description, f"{_DEAL_DISCOUNT} {amount_text(share, self._currency)}" if share else ""]
        return names + [
            _Text(piece, False) for text in below if text for piece in self._sheet.fitted(text, width)
        ]

    def _draw_cells(self, cells: Sequence[tuple[_Column, list[str]]], y: float) -> None:
        self._sheet.ink(BODY)
        for column, rows in cells:
            for number, text in enumerate(rows):
                self._sheet.put(column.left, y + number * LINE, text, width=column.width, align=column.align)

    def _draw_texts(self, texts: Sequence[_Text], y: float) -> float:
        for text in texts:
            if y + text.height > _BOTTOM:
                y = self._next_page() + _PADDING
            self._sheet.ink(BODY if text.is_name else SMALL, color=INK if text.is_name else FAINT)
            self._sheet.put(self._name.left, y if text.is_name else y - 0.3, text.text)
            y += text.height
        return y


def draw_table(sheet: Sheet, invoice: Invoice, y: float) -> float:
    """Draw all lines from ``y`` on, over as many pages as it takes; returns where it ended."""
    table = _Table(sheet, invoice)
    y = table.heading(y)
    for line in invoice.lines:
        y = table.line(line, y)
    return y


def _cell_texts(line: InvoiceLine) -> dict[str, str]:
    """Heading → text of every column but that of names."""
    own, _ = _discounts(line.discount_text)
    return {
        "Pos.": str(line.position),
        "Menge": f"{quantity_text(line.quantity)} {line.unit}".strip(),
        "Einzelpreis": price_text(line.unit_price),
        "Rabatt": own,
        "USt": percent_text(line.tax_rate),
        "Netto": number_text(line.net, 2),
    }


def _laid_out(sheet: Sheet, lines: Sequence[dict[str, str]]) -> list[_Column]:
    """The columns with their places: each as wide as its widest word, the names in what is left."""
    sheet.ink(BODY)
    widths = {}
    for column in _COLUMNS:
        if column is _NAME:
            continue
        words = [word for texts in lines for word in texts[column.heading].split(" ") if word]
        needed = max((sheet.get_string_width(word) for word in words), default=0.0) + _GAP
        widths[column.heading] = max(column.width, min(needed, _WIDEST))
    widths[_NAME.heading] = WIDTH - sum(widths.values())
    placed, left = [], LEFT
    for column in _COLUMNS:
        placed.append(replace(column, width=widths[column.heading], left=left))
        left += widths[column.heading]
    return placed


def _discounts(text: str) -> tuple[str, Decimal]:
    """The line's own discount as text, and its share of the deal's.

    ``10 %; anteiliger Nachlass 43,27`` has both.
    """
    own, _, share = text.rpartition(_DEAL_DISCOUNT) if _DEAL_DISCOUNT in text else (text, "", "")
    amount = Decimal(share.strip().replace(",", ".")) if share else Decimal(0)
    return own.strip(" ;").replace(" ", "\u00a0"), amount
