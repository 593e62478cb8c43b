"""One invoice as a ledger file (v060): postings to lines, lines to XML."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from lxml import etree

from connector.accounting.posting import Posting, Side
from connector.datev.dxso.elements import (
    LEDGER_NAMESPACE,
    LINE_RULE_BY_NAME,
    LINE_RULES,
    MAX_LINES,
    VERSION,
    XML_DATA,
    value_problem,
)
from connector.datev.dxso.package import DxsoDocument, PackageHeader
from connector.errors import Problem

_HOME_CURRENCY = "EUR"
_INFORMATION_LENGTH = 120
_NAMESPACES: dict[str | None, str] = {None: LEDGER_NAMESPACE}
_VAT_ID_COUNTRY = {"EL": "GR"}
"""VAT ids of Greece begin with EL, its country code is GR; all others are alike."""

Line = Mapping[str, str]
"""Element name → content; the order is the table's business."""


def ledger_lines(document: DxsoDocument, header: PackageHeader) -> list[Line]:
    """The lines of one invoice, one per posting."""
    return [_line(document, posting, header) for posting in document.postings]


def ledger_problems(document: DxsoDocument, lines: Sequence[Line], header: PackageHeader) -> list[Problem]:
    """What is wrong with an invoice before any XML is made of it."""
    where = f"Document {document.number}"
    problems = []
    if not 1 <= len(lines) <= MAX_LINES:
        problems.append(
            Problem(
                "line_count",
                f"{where} has {len(lines)} lines, DATEV takes 1 to {MAX_LINES}.",
                "postings",
                "Give every invoice at least one posting.",
            )
        )
    for number, line in enumerate(lines, start=1):
        problems += [
            value_problem(LINE_RULE_BY_NAME[name], content, f"{where}, line {number}")
            for name, content in line.items()
            if not LINE_RULE_BY_NAME[name].accepts(content)
        ]
    month = header.month
    if (document.date.year, document.date.month) != (month.year, month.month):
        problems.append(
            Problem(
                "document_date_outside_month",
                f"{where}: date {document.date} does not lie in the booking month {month:%Y-%m}.",
                "date",
                "Put the invoice into the package of its own month.",
            )
        )
    for field, values in (
        ("number", {posting.document_number for posting in document.postings} | {document.number}),
        ("date", {posting.document_date for posting in document.postings} | {document.date}),
        ("currency", {posting.currency for posting in document.postings}),
        ("debtor account", {posting.account for posting in document.postings} | {document.debtor.account}),
    ):
        if len(values) > 1:
            shown = ", ".join(sorted(str(value) for value in values))
            problems.append(
                Problem(
                    "lines_differ",
                    f"{where}: all its lines must have the same {field}, but there are {shown}.",
                    field,
                    "Keep every invoice in a document of its own.",
                )
            )
    return problems


def ledger_xml(document: DxsoDocument, lines: Sequence[Line], header: PackageHeader) -> bytes:
    """The ledger file of one invoice."""
    root = etree.Element(
        _tag("LedgerImport"),
        {
            "version": VERSION,
            "generator_info": header.sender,
            "generating_system": header.generating_system,
            "xml_data": XML_DATA,
        },
        nsmap=_NAMESPACES,  # type: ignore[arg-type]  # the stubs forget the default namespace
    )
    consolidate = etree.SubElement(root, _tag("consolidate"), _consolidated(document, lines))
    for line in lines:
        element = etree.SubElement(consolidate, _tag("accountsReceivableLedger"))
        for rule in LINE_RULES:
            if rule.name in line:
                etree.SubElement(element, _tag(rule.name)).text = line[rule.name]
    xml: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml


def _consolidated(document: DxsoDocument, lines: Sequence[Line]) -> dict[str, str]:
    """The sums and the values that all lines share; DATEV refuses the file where they differ."""
    values = {
        "consolidatedAmount": _amount(sum((Decimal(line["amount"]) for line in lines), Decimal("0.00"))),
        "consolidatedDate": document.date.isoformat(),
        "consolidatedInvoiceId": document.number,
        "consolidatedCurrencyCode": lines[0]["currencyCode"],
    }
    for attribute, element in (
        ("consolidatedDeliveryDate", "deliveryDate"),
        ("consolidatedOrderId", "orderId"),
    ):
        shared = {line.get(element, "") for line in lines}
        if len(shared) == 1 and (value := shared.pop()):
            values[attribute] = value
    return values


