"""What an invoice shows, piece by piece: by this a change of a deal is told from an echo.

Lines, buyer, dates, amounts and currency count, and the PDF on the deal where that is what was booked. The
deal's title, stage and times of change do not, nor how the invoice is booked (accounts, keys, cost centres)
or whom the buyer's letters name as contact.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connector.accounting.invoice import Invoice, InvoiceLine
from connector.accounting.party import Party
from connector.invoice.choose import naming, newest_matching_pdf

Content = Mapping[str, str]
"""What is shown → how, both as people read them. Of a deal that is no invoice (any more) only ``Deal``."""

ABSENT = "nothing"
"""How a piece that one of two versions lacks is written beside the other."""

DEAL = "Deal"

PDF = "Invoice PDF"


def content_of(invoice: Invoice, *, named: bool, in_part: bool = False) -> Content:
    """The pieces of an invoice; those that are empty are left out.

    :param named: whether the lines carry names of their own. The one line of a deal without lines carries
        the deal's title, which may change without changing what was sold.
    :param in_part: the invoice is one of several of the deal: a buyer who moves while later ones are still to
        come has not moved for the earlier ones.
    """
    pieces = {
        "Document number": invoice.document_number,
        **_buyer(invoice.buyer),
        "Document date": str(invoice.document_date),
        "Service date": str(invoice.service_date or ""),
        "Service until": str(invoice.service_period_end or ""),
        "Due date": str(invoice.due_date or ""),
        "Order number": invoice.order_number,
        "Corrects": invoice.corrects,
        "Currency": invoice.currency,
        "Exchange rate": _number(invoice.exchange_rate) if invoice.exchange_rate is not None else "",
        **{f"Line {line.position}": _line(line, named=named) for line in invoice.lines},
        "Discount on the deal": _number(invoice.discount_total) if invoice.discount_total else "",
        **_taxes(invoice),
        "Net": _number(invoice.net),
        "Tax": _number(invoice.tax),
        "Gross": _number(invoice.gross),
    }
    return {name: text for name, text in pieces.items() if text and not (in_part and name in _OF_ITS_DAY)}


_OF_ITS_DAY = frozenset({"Buyer", "Address", "VAT id", "Due date", "Order number"})
"""What an invoice shows as of its own day, and the next one of the same deal may show otherwise."""


def pdf_of(files: Sequence[Mapping[str, Any]], pattern: str, number: str = "") -> Content:
    """The invoice PDF that hangs on the deal, told by its file's id, size and time; nothing where none does.

    :param files: file records as Pipedrive lists them.
    :param number: of the part whose PDF it must be; empty: the deal has one invoice.
    """
    chosen = newest_matching_pdf(naming(files, number) if number else files, pattern)
    if chosen is None:
        return {}
    name = chosen.get("name") or chosen.get("file_name")
    changed = chosen.get("update_time") or chosen.get("add_time")
    return {PDF: f"{name} (file {chosen.get('id')}, {chosen.get('file_size')} bytes, of {changed})"}


def content_hash(content: Content) -> str:
    """Equal for equal contents, whatever the order of their pieces."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def differences(before: Content, now: Content) -> list[tuple[str, str, str]]:
    """The pieces in which two versions differ, each with how it was and how it is.

    Where one of them is no invoice, that says more than every piece of the other one by one.
    """
    if before != now and (DEAL in before or DEAL in now):
        return [(DEAL, _whole(before), _whole(now))]
    names = [*before, *(name for name in now if name not in before)]
    return [
        (name, before.get(name, ABSENT), now.get(name, ABSENT))
        for name in names
        if before.get(name) != now.get(name)
    ]


def _whole(content: Content) -> str:
    return content.get(DEAL) or (
        f"as invoice {content['Document number']} over {content['Gross']} {content['Currency']}"
    )


def _buyer(buyer: Party) -> dict[str, str]:
    address = buyer.address
    place = f"{address.postal_code} {address.city}".strip()
    return {
        "Buyer": buyer.name or f"{buyer.first_name} {buyer.last_name}".strip(),
        "Address": ", ".join(filter(None, (address.street, address.extra, place, address.country))),
        "VAT id": buyer.vat_id,
    }


def _line(line: InvoiceLine, *, named: bool) -> str:
    name = " - ".join(filter(None, (line.name, line.description))) if named else ""
    amount = " ".join(filter(None, (_number(line.quantity), line.unit, "x", _number(line.unit_price))))
    discount = f"less {line.discount_text}" if line.discount_text else ""
    tax = f"tax {_number(line.tax_rate)} % ({line.tax_case})"
    return ", ".join(filter(None, (name, amount, discount, f"net {_number(line.net)}", tax)))


def _taxes(invoice: Invoice) -> dict[str, str]:
    """By case and rate: that one rate is booked on several accounts is not shown."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for group in invoice.tax_breakdown:
        name = f"Tax {_number(group.tax_rate)} % ({group.tax_case})"
        net, tax = sums.get(name, (Decimal(0), Decimal(0)))
        sums[name] = (net + group.net, tax + group.tax)
    return {name: f"{_number(tax)} on {_number(net)}" for name, (net, tax) in sums.items()}


def _number(value: Decimal) -> str:
    """Equal numbers alike: Pipedrive writes 1, 1.0 and 1.00; amounts keep two decimals for the eye."""
    plain = format(value.normalize(), "f")
    decimals = len(plain.partition(".")[2])
    return plain if decimals in (0, 2) or decimals > 2 else f"{value:.2f}"
