"""What the elements and attributes of ledger v060 and document v06.0 may hold.

One table per place, in DATEV's order; writer, reader and checker all work from them. They accept
exactly what DATEV's schemas of the XML interface online accept, no more and no less.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto

from connector.datev.dxso.codes import COUNTRIES, CURRENCIES

DOCUMENT_NAMESPACE = "http://xml.datev.de/bedi/tps/document/v06.0"
LEDGER_NAMESPACE = "http://xml.datev.de/bedi/tps/ledger/v060"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

VERSION = "6.0"
XML_DATA = "Kopie nur zur Verbuchung berechtigt nicht zum Vorsteuerabzug"
"""Fixed and required: the file is a copy for booking and gives no right to deduct input tax."""

MAX_DOCUMENTS = 4999
MAX_LINES = 5000
MAX_EXTENSIONS = 50
MAX_FILE_BYTES = 20 * 1024 * 1024
"""DATEV takes single files of at most 20 MB (API description of dxso-jobs)."""

_WHITESPACE = " \t\r\n"


class Content(Enum):
    """How a content is read."""

    TEXT = auto()
    """As it stands; all others may have white space around them."""
    INTEGER = auto()
    NUMBER = auto()
    DATE = auto()
    MOMENT = auto()
    """Date and time without zone."""
    FLAG = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One element or attribute."""

    name: str
    pattern: re.Pattern[str]
    rule: str
    """The pattern in words, to end the sentence "… must be"."""
    required: bool = False
    content: Content = Content.TEXT
    decimals: int = 0
    """How many a number is written with."""
    least: Decimal | None = None
    not_zero: bool = False
    among: Container[str] | None = None

    def accepts(self, written: str) -> bool:
        """Whether the content may stand here."""
        text = self.trimmed(written)
        if self.pattern.fullmatch(text) is None:
            return False
        if self.content in (Content.DATE, Content.MOMENT):
            return _is_day(text[:10])
        if self.not_zero and not Decimal(text):
            return False
        if self.least is not None and Decimal(text) < self.least:
            return False
        return self.among is None or text in self.among

    def trimmed(self, written: str) -> str:
        """The content without the white space that counts for nothing here."""
        return written if self.content is Content.TEXT else written.strip(_WHITESPACE)


def value_message(rule: Rule, written: str) -> str:
    """Say why a content may not stand there; call it only when :meth:`Rule.accepts` said no."""
    shown = written if len(written) <= 40 else written[:39] + "…"
    return f"{rule.name} is {shown!r} but must be {rule.rule}."


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _rule(name: str, pattern: str, rule: str, *, required: bool = False) -> Rule:
    return Rule(name, re.compile(pattern), rule, required)


_XML_TEXT = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"


def _text(name: str, length: int, *, required: bool = False) -> Rule:
    return _rule(name, f"{_XML_TEXT}{{1,{length}}}", f"1 to {length} characters of text", required=required)


def _date(name: str, *, required: bool = False) -> Rule:
    # Years before 1753 are refused by the schema, for whatever reason.
    pattern = re.compile(r"(?:175[3-9]|17[6-9]\d|1[89]\d\d|[2-9]\d{3})-\d\d-\d\d", re.ASCII)
    return Rule(name, pattern, "a date as JJJJ-MM-TT from 1753 on", required, Content.DATE)


def _number(name: str, digits: int, decimals: int, rule: str) -> Rule:
    pattern = re.compile(rf"[+\-]?(?:[1-9]\d{{0,{digits - 1}}}|0)\.\d{{{decimals}}}", re.ASCII)
    return Rule(
        name, pattern, rule, content=Content.NUMBER, decimals=decimals, least=Decimal(1).scaleb(-decimals)
    )


def _positive_amount(name: str) -> Rule:
    return _number(name, 8, 2, "a positive amount with 2 decimals, at most 8 digits")


def _signed_amount(name: str, rule: str, *, not_zero: bool) -> Rule:
    pattern = re.compile(r"[+\-]?(?:[1-9]\d{0,9}|0)\.\d\d", re.ASCII)
    return Rule(name, pattern, rule, True, Content.NUMBER, 2, not_zero=not_zero)


def _percent(name: str) -> Rule:
    pattern = re.compile(r"[+\-]?(?:[1-9]\d?|0)\.\d\d", re.ASCII)
    words = "a percentage with 2 decimals from 0.00 to 99.99"
    return Rule(name, pattern, words, content=Content.NUMBER, decimals=2, least=Decimal(0))


def _integer(name: str, pattern: str, rule: str, *, required: bool = False) -> Rule:
    return Rule(name, re.compile(pattern, re.ASCII), rule, required, Content.INTEGER)


def _vat_id(name: str) -> Rule:
    return _rule(name, r"[0-9a-zA-Z. _]{1,15}", "at most 15 letters, digits, points, blanks or underscores")


def _country(name: str) -> Rule:
    return Rule(name, re.compile("[A-Z]{2}"), "a country code that DATEV's schema lists", among=COUNTRIES)


def _currency(name: str) -> Rule:
    words = "a currency code that DATEV's schema lists"
    return Rule(name, re.compile("[A-Z]{3}"), words, True, among=CURRENCIES)


def _document_number(name: str, *, required: bool = False) -> Rule:
    characters = "letters, digits and $ % & * + - / only, at most 36 characters"
    return _rule(name, r"[a-zA-Z0-9$%&*+\-/]{0,36}", characters, required=required)


def _order(name: str) -> Rule:
    return _rule(
        name, r"[a-zA-Z0-9$%&*+\-./]{1,30}", "letters, digits and $ % & * + - . / only, at most 30 characters"
    )