def _line(document: DxsoDocument, posting: Posting, header: PackageHeader) -> Line:
    debtor = document.debtor
    amount = posting.amount if posting.side is Side.DEBIT else -posting.amount
    rate = posting.exchange_rate
    values = {
        "date": posting.document_date.isoformat(),
        # An outgoing invoice is positive; a negative amount makes it a credit note in DATEV.
        "amount": _amount(amount),
        "accountNo": str(posting.contra_account),
        "buCode": posting.tax_key.lstrip("0"),
        "costCategoryId": posting.cost_centre_1,
        "costCategoryId2": posting.cost_centre_2,
        "information": _information(posting),
        "currencyCode": posting.currency,
        "invoiceId": posting.document_number,
        # The schema takes 60 although one of DATEV's tables says 30: what is cut then is only text.
        "bookingText": posting.posting_text,
        "partyId": debtor.customer_number,
        "exchangeRate": _fixed(rate, 6) if rate is not None and posting.currency != _HOME_CURRENCY else "",
        "dueDate": _date(posting.due_date),
        "bpAccountNo": str(posting.account),
        "deliveryDate": _delivery_date(posting),
        "orderId": posting.order_number if _fits("orderId", posting.order_number) else "",
        "customerName": _customer_name(document),
        "customerCity": debtor.address.city,
    }
    values.update(_tax(posting, header))
    return {name: content for name, content in values.items() if content}


def _tax(posting: Posting, header: PackageHeader) -> dict[str, str]:
    """Rate and VAT ids.

    To a consumer abroad (only a country, no number) the foreign rate is charged: DATEV's example of
    a distance sale states own VAT id, both countries and that rate, and no VAT id of the customer.
    """
    rate = posting.tax_rate if posting.eu_rate is None else posting.eu_rate
    tax = {"tax": _fixed(rate, 2)}
    if len(posting.eu_vat) == 2:
        tax["ownVatId"] = header.own_vat_id
        tax["shipFromCountry"] = header.home_country
        tax["shipToCountry"] = _VAT_ID_COUNTRY.get(posting.eu_vat, posting.eu_vat)
    elif posting.eu_vat:
        tax["vatId"] = posting.eu_vat
    return tax


def _information(posting: Posting) -> str:
    """A note for the adviser: as many whole facts as fit; it has no part in the booking.

    An order number that ``orderId`` would refuse comes first, so that it is not lost.
    """
    facts = [f"{kind}: {content}" for kind, content in posting.extra]
    if posting.order_number and not _fits("orderId", posting.order_number):
        facts.insert(0, f"Auftrag: {posting.order_number}")
    note = ""
    for fact in facts:
        longer = f"{note}; {fact}" if note else fact
        if len(longer) <= _INFORMATION_LENGTH:
            note = longer
    return note


def _delivery_date(posting: Posting) -> str:
    """DATEV ignores a delivery after the invoice, so it is not written."""
    day = posting.service_date
    return day.isoformat() if day and day <= posting.document_date else ""


def _customer_name(document: DxsoDocument) -> str:
    """The name as it stands in the master record; a person's is put together and cut to the length."""
    debtor = document.debtor
    if debtor.is_organization:
        return debtor.name
    return f"{debtor.first_name} {debtor.last_name}".strip()[:50].rstrip()


def _fits(name: str, content: str) -> bool:
    return LINE_RULE_BY_NAME[name].accepts(content)


def _date(day: date | None) -> str:
    return day.isoformat() if day else ""


def _amount(value: Decimal) -> str:
    return _fixed(value, 2)


def _fixed(value: Decimal, decimals: int) -> str:
    """A number with so many decimals; never rounded: the table refuses one that has more."""
    whole, _, fraction = format(value, "f").partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(decimals, '0')}"


def _tag(name: str) -> str:
    return f"{{{LEDGER_NAMESPACE}}}{name}"
