"""One invoice as a ledger: postings to typed lines, and what must be right before any XML is made."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from connector.accounting.posting import Posting
from connector.datev.dxso.elements import LINE_RULES, MAX_LINES, value_message
from connector.datev.dxso.model import Ledger, LedgerKind, LedgerLine
from connector.datev.dxso.package import DxsoDocument, PackageHeader
from connector.datev.dxso.values import write_texts
from connector.errors import Problem

_HOME_CURRENCY = "EUR"
_INFORMATION_LENGTH = 120
_VAT_ID_COUNTRY = {"EL": "GR"}
"""VAT ids of Greece begin with EL, its country code is GR; all others are alike."""
_RULES = {rule.name: rule for rule in LINE_RULES}
_Value = TypeVar("_Value")


def ledger_of(document: DxsoDocument, header: PackageHeader) -> Ledger:
    """The ledger of one invoice, one line per posting."""
    lines = tuple(_line(document, posting, header) for posting in document.postings)
    return Ledger(
        kind=LedgerKind.RECEIVABLE,
        lines=lines,
        consolidated_amount=sum((line.amount for line in lines), Decimal("0.00")),
        consolidated_date=document.date,
        consolidated_invoice_id=document.number,
        consolidated_currency_code=lines[0].currency_code if lines else _HOME_CURRENCY,
        # DATEV refuses the file where a line differs from these, so they are said only for all.
        consolidated_delivery_date=_shared([line.delivery_date for line in lines]),
        consolidated_order_id=_shared([line.order_id for line in lines]),
        generator_info=header.sender,
        generating_system=header.generating_system,
    )


def ledger_problems(document: DxsoDocument, ledger: Ledger, header: PackageHeader) -> list[Problem]:
    """What is wrong with an invoice before any XML is made of it."""
    where = f"Document {document.number}"
    problems = _count_problems(ledger, where)
    for number, (line, posting) in enumerate(zip(ledger.lines, document.postings, strict=True), start=1):
        problems += _line_problems(line, posting, f"{where}, line {number}")
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
    return problems + _difference_problems(document, where)


def _count_problems(ledger: Ledger, where: str) -> list[Problem]:
    if 1 <= len(ledger.lines) <= MAX_LINES:
        return []
    return [
        Problem(
            "line_count",
            f"{where} has {len(ledger.lines)} lines, DATEV takes 1 to {MAX_LINES}.",
            "postings",
            "Give every invoice at least one posting, and split one that has too many.",
        )
    ]


def _line_problems(line: LedgerLine, posting: Posting, where: str) -> list[Problem]:
    texts = write_texts(line, LINE_RULES)
    if line.bu_code is None and posting.tax_key.strip("0"):
        texts["buCode"] = posting.tax_key
    problems = [
        Problem("bad_value", f"{where}: {value_message(rule, texts[name])}", name, f"Correct {name}.")
        for name, rule in _RULES.items()
        if name in texts and not rule.accepts(texts[name])
    ]
    if not posting.document_number:
        # DATEV's schema takes an empty number; open items could not be told apart by it.
        problems.append(
            Problem("missing", f"{where}: invoiceId is empty.", "invoiceId", "Give the invoice a number.")
        )
    return problems


def _difference_problems(document: DxsoDocument, where: str) -> list[Problem]:
    problems = []
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


def _line(document: DxsoDocument, posting: Posting, header: PackageHeader) -> LedgerLine:
    debtor = document.debtor
    foreign = posting.currency != _HOME_CURRENCY
    ships = len(posting.eu_vat) == 2
    return LedgerLine(
        date=posting.document_date,
        # An outgoing invoice is positive; a negative amount makes it a credit note in DATEV.
        amount=posting.signed_amount,
        account_no=posting.contra_account,
        bu_code=_tax_key(posting),
        cost_category_id=posting.cost_centre_1 or None,
        cost_category_id2=posting.cost_centre_2 or None,
        tax=posting.tax_rate if posting.eu_rate is None else posting.eu_rate,
        information=_information(posting) or None,
        currency_code=posting.currency,
        invoice_id=posting.document_number,
        # The schema takes 60 although one of DATEV's tables says 30: what is cut then is only text.
        booking_text=posting.posting_text or None,
        # To a consumer abroad (a country, no number) DATEV's example of a distance sale states our own
        # VAT id, both countries and the foreign rate, and no VAT id of the customer.
        own_vat_id=header.own_vat_id or None if ships else None,
        ship_from_country=(posting.origin_country or header.home_country) if ships else None,
        ship_to_country=_VAT_ID_COUNTRY.get(posting.eu_vat, posting.eu_vat) if ships else None,
        vat_id=posting.eu_vat or None if not ships else None,
        party_id=debtor.customer_number or None,
        exchange_rate=posting.exchange_rate if foreign else None,
        due_date=posting.due_date,
        bp_account_no=posting.account,
        delivery_date=_delivery_date(posting),
        order_id=posting.order_number if _RULES["orderId"].accepts(posting.order_number) else None,
        customer_name=_customer_name(document) or None,
        customer_city=debtor.address.city or None,
    )


def _tax_key(posting: Posting) -> int | None:
    """The key as a number; None where there is none, or where it is no number (told as a problem)."""
    key = posting.tax_key
    return int(key) or None if key.isascii() and key.isdigit() else None


def _shared(values: Sequence[_Value | None]) -> _Value | None:
    return values[0] if len(set(values)) == 1 else None


def _information(posting: Posting) -> str:
    """A note for the adviser: as many whole facts as fit; it has no part in the booking.

    An order number that ``orderId`` would refuse comes first, so that it is not lost.
    """
    facts = [f"{kind}: {content}" for kind, content in posting.extra]
    if posting.order_number and not _RULES["orderId"].accepts(posting.order_number):
        facts.insert(0, f"Auftrag: {posting.order_number}")
    note = ""
    for fact in facts:
        longer = f"{note}; {fact}" if note else fact
        if len(longer) <= _INFORMATION_LENGTH:
            note = longer
    return note


def _delivery_date(posting: Posting) -> date | None:
    """DATEV ignores a delivery after the invoice, so it is not written."""
    day = posting.service_date
    return day if day and day <= posting.document_date else None


def _customer_name(document: DxsoDocument) -> str:
    """The name as it stands in the master record; a person's is put together and cut to the length."""
    debtor = document.debtor
    if debtor.is_organization:
        return debtor.name
    return f"{debtor.first_name} {debtor.last_name}".strip()[:50].rstrip()