_SIGN = r"[^ \t\n\r\x00-\x1f\ud800-\udfff\ufffe\uffff]"


def _cost_centre(name: str) -> Rule:
    pattern = f"(?:{_SIGN}(?:(?:{_SIGN}| ){{0,34}}{_SIGN})?)?"
    return _rule(name, pattern, "at most 36 characters without a blank at either end")


BASE_RULES: tuple[Rule, ...] = (
    _date("date", required=True),
    _signed_amount("amount", "an amount with 2 decimals, not zero, at most 10 digits", not_zero=True),
    _positive_amount("discountAmount"),
    _integer("accountNo", r"[1-9]\d{0,8}", "an account number of at most 9 digits"),
    _integer("buCode", r"[1-9]\d{0,3}|0", "a tax key of at most 4 digits without leading zeros"),
    _number("costAmount", 12, 4, "a quantity with 4 decimals, more than zero"),
    _cost_centre("costCategoryId"),
    _cost_centre("costCategoryId2"),
    _percent("tax"),
    _text("information", 120),
)
"""What every kind of ledger line begins with (``base`` in the schema)."""

_INVOICE_RULES: tuple[Rule, ...] = (
    *BASE_RULES,
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
    _number("exchangeRate", 4, 6, "a rate with 6 decimals, more than zero"),
    _rule("bankCode", r"[1-9]|[0-9]{2,10}", "at most 10 digits"),
    _text("bankAccount", 30),
    _country("bankCountry"),
    _rule("iban", r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{11,30}", "an IBAN without blanks"),
    _rule("swiftCode", r"[A-Z]{6}[A-Z0-9]{2,5}", "a BIC"),
    _text("accountName", 40),
    _integer("paymentConditionsId", r"\+?(?:9|[1-9]\d{1,2})", "a number from 9 to 999"),
    Rule("paymentOrder", re.compile("true|false|0|1"), "true or false", content=Content.FLAG),
    _percent("discountPercentage"),
    _date("discountPaymentDate"),
    _positive_amount("discountAmount2"),
    _percent("discountPercentage2"),
    _date("discountPaymentDate2"),
    _date("dueDate"),
    _integer("bpAccountNo", r"[1-9]\d{4,8}", "a personal account of 5 to 9 digits"),
    _date("deliveryDate"),
    _order("orderId"),
)

LINE_RULES: tuple[Rule, ...] = (*_INVOICE_RULES, _text("customerName", 50), _text("customerCity", 30))
"""Children of ``accountsReceivableLedger`` in the order that the schema fixes."""

PAYABLE_RULES: tuple[Rule, ...] = (*_INVOICE_RULES, _text("supplierName", 50), _text("supplierCity", 30))
"""Children of ``accountsPayableLedger``."""

CASH_RULES: tuple[Rule, ...] = (
    *BASE_RULES,
    _rule("currencyCode", "EUR", "EUR", required=True),
    _document_number("invoiceId"),
    _text("bookingText", 60, required=True),
)
"""Children of ``cashLedger``; the schema fixes the currency."""

CONSOLIDATE_RULES: tuple[Rule, ...] = (
    _signed_amount("consolidatedAmount", "an amount with 2 decimals, at most 10 digits", not_zero=False),
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
    Rule(
        "date",
        re.compile(
            r"\d{4}-\d\d-\d\dT(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)", re.ASCII
        ),
        "date and time as JJJJ-MM-TTThh:mm:ss without time zone",
        True,
        Content.MOMENT,
    ),
    _text("description", 255),
    _integer("consultantNumber", r"[1-9]\d{3,6}", "a number from 1000 to 9999999"),
    _integer("clientNumber", r"[1-9]\d{0,4}|0", "a number up to 99999"),
    _text("clientName", 36),
)

LEVEL_RULES: tuple[Rule, ...] = (
    _integer("id", r"\+?[1-9]\d?", "a level from 1 to 99", required=True),
    _text("name", 30, required=True),
)

DOCUMENT_TEXT_RULES: tuple[Rule, ...] = (_text("description", 40), _text("keywords", 255))

DOCUMENT_RULES: tuple[Rule, ...] = (
    _rule("guid", _GUID, "a GUID"),
    _integer("type", "[12]", "1 (incoming invoice) or 2 (outgoing invoice)"),
    _integer("processID", "[12]", "1 (to be booked) or 2 (to be archived)"),
)

DATA_FILE_RULE = _text("datafile", 255, required=True)
FILE_RULE = _text("name", 255, required=True)
LEDGER_PROPERTY_RULES: tuple[Rule, ...] = (
    _text("value", 40, required=True),
    _integer("key", "[123]", "1 (month), 2 (cash account) or 3 (folder)", required=True),
)
INVOICE_PROPERTY_RULES: tuple[Rule, ...] = (
    _rule("value", "Incoming|Outgoing", "Incoming or Outgoing", required=True),
    _rule("key", "InvoiceType", "InvoiceType", required=True),
)
INTERN_PROPERTY_RULES: tuple[Rule, ...] = (
    _text("value", 255, required=True),
    _text("key", 255, required=True),
)

MONTH_RULE = _rule("property 1", r"[0-9]{4}-(?:0[1-9]|1[0-2])", "a month as JJJJ-MM", required=True)
FOLDER_RULE = _text("property 3", 40, required=True)
"""Name of the ledger folder, as DATEV's answer to the new job lists it."""
FILE_NAME_RULE = _rule(
    "file name",
    r"[A-Za-z0-9_\-]{1,250}\.(?:xml|pdf)",
    "letters, digits, _ and - with the ending .xml or .pdf",
)
"""For what we write ourselves; narrower than the schema: DATEV advises against special characters."""
