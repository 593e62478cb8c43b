"""A plain, correct German invoice (§14 (4) UStG) as PDF.

The same invoice and creation time give the same bytes: the hash of the document is kept, and a
repeated run must not make another document.
"""

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from connector.accounting.countries import EU_MEMBERS
from connector.accounting.invoice import Invoice
from connector.accounting.money import cents
from connector.accounting.party import Party
from connector.accounting.vat_ids import EU_PREFIXES, canonical_vat_id, normalise_vat_id
from connector.codec import to_plain
from connector.invoice.german import amount_text, country_name, date_text, number_text, percent_text
from connector.invoice.sheet import (
    ACCENT,
    ADDRESS_TOP,
    BODY,
    BODY_TOP,
    FAINT,
    FOOTER_TOP,
    LEFT,
    LINE,
    RIGHT,
    SMALL,
    WIDTH,
    Sheet,
    iban_text,
)
from connector.invoice.table import draw_table
from connector.invoice.wording import wording_of
from connector.tenants.config import SellerConfig

_HOME_COUNTRY = "DE"
_HOME_CURRENCY = "EUR"
_TOTALS_LEFT = 108.0


def make_invoice_pdf(invoice: Invoice, *, seller: SellerConfig, created_at: datetime) -> bytes:
    """The invoice as PDF 1.x bytes.

    ``created_at`` goes into the file's properties. Whether the contents are complete is
    :func:`connector.invoice.contents.check_contents`'s business, to be asked before.
    """
    title = f"{wording_of(invoice).title} {invoice.document_number}"
    sheet = Sheet(seller, title, _letters(invoice, seller))
    sheet.set_title(title)
    sheet.set_author(seller.name)
    sheet.set_lang("de-DE")
    sheet.set_creation_date(created_at)
    sheet.add_page()
    y = max(BODY_TOP, _address(sheet, invoice, seller), _facts(sheet, invoice))
    y = _opening(sheet, invoice, y)
    y = draw_table(sheet, invoice, y)
    y = _totals(sheet, invoice, y)
    y = _notes(sheet, invoice, seller, y)
    _payment(sheet, invoice, seller, y)
    return bytes(sheet.output())


def _letters(invoice: Invoice, seller: SellerConfig) -> frozenset[str]:
    """Every letter that others have written into the invoice. Reasons have an arrow, but are not printed."""
    groups = tuple(replace(group, why=()) for group in invoice.tax_breakdown)
    printed = replace(invoice, tax_breakdown=groups, why=())
    return frozenset(json.dumps(to_plain([printed, seller]), ensure_ascii=False))


def _address(sheet: Sheet, invoice: Invoice, seller: SellerConfig) -> float:
    """The window: sender in small type, then the buyer."""
    sheet.ink(6.5, color=FAINT)
    sender = f"{seller.name} · {seller.street} · {seller.postal_code} {seller.city}"
    sheet.put_within(LEFT, ADDRESS_TOP + 9, sender, width=85)
    buyer, address = invoice.buyer, invoice.buyer.address
    name = buyer.name or f"{buyer.first_name} {buyer.last_name}".strip()
    abroad = address.country not in ("", _HOME_COUNTRY)
    lines = [
        name,
        buyer.contact if buyer.is_organization else "",
        address.extra,
        address.street,
        f"{address.postal_code} {address.city}".strip(),
        country_name(address.country).upper() if abroad else "",
    ]
    sheet.ink(BODY + 0.5)
    y = ADDRESS_TOP + 14.5
    for text in (line for line in lines if line):
        for piece in sheet.fitted(text, 80):
            sheet.put(LEFT, y, piece)
            y += LINE + 0.2
    return y + LINE


def _facts(sheet: Sheet, invoice: Invoice) -> float:
    """The block beside the window: number, dates, VAT id of the buyer."""
    words = wording_of(invoice)
    facts = [
        (words.number, invoice.document_number),
        (words.date, date_text(invoice.document_date)),
        ("Zur Rechnung", invoice.corrects),
        _service(invoice),
        ("Fällig am", date_text(invoice.due_date) if invoice.due_date else ""),
        ("Auftrag", invoice.order_number),
        ("Ihre USt-IdNr.", _vat_id(invoice.buyer)),
    ]
    y = ADDRESS_TOP + 9
    for label, value in facts:
        if not value:
            continue
        sheet.ink(SMALL + 0.5, color=FAINT)
        sheet.put(120, y, label)
        sheet.ink(BODY, bold=label == words.number)
        for piece in sheet.fitted(value, RIGHT - 150):
            sheet.put(150, y, piece, width=RIGHT - 150, align="R")
            y += LINE
        y += 0.7
    return y + LINE


def _service(invoice: Invoice) -> tuple[str, str]:
    """When the supply was made (§14 (4) no. 6); no date of its own means that of the invoice."""
    start, end = invoice.service_date, invoice.service_period_end
    if start and end and end != start:
        return "Leistungszeitraum", f"{date_text(start)} – {date_text(end)}"
    return "Leistungsdatum", date_text(start or invoice.document_date)


