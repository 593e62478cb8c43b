"""The table of lines: breaks between lines, repeats its heading on every page."""

from dataclasses import dataclass

from connector.accounting.invoice import Invoice, InvoiceLine
from connector.invoice.german import number_text, percent_text, price_text, quantity_text
from connector.invoice.sheet import ACCENT, BODY, FAINT, FOOTER_TOP, LEFT, LINE, RIGHT, SMALL, Sheet

_NEXT_PAGE_TOP = 26.0
_PADDING = 1.2


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    left: float
    width: float
    align: str


_POSITION = _Column("Pos.", LEFT, 9, "L")
_NAME = _Column("Bezeichnung", LEFT + 9, 64, "L")
_QUANTITY = _Column("Menge", LEFT + 73, 23, "R")
_PRICE = _Column("Einzelpreis", LEFT + 96, 22, "R")
_DISCOUNT = _Column("Rabatt", LEFT + 118, 15, "R")
_RATE = _Column("USt", LEFT + 133, 11, "R")
_NET = _Column("Netto", LEFT + 144, RIGHT - LEFT - 144, "R")
_COLUMNS = (_POSITION, _NAME, _QUANTITY, _PRICE, _DISCOUNT, _RATE, _NET)


def draw_table(sheet: Sheet, invoice: Invoice, y: float) -> float:
    """Draw all lines from ``y`` on, over as many pages as it takes; returns where it ended."""
    y = _heading(sheet, y, invoice.currency)
    for line in invoice.lines:
        names, descriptions, height = _measure(sheet, line)
        if y + height > FOOTER_TOP - 3:
            sheet.add_page()
            y = _heading(sheet, _NEXT_PAGE_TOP, invoice.currency)
        _draw_line(sheet, line, names, descriptions, y + _PADDING)
        y += height
        sheet.rule(y)
    return y


def _heading(sheet: Sheet, y: float, currency: str) -> float:
    sheet.ink(SMALL, bold=True, color=ACCENT)
    for column in _COLUMNS:
        text = f"{column.heading} {currency}" if column is _NET else column.heading
        sheet.put(column.left, y, text, width=column.width, align=column.align)
    y += LINE + 0.8
    sheet.rule(y, color=ACCENT, width=0.4)
    return y


def _measure(sheet: Sheet, line: InvoiceLine) -> tuple[list[str], list[str], float]:
    """The line's texts broken to the column, and the height that it takes."""
    sheet.ink(BODY)
    names = sheet.fitted(line.name, _NAME.width)
    sheet.ink(SMALL, color=FAINT)
    descriptions = sheet.fitted(line.description, _NAME.width) if line.description else []
    height = len(names) * LINE + len(descriptions) * (LINE - 0.9) + 2 * _PADDING
    return names, descriptions, height


def _draw_line(sheet: Sheet, line: InvoiceLine, names: list[str], descriptions: list[str], y: float) -> None:
    quantity = f"{quantity_text(line.quantity)} {line.unit}".strip()
    sheet.ink(BODY)
    for column, text in (
        (_POSITION, str(line.position)),
        (_QUANTITY, quantity),
        (_PRICE, price_text(line.unit_price)),
        (_DISCOUNT, line.discount_text),
        (_RATE, percent_text(line.tax_rate)),
        (_NET, number_text(line.net, 2)),
    ):
        if text:
            sheet.put(column.left, y, text, width=column.width, align=column.align)
    for name in names:
        sheet.put(_NAME.left, y, name)
        y += LINE
    sheet.ink(SMALL, color=FAINT)
    for description in descriptions:
        sheet.put(_NAME.left, y - 0.3, description)
        y += LINE - 0.9
