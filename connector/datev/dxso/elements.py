"""What the elements and attributes of ledger v060 and document v06.0 may hold.

One table per place, in DATEV's order; writer and checker both work from them. Source: DATEV's
schemas of the XML interface online.
"""

import re
from dataclasses import dataclass
from datetime import date

from connector.errors import Problem

DOCUMENT_NAMESPACE = "http://xml.datev.de/bedi/tps/document/v06.0"
LEDGER_NAMESPACE = "http://xml.datev.de/bedi/tps/ledger/v060"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

VERSION = "6.0"
XML_DATA = "Kopie nur zur Verbuchung berechtigt nicht zum Vorsteuerabzug"
"""Fixed and required: the file is a copy for booking and gives no right to deduct input tax."""

MAX_DOCUMENTS = 4999
MAX_LINES = 5000

CURRENCIES_WITHOUT_SCHEMA = frozenset({"SLE", "STN", "VED", "XCG", "ZWG"})
"""ISO 4217 codes younger than DATEV's schema, which lists its currencies one by one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One element or attribute."""

    name: str
    pattern: re.Pattern[str]
    rule: str
    """The pattern in words, to end the sentence "… must be"."""
    required: bool = False
    is_date: bool = False

    def accepts(self, content: str) -> bool:
        """Whether the content may stand here."""
        if self.pattern.fullmatch(content) is None:
            return False
        return not self.is_date or _is_day(content[:10])


def value_problem(rule: Rule, content: str, where: str) -> Problem:
    """Say why ``content`` may not stand there; call it only when :meth:`Rule.accepts` said no."""
    shown = content if len(content) <= 40 else content[:39] + "…"
    return Problem(
        "bad_value",
        f"{where}: {rule.name} is {shown!r} but must be {rule.rule}.",
        rule.name,
        f"Correct what becomes {rule.name}.",
    )


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _rule(name: str, pattern: str, rule: str, *, required: bool = False, is_date: bool = False) -> Rule:
    return Rule(name, re.compile(pattern), rule, required, is_date)


_XML_TEXT = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"


def _text(name: str, length: int, *, required: bool = False) -> Rule:
    return _rule(name, f"{_XML_TEXT}{{1,{length}}}", f"1 to {length} characters of text", required=required)


def _date(name: str, *, required: bool = False) -> Rule:
    return _rule(name, r"\d{4}-\d\d-\d\d", "a date as JJJJ-MM-TT", required=required, is_date=True)


def _amount(name: str, digits: int, *, signed: bool = False, required: bool = False) -> Rule:
    sign = "-?" if signed else ""
    number = rf"(?!-?0\.00$){sign}(?:[1-9]\d{{0,{digits - 1}}}|0)\.\d\d"
    return _rule(
        name, number, f"an amount with 2 decimals, not zero, at most {digits} digits", required=required
    )


def _percent(name: str) -> Rule:
    return _rule(name, r"(?:[1-9]\d?|0)\.\d\d", "a percentage with 2 decimals below 100")


def _vat_id(name: str) -> Rule:
    return _rule(name, r"[0-9a-zA-Z. _]{1,15}", "at most 15 letters, digits, points, blanks or underscores")


def _country(name: str) -> Rule:
    return _rule(name, "[A-Z]{2}", "an ISO country code")


def _currency(name: str) -> Rule:
    young = "|".join(sorted(CURRENCIES_WITHOUT_SCHEMA))
    return _rule(name, f"(?!{young})[A-Z]{{3}}", "a currency code that DATEV's schema lists", required=True)


def _document_number(name: str, *, required: bool = False) -> Rule:
    characters = "letters, digits and $ % & * + - / only, at most 36 characters"
    return _rule(name, r"[a-zA-Z0-9$%&*+\-/]{1,36}", characters, required=required)


def _order(name: str) -> Rule:
    return _rule(
        name, r"[a-zA-Z0-9$%&*+\-./]{1,30}", "letters, digits and $ % & * + - . / only, at most 30 characters"
    )


def _cost_centre(name: str) -> Rule:
    return _rule(name, r"\S(?:[\S ]{0,34}\S)?", "at most 36 characters without a blank at either end")


