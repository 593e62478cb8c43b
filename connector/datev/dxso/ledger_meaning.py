"""What DATEV checks in a ledger file beyond its schema: sums, and facts that go together.

Source: the explanations inside DATEV's schema of ledger v060. A value that breaks its own rule is told by the
shape; here it counts as not written, so that one fault is told once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from connector.datev.dxso.archive_meaning import Link
from connector.datev.dxso.elements import CONSOLIDATE_RULES
from connector.datev.dxso.model import LedgerKind, field_name
from connector.datev.dxso.shapes import LEDGER_LINES
from connector.datev.dxso.values import read_attributes, read_texts
from connector.datev.dxso.xml import line_of
from connector.datev.findings import Finding, Severity

Values = Mapping[str, Any]
"""Field → value, of what is written and right."""
Check = Callable[[Values, str], Iterator[tuple[Severity, str, str, str, str]]]
"""Values of one line and its kind → (severity, code, element, what is wrong, cure)."""

_PATH = "LedgerImport/consolidate"
_SAME_IN_ALL_LINES = (
    ("consolidatedDate", "consolidated_date", "date"),
    ("consolidatedInvoiceId", "consolidated_invoice_id", "invoiceId"),
    ("consolidatedCurrencyCode", "consolidated_currency_code", "currencyCode"),
    ("consolidatedDeliveryDate", "consolidated_delivery_date", "deliveryDate"),
    ("consolidatedOrderId", "consolidated_order_id", "orderId"),
)
"""DATEV refuses a ledger file whose lines differ from these attributes."""

_SAME_CURE = "Write the same in all lines, or keep every invoice in a file of its own."

_HOME_CURRENCY = "EUR"
_DISTANCE_SALE, _SUPPLY_TO_EU = 240, 231
_PAYMENT_BLOCK = 9
_SHOWN_CASH_TEXT = 30


def ledger_meaning(root: etree._Element, link: Link | None) -> list[Finding]:
    """Everything but the shape.

    :param root: root of a ledger file.
    :param link: what document.xml says of the file, where that is known.
    """
    if len(root) != 1:
        return []
    consolidate = root[0]
    shared: Values = read_attributes(consolidate, CONSOLIDATE_RULES)
    lines = [_Line(element, row) for row, element in enumerate(_line_elements(consolidate), start=1)]
    found = [*_sum(consolidate, shared, lines), *_same(consolidate, shared, lines)]
    if link:
        found += _link(consolidate, shared, {line.kind for line in lines}, link)
    for line in lines:
        for check in _CHECKS:
            found += (line.finding(*told) for told in check(line.values, line.kind))
    return found


class _Line:
    """One line: its values and its place."""

    def __init__(self, element: etree._Element, row: int) -> None:
        self.element = element
        self.row = row
        self.kind = etree.QName(element).localname
        self.rules = LEDGER_LINES[self.kind]
        self.values: Values = read_texts(element, self.rules)

    def differs(self, element: str, common: Any) -> bool:
        """Whether the line says something else; a content that its own rule refuses is not compared."""
        field = field_name(element)
        if all(rule.name != element for rule in self.rules):
            return False
        if field not in self.values:
            return self.element.find(f"{{*}}{element}") is None
        return bool(self.values[field] != common)

    def finding(self, severity: Severity, rule: str, field: str, message: str, cure: str) -> Finding:
        return Finding(
            rule=rule,
            message=message,
            cure=cure,
            severity=severity,
            line=line_of(self.element),
            row=self.row,
            field=field,
            path=f"{_PATH}/{self.kind}[{self.row}]",
        )


def _line_elements(consolidate: etree._Element) -> Iterator[etree._Element]:
    return (child for child in consolidate if etree.QName(child).localname in LEDGER_LINES)


def _sum(consolidate: etree._Element, shared: Values, lines: Sequence[_Line]) -> Iterator[Finding]:
    stated = shared.get("consolidated_amount")
    amounts = [line.values["amount"] for line in lines if "amount" in line.values]
    if stated is None or not amounts or len(amounts) < len(lines):
        return
    total = sum(amounts, Decimal(0))
    if total != stated:
        yield _shared_finding(
            consolidate,
            "sum_differs",
            "consolidatedAmount",
            f"The lines add up to {total} but consolidatedAmount is {stated}.",
            "State the exact sum of the lines.",
        )


def _link(consolidate: etree._Element, shared: Values, kinds: set[str], link: Link) -> Iterator[Finding]:
    """Against what document.xml says of the file."""
    day = shared.get("consolidated_date")
    if link.month and day and f"{day:%Y-%m}" != link.month:
        yield _shared_finding(
            consolidate,
            "date_outside_month",
            "consolidatedDate",
            f"{day} does not lie in the month {link.month} of document.xml.",
            "Put the file into the package of its own month.",
        )
    if kinds and link.kind not in kinds:
        yield _shared_finding(
            consolidate,
            "wrong_kind",
            "consolidate",
            f"The file holds {', '.join(sorted(kinds))} but document.xml calls it {link.kind}.",
            "Correct xsi:type in document.xml.",
        )


def _same(consolidate: etree._Element, shared: Values, lines: Sequence[_Line]) -> Iterator[Finding]:
    """Lines against the attributes that they share; lines that agree among themselves are told once."""
    for attribute, common, element in _SAME_IN_ALL_LINES:
        if common not in shared:
            continue
        differing = [line for line in lines if line.differs(element, shared[common])]
        said = {str(line.values.get(field_name(element), "not written")) for line in differing}
        if len(differing) == len(lines) and len(said) == 1:
            yield _shared_finding(
                consolidate,
                "line_differs",
                attribute,
                f"{attribute} is {shared[common]} but {element} is {said.pop()} in the lines.",
                _SAME_CURE,
            )
            continue
        for line in differing:
            written = line.values.get(field_name(element), "not written")
            message = f"{element} is {written} but {attribute} is {shared[common]}."
            yield line.finding(Severity.ERROR, "line_differs", attribute, message, _SAME_CURE)


def _shared_finding(consolidate: etree._Element, rule: str, field: str, message: str, cure: str) -> Finding:
    return Finding(rule=rule, message=message, cure=cure, line=line_of(consolidate), field=field, path=_PATH)


def _discounts(values: Values, _kind: str) -> Iterator[tuple[Severity, str, str, str, str]]:
    amount = abs(values.get("amount", Decimal(0)))
    for suffix in ("", "2"):
        parts = [f"discount_{part}{suffix}" for part in ("amount", "percentage", "payment_date")]
        given = [part in values for part in parts]
        if any(given[1:]) and not all(given):
            yield (
                Severity.ERROR,
                "discount_incomplete",
                f"discountPercentage{suffix}",
                f"Discount {suffix or '1'} lacks its amount, percentage or date.",
                "Write all three or none of them.",
            )
        if amount and values.get(parts[0], Decimal(0)) >= amount:
            yield (
                Severity.ERROR,
                "discount_too_large",
                f"discountAmount{suffix}",
                f"The discount {values[parts[0]]} is not smaller than the amount.",
                "Correct the discount.",
            )


def _payment(values: Values, _kind: str) -> Iterator[tuple[Severity, str, str, str, str]]:
    condition = values.get("payment_conditions_id")
    if condition is None:
        return
    terms = ("discount_amount", "discount_percentage", "discount_amount2", "discount_percentage2", "due_date")
    if any(field in values for field in terms):
        yield (
            Severity.ERROR,
            "payment_terms_twice",
            "paymentConditionsId",
            "There are payment terms by number and by discount or due date; DATEV then skips the line.",
            "Write either paymentConditionsId, or discount and due date.",
        )
    if condition == _PAYMENT_BLOCK and values.get("payment_order"):
        yield (
            Severity.ERROR,
            "payment_order_blocked",
            "paymentOrder",
            "Payment is ordered although the payment terms 9 block it.",
            "Write paymentOrder false, or other payment terms.",
        )


def _currency(values: Values, _kind: str) -> Iterator[tuple[Severity, str, str, str, str]]:
    if values.get("currency_code") == _HOME_CURRENCY and "exchange_rate" in values:
        yield (
            Severity.WARNING,
            "rate_without_currency",
            "exchangeRate",
            "There is an exchange rate although the amount is in EUR.",
            "Leave exchangeRate out.",
        )


def _tax_facts(values: Values, _kind: str) -> Iterator[tuple[Severity, str, str, str, str]]:
    key = values.get("bu_code")
    if key == _DISTANCE_SALE and not {"tax", "own_vat_id", "ship_from_country", "ship_to_country"} <= set(
        values
    ):
        yield (
            Severity.WARNING,
            "distance_sale_incomplete",
            "buCode",
            "A distance sale (key 240) lacks its rate, own VAT id, or country of origin or destination.",
            "Write tax, ownVatId, shipFromCountry and shipToCountry.",
        )
    if key == _SUPPLY_TO_EU and "vat_id" not in values:
        yield (
            Severity.WARNING,
            "vat_id_missing",
            "vatId",
            "A supply to another EU state (key 231) lacks the customer's VAT id.",
            "Write vatId.",
        )


def _delivery(values: Values, _kind: str) -> Iterator[tuple[Severity, str, str, str, str]]:
    if "delivery_date" in values and "date" in values and values["delivery_date"] > values["date"]:
        yield (
            Severity.WARNING,
            "delivery_after_invoice",
            "deliveryDate",
            f"The delivery on {values['delivery_date']} lies after the invoice, so DATEV ignores it.",
            "Leave deliveryDate out, or correct it.",
        )


def _partner(values: Values, kind: str) -> Iterator[tuple[Severity, str, str, str, str]]:
    account = values.get("bp_account_no")
    ranges = {LedgerKind.RECEIVABLE: ("123456", "a debtor"), LedgerKind.PAYABLE: ("789", "a creditor")}
    if account is not None and kind in ranges:
        digits, name = ranges[LedgerKind(kind)]
        if str(account)[0] not in digits:
            yield (
                Severity.WARNING,
                "wrong_partner_account",
                "bpAccountNo",
                f"{account} is not the account of {name}.",
                "Correct bpAccountNo.",
            )
    if not values.get("invoice_id", "-"):
        yield (
            Severity.WARNING,
            "invoice_id_empty",
            "invoiceId",
            "The number of the invoice is empty, so payments cannot be matched by it.",
            "Write the number of the invoice.",
        )


def _cash(values: Values, kind: str) -> Iterator[tuple[Severity, str, str, str, str]]:
    text = values.get("booking_text", "")
    if kind == LedgerKind.CASH and len(text) > _SHOWN_CASH_TEXT:
        yield (
            Severity.WARNING,
            "text_cut",
            "bookingText",
            f"The cash book shows the first {_SHOWN_CASH_TEXT} of {len(text)} characters.",
            f"Shorten the text to {_SHOWN_CASH_TEXT} characters.",
        )


_CHECKS: tuple[Check, ...] = (_discounts, _payment, _currency, _tax_facts, _delivery, _partner, _cash)
