"""The table of lines: breaks between lines, repeats its heading on every page."""

from dataclasses import dataclass

from connector.accounting.invoice import Invoice, InvoiceLine
from connector.invoice.german import number_text, percent_text, price_text, quantity_text
from connector.invoice.sheet import ACCENT, BODY, FAINT, FOOTER_TOP, INK, LEFT, LINE, RIGHT, SMALL, Sheet

_NEXT_PAGE_TOP = 26.0
_BOTTOM = FOOTER_TOP - 3
_PADDING = 1.2
_SMALL_LINE = LINE - 0.9


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    left: float
    width: float
    align: str


_POSITION = _Column("Pos.", LEFT, 9, "L")
_NAME = _Column("Bezeichnung", LEFT + 9, 64, "L")
_QUANTITY = _Column("Menge", LEFT + 75, 21, "R")
_PRICE = _Column("Einzelpreis", LEFT + 96, 22, "R")
_DISCOUNT = _Column("Rabatt", LEFT + 118, 15, "R")
_RATE = _Column("USt", LEFT + 133, 11, "R")
_NET = _Column("Netto", LEFT + 144, RIGHT - LEFT - 144, "R")
_COLUMNS = (_POSITION, _NAME, _QUANTITY, _PRICE, _DISCOUNT, _RATE, _NET)


def draw_table(sheet: Sheet, invoice: Invoice, y: float) -> float:
    """Draw all lines from ``y`` on, over as many pages as it takes; returns where it ended."""
    y = _heading(sheet, y, invoice.currency)
    for line in invoice.lines:
        texts = _texts(sheet, line)
        height = sum(step for _, _, step in texts) + 2 * _PADDING
        # A line stays together, unless no page would hold it.
        if y + height > _BOTTOM and height < _BOTTOM - _NEXT_PAGE_TOP - LINE:
            y = _next_page(sheet, invoice.currency)
        y = _draw_line(sheet, line, texts, y + _PADDING, invoice.currency) + _PADDING
        sheet.rule(y)
    return y


def _next_page(sheet: Sheet, currency: str) -> float:
    sheet.add_page()
    return _heading(sheet, _NEXT_PAGE_TOP, currency)


def _heading(sheet: Sheet, y: float, currency: str) -> float:
    sheet.ink(SMALL, bold=True, color=ACCENT)
    for column in _COLUMNS:
        text = f"{column.heading} {currency}" if column is _NET else column.heading
        sheet.put(column.left, y, text, width=column.width, align=column.align)
    y += LINE + 0.8
    sheet.rule(y, color=ACCENT, width=0.4)
    return y


def _texts(sheet: Sheet, line: InvoiceLine) -> list[tuple[str, bool, float]]:
    """Name and description broken to their column: (text, is it the name?, height)."""
    sheet.ink(BODY)
    names = [(text, True, LINE) for text in sheet.fitted(line.name, _NAME.width)]
    sheet.ink(SMALL)
    descriptions = sheet.fitted(line.description, _NAME.width) if line.description else []
    return names + [(text, False, _SMALL_LINE) for text in descriptions]


def _draw_line(
    sheet: Sheet, line: InvoiceLine, texts: list[tuple[str, bool, float]], y: float, currency: str
) -> float:
    sheet.ink(BODY)
    for column, text in (
        (_POSITION, str(line.position)),
        (_QUANTITY, f"{quantity_text(line.quantity)} {line.unit}".strip()),
        (_PRICE, price_text(line.unit_price)),
        (_DISCOUNT, line.discount_text),
        (_RATE, percent_text(line.tax_rate)),
        (_NET, number_text(line.net, 2)),
    ):
        if text:
            sheet.put_within(column.left, y, text, width=column.width, align=column.align)
    for text, is_name, height in texts:
        if y + height > _BOTTOM:
            y = _next_page(sheet, currency) + _PADDING
        sheet.ink(BODY if is_name else SMALL, color=INK if is_name else FAINT)
        sheet.put(_NAME.left, y if is_name else y - 0.3, text)
        y += height
    return y