LINE_RULES: tuple[Rule, ...] = (
    _date("date", required=True),
    _amount("amount", 10, signed=True, required=True),
    _amount("discountAmount", 8),
    _rule("accountNo", r"[1-9]\d{0,8}", "an account number of at most 9 digits"),
    _rule("buCode", r"[1-9]\d{0,3}|0", "a tax key of at most 4 digits without leading zeros"),
    _rule("costAmount", r"(?!0\.0000$)(?:[1-9]\d{0,11}|0)\.\d{4}", "a quantity with 4 decimals, not zero"),
    _cost_centre("costCategoryId"),
    _cost_centre("costCategoryId2"),
    _percent("tax"),
    _text("information", 120),
    _currency("currencyCode"),
    _document_number("invoiceId", required=True),
    _text("bookingText", 60),
    _text("typeOfReceivable", 10),
    _vat_id("ownVatId"),
    _country("shipFromCountry"),
    _text("partyId", 15),
    _date("paidAt"),
    _rule("internalInvoiceId", r"[a-zA-Z0-9$%&*+\-/]{1,12}", "letters, digits and $ % & * + - /, at most 12"),
    _vat_id("vatId"),
    _country("shipToCountry"),
    _rule("exchangeRate", r"(?!0\.0{6}$)(?:[1-9]\d{0,3}|0)\.\d{6}", "a rate with 6 decimals, not zero"),
    _rule("bankCode", r"[1-9]|\d{2,10}", "at most 10 digits"),
    _text("bankAccount", 30),
    _country("bankCountry"),
    _rule("iban", r"[A-Z]{2}\d\d[A-Za-z0-9]{11,30}", "an IBAN without blanks"),
    _rule("swiftCode", r"[A-Z]{6}[A-Z0-9]{2,5}", "a BIC"),
    _text("accountName", 40),
    _rule("paymentConditionsId", r"9|[1-9]\d{1,2}", "a number from 9 to 999"),
    _rule("paymentOrder", "true|false|0|1", "true or false"),
    _percent("discountPercentage"),
    _date("discountPaymentDate"),
    _amount("discountAmount2", 8),
    _percent("discountPercentage2"),
    _date("discountPaymentDate2"),
    _date("dueDate"),
    _rule("bpAccountNo", r"[1-9]\d{4,8}", "a personal account of 5 to 9 digits"),
    _date("deliveryDate"),
    _order("orderId"),
    _text("customerName", 50),
    _text("customerCity", 30),
)
"""Children of ``accountsReceivableLedger`` in the order that the schema fixes."""

LINE_RULE_BY_NAME = {rule.name: rule for rule in LINE_RULES}

CONSOLIDATE_RULES: tuple[Rule, ...] = (
    _rule(
        "consolidatedAmount",
        r"-?(?:[1-9]\d{0,9}|0)\.\d\d",
        "an amount with 2 decimals, at most 10 digits",
        required=True,
    ),
    _date("consolidatedDate", required=True),
    _document_number("consolidatedInvoiceId"),
    _currency("consolidatedCurrencyCode"),
    _date("consolidatedDeliveryDate"),
    _order("consolidatedOrderId"),
)

LEDGER_RULES: tuple[Rule, ...] = (
    _rule("version", re.escape(VERSION), VERSION, required=True),
    _text("generator_info", 40, required=True),
    _text("generating_system", 40),
    _rule("xml_data", re.escape(XML_DATA), f"the sentence {XML_DATA!r}", required=True),
)

_GUID = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"

ARCHIVE_RULES: tuple[Rule, ...] = (
    _rule("version", re.escape(VERSION), VERSION, required=True),
    _rule("guid", _GUID, "a GUID"),
    _text("generatingSystem", 40),
)

HEADER_RULES: tuple[Rule, ...] = (
    _rule(
        "date",
        r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d",
        "date and time as JJJJ-MM-TTThh:mm:ss without time zone",
        required=True,
        is_date=True,
    ),
    _text("description", 255),
    _rule("consultantNumber", r"[1-9]\d{3,6}", "a number from 1000 to 9999999"),
    _rule("clientNumber", r"[1-9]\d{0,4}|0", "a number up to 99999"),
    _text("clientName", 36),
)

DOCUMENT_RULES: tuple[Rule, ...] = (
    _rule("guid", _GUID, "a GUID", required=True),
    _rule("type", "2", "2 (outgoing invoice)", required=True),
    _rule("processID", "2", "2: ledger data must not go to the inbox"),
)

MONTH_RULE = _rule("property 1", r"\d{4}-(?:0[1-9]|1[0-2])", "a month as JJJJ-MM", required=True)
FOLDER_RULE = _text("property 3", 40, required=True)
"""Name of the ledger folder, as DATEV's answer to the new job lists it."""
FILE_NAME_RULE = _rule(
    "file name",
    r"[A-Za-z0-9_\-]{1,250}\.(?:xml|pdf)",
    "letters, digits, _ and - with the ending .xml or .pdf",
)
"""Narrower than the schema: DATEV advises against special characters in file names."""