def _opening(sheet: Sheet, invoice: Invoice, y: float) -> float:
    sheet.ink(14, bold=True, color=ACCENT)
    sheet.put(LEFT, y, f"{wording_of(invoice).title} {invoice.document_number}")
    y += 8
    if invoice.corrects:
        sheet.ink(BODY)
        for piece in sheet.fitted(f"Wir berichtigen unsere Rechnung {invoice.corrects} wie folgt.", WIDTH):
            sheet.put(LEFT, y, piece)
            y += LINE
    if invoice.title.strip():
        sheet.ink(BODY)
        for piece in sheet.fitted(invoice.title, WIDTH):
            sheet.put(LEFT, y, piece)
            y += LINE
    return y + 3


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> float:
    """Net, tax per rate, gross; §14 (4) no. 7 and 8."""
    rows = [("Summe netto", amount_text(invoice.net, invoice.currency))]
    for rate in dict.fromkeys(group.tax_rate for group in invoice.tax_breakdown):
        # Groups of one rate differ in their accounts only, which are none of the buyer's business.
        groups = [group for group in invoice.tax_breakdown if group.tax_rate == rate]
        net = sum((group.net for group in groups), Decimal(0))
        tax = sum((group.tax for group in groups), Decimal(0))
        label = f"Umsatzsteuer {percent_text(rate)} auf {amount_text(net, invoice.currency)}"
        rows.append((label, amount_text(tax, invoice.currency)))
    y = _room(sheet, y + 1.5, (len(rows) + 3) * (LINE + 0.6))
    for label, value in rows:
        _total_row(sheet, y, label, value)
        y += LINE + 0.6
    sheet.set_draw_color(*ACCENT)
    sheet.set_line_width(0.4)
    sheet.line(_TOTALS_LEFT, y + 0.4, RIGHT, y + 0.4)
    y += 1.4
    sheet.ink(BODY + 1.5, bold=True, color=ACCENT)
    sheet.put(_TOTALS_LEFT, y, wording_of(invoice).total)
    sheet.put(
        _TOTALS_LEFT, y, amount_text(invoice.gross, invoice.currency), width=RIGHT - _TOTALS_LEFT, align="R"
    )
    y += LINE + 2.5
    if invoice.currency != _HOME_CURRENCY and invoice.exchange_rate and invoice.tax:
        # Art. 230 of the VAT directive: the tax itself must also be told in the seller's currency.
        in_euro = amount_text(cents(invoice.tax / invoice.exchange_rate), _HOME_CURRENCY)
        parity = number_text(invoice.exchange_rate, 4)
        _total_row(sheet, y, f"Umsatzsteuer in Euro (1 € = {parity} {invoice.currency})", in_euro)
        y += LINE + 1
    return y


def _vat_id(buyer: Party) -> str:
    """The buyer's VAT id; empty where what the deal has is none, which must not look like one on an invoice.

    Numbers of third countries are not known here: they are printed as they are written.
    """
    normalised = normalise_vat_id(buyer.vat_id)
    well_formed = canonical_vat_id(normalised)
    if well_formed or buyer.address.country in EU_MEMBERS or normalised[:2] in EU_PREFIXES:
        return well_formed or ""
    return buyer.vat_id if any(sign.isdigit() for sign in normalised) else ""


def _total_row(sheet: Sheet, y: float, label: str, value: str) -> None:
    sheet.ink(BODY, color=FAINT)
    sheet.put(_TOTALS_LEFT, y, label)
    sheet.ink(BODY)
    sheet.put(_TOTALS_LEFT, y, value, width=RIGHT - _TOTALS_LEFT, align="R")


def _notes(sheet: Sheet, invoice: Invoice, seller: SellerConfig, y: float) -> float:
    """What the law wants said, and both VAT ids wherever the buyer's matters."""
    notes = list(dict.fromkeys(note for group in invoice.tax_breakdown for note in group.notes))
    buyer_vat_id = _vat_id(invoice.buyer)
    if notes and buyer_vat_id and seller.vat_id:
        notes.append(
            f"USt-IdNr. des Leistungsempfängers: {buyer_vat_id}, "
            f"USt-IdNr. des leistenden Unternehmers: {seller.vat_id}"
        )
    if invoice.discount_total:
        discount = amount_text(abs(invoice.discount_total), invoice.currency)
        notes.append(f"In den Beträgen ist ein Nachlass von netto {discount} bereits berücksichtigt.")
    return _paragraphs(sheet, notes, y + 3)


def _payment(sheet: Sheet, invoice: Invoice, seller: SellerConfig, y: float) -> None:
    gross = amount_text(invoice.gross, invoice.currency)
    until = f" bis zum {date_text(invoice.due_date)}" if invoice.due_date else ""
    account = f" auf das Konto IBAN {iban_text(seller.iban)}" if seller.iban else ""
    if account and seller.bank:
        account += f" ({seller.bank})"
    text = f"Bitte überweisen Sie {gross}{until}{account}. Verwendungszweck: {invoice.document_number}."
    if invoice.is_credit_note:
        credit = amount_text(-invoice.gross, invoice.currency)
        text = f"Zu Ihren Gunsten: {credit}. Wir verrechnen oder erstatten den Betrag."
    _paragraphs(sheet, [text], y + 1)


def _paragraphs(sheet: Sheet, paragraphs: list[str], y: float) -> float:
    for paragraph in paragraphs:
        sheet.ink(BODY)
        lines = sheet.fitted(paragraph, WIDTH)
        y = _room(sheet, y, len(lines) * LINE)
        sheet.ink(BODY)
        for line in lines:
            sheet.put(LEFT, y, line)
            y += LINE
        y += 1.5
    return y


def _room(sheet: Sheet, y: float, height: float) -> float:
    """Where to go on so that ``height`` mm fit: here, or at the top of a new page."""
    if y + height <= FOOTER_TOP - 3:
        return y
    sheet.add_page()
    return 26.0
