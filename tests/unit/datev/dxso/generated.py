"""Packages by the thousand, right ones and broken ones, always the same for the same seed."""

import copy
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from lxml import etree

from connector.datev.dxso.codes import COUNTRIES, CURRENCIES
from connector.datev.dxso.elements import Content, Rule
from connector.datev.dxso.model import (
    Archive,
    ArchiveDocument,
    Extension,
    Ledger,
    LedgerKind,
    LedgerLine,
    Level,
    Property,
    field_name,
)
from connector.datev.dxso.shapes import LEDGER_LINES
from connector.datev.dxso.writer import write_archive, write_ledger

GUID = "3f0c5b1e-7c1d-4c57-9a3e-5d2f1a6b7c8d"
NUMBER_SIGNS = string.ascii_letters + string.digits + "$%&*+-/"
TEXT_SIGNS = string.ascii_letters + string.digits + " äöüßéł€ŁЖ中😀&<>'\""

CONTENTS: dict[str, Callable[[random.Random], Any]] = {
    "invoiceId": lambda r: _signs(r, NUMBER_SIGNS, 36),
    "internalInvoiceId": lambda r: _signs(r, NUMBER_SIGNS, 12),
    "orderId": lambda r: _signs(r, NUMBER_SIGNS + ".", 30),
    "costCategoryId": lambda r: _signs(r, NUMBER_SIGNS, 36),
    "costCategoryId2": lambda r: _signs(r, NUMBER_SIGNS, 36),
    "currencyCode": lambda r: r.choice(sorted(CURRENCIES)),
    "shipFromCountry": lambda r: r.choice(sorted(COUNTRIES)),
    "shipToCountry": lambda r: r.choice(sorted(COUNTRIES)),
    "bankCountry": lambda r: r.choice(sorted(COUNTRIES)),
    "ownVatId": lambda r: _signs(r, string.ascii_uppercase + string.digits, 15),
    "vatId": lambda r: _signs(r, string.ascii_uppercase + string.digits + "_. ", 15),
    "bankCode": lambda r: _signs(r, string.digits, 10).rjust(2, "0"),
    "iban": lambda r: "DE" + "".join(r.choices(string.digits, k=r.randint(13, 32))),
    "swiftCode": lambda _: "GENODEF1XXX",
    "bpAccountNo": lambda r: r.randint(10_000, 999_999_999),
    "accountNo": lambda r: r.randint(1, 999_999_999),
    "buCode": lambda r: r.randint(0, 9999),
    "paymentConditionsId": lambda r: r.randint(9, 999),
    "typeOfReceivable": lambda r: _signs(r, TEXT_SIGNS, 10),
    "partyId": lambda r: _signs(r, TEXT_SIGNS, 15),
    "exchangeRate": lambda r: Decimal(r.randint(1, 10**10 - 1)).scaleb(-6),
    "costAmount": lambda r: Decimal(r.randint(1, 10**16 - 1)).scaleb(-4),
    "tax": lambda r: Decimal(r.randint(0, 9999)).scaleb(-2),
    "discountPercentage": lambda r: Decimal(r.randint(0, 9999)).scaleb(-2),
    "discountPercentage2": lambda r: Decimal(r.randint(0, 9999)).scaleb(-2),
}
LENGTHS = {"information": 120, "bookingText": 60, "customerName": 50, "supplierName": 50, "accountName": 40}

FAULTS = (
    "",
    " ",
    "0",
    "0.00",
    "-0.00",
    "-1.00",
    "+1.00",
    "1",
    "1.0",
    "1.000",
    "1,00",
    "01.00",
    "99.99",
    "100.00",
    "9999999999.99",
    "10000000000.00",
    "0.000000",
    "9999.999999",
    "2026-02-29",
    "2024-02-29",
    "1752-12-31",
    "1753-01-01",
    "2026-11-05Z",
    "2026-11-05+01:00",
    "05.11.2026",
    "2026-11-05T10:00:00",
    "2026-11-05T24:00:00",
    "2026-11-05T10:00:00.5",
    "2026-11-05T10:00:60",
    "EUR",
    "XCG",
    "eur",
    "DE",
    "EL",
    "XI",
    "true",
    "TRUE",
    "9",
    "8",
    "999",
    "1000",
    "9999",
    "10000",
    "99999",
    "100000",
    "-9",
    "08400",
    "0040",
    "1234567890",
    "PD 42",
    "PD_42",
    "PD.42",
    "ÄÖ",
    "a\u00a0b",
    " a",
    "a ",
    "a\tb",
    "x" * 10,
    "x" * 11,
    "x" * 15,
    "x" * 16,
    "x" * 30,
    "x" * 31,
    "x" * 36,
    "x" * 37,
    "x" * 40,
    "x" * 41,
    "x" * 50,
    "x" * 51,
    "x" * 60,
    "x" * 61,
    "x" * 120,
    "x" * 121,
    "x" * 255,
    "x" * 256,
    "😀" * 30,
    "😀" * 31,
    GUID,
    GUID.upper(),
    GUID[:-1],
    "Incoming",
    "InvoiceType",
    "accountsPayableLedger",
    "File",
    "1",
    "2",
    "3",
    "4",
    "6.0",
    "5.0",
    "2026-11",
    "2026-13",
    "\n",
    " 2026-11-05 ",
    " 8400 ",
    "\u0663",
)
"""Contents at and beyond the limits of one rule or another."""


@dataclass(frozen=True)
class Made:
    """One package, as the two kinds of files in it."""

    archive: bytes
    ledgers: tuple[bytes, ...]


def package(seed: int) -> Made:
    """Number ``seed``; more than half of them are broken in one to three places."""
    r = random.Random(seed)  # noqa: S311 - test data, the same every time
    ledgers = [write_ledger(ledger(r)) for _ in range(r.randint(1, 2))]
    archive_ = write_archive(archive(r, len(ledgers)))
    for _ in range(r.choice((0, 0, 1, 1, 2, 3))):
        place = r.randrange(len(ledgers) + 1)
        if place:
            ledgers[place - 1] = broken(ledgers[place - 1], r)
        else:
            archive_ = broken(archive_, r)
    return Made(archive_, tuple(ledgers))


def ledger(r: random.Random) -> Ledger:
    """A right ledger of any kind."""
    kind = r.choice((LedgerKind.RECEIVABLE, LedgerKind.RECEIVABLE, LedgerKind.PAYABLE, LedgerKind.CASH))
    shared = {
        "date": _day(r),
        "currency_code": "EUR" if kind is LedgerKind.CASH else CONTENTS["currencyCode"](r),
        "invoice_id": CONTENTS["invoiceId"](r),
        "booking_text": _signs(r, TEXT_SIGNS, 60),
    }
    rules = LEDGER_LINES[kind]
    lines = tuple(LedgerLine(**_optional(r, rules), **shared) for _ in range(r.randint(1, 4)))
    return Ledger(
        kind=kind,
        lines=lines,
        consolidated_amount=sum((line.amount for line in lines), Decimal(0)),
        consolidated_date=lines[0].date,
        consolidated_currency_code=lines[0].currency_code,
        consolidated_invoice_id=r.choice((None, lines[0].invoice_id)),
        generator_info=_signs(r, TEXT_SIGNS, 40),
        generating_system=r.choice((None, _signs(r, TEXT_SIGNS, 40))),
    )


def archive(r: random.Random, ledgers: int) -> Archive:
    """A right document.xml."""
    return Archive(
        date=datetime.fromisoformat("2026-11-01") + timedelta(seconds=r.randrange(10**6)),
        documents=tuple(_document(r, number) for number in range(ledgers)),
        guid=r.choice((None, GUID)),
        generating_system=r.choice((None, _signs(r, TEXT_SIGNS, 40))),
        description=r.choice((None, _signs(r, TEXT_SIGNS, 255))),
        consultant_number=r.choice((None, r.randint(1000, 9_999_999))),
        client_number=r.choice((None, r.randint(0, 99_999))),
        client_name=r.choice((None, _signs(r, TEXT_SIGNS, 36))),
        repository=_levels(r),
    )


def _document(r: random.Random, number: int) -> ArchiveDocument:
    properties = (Property("1", "2026-11"), Property("3", _signs(r, TEXT_SIGNS, 40)))
    extensions = [
        Extension(r.choice(list(LedgerKind)), f"ledger{number}.xml", properties[: r.randint(1, 2)]),
        Extension(r.choice(("File", "SEPAFile")), f"file{number}.pdf"),
        Extension(
            "Invoice", f"invoice{number}.xml", (Property("InvoiceType", r.choice(("Incoming", "Outgoing"))),)
        ),
    ]
    return ArchiveDocument(
        extensions=tuple(extensions[: r.randint(1, 3)]),
        guid=r.choice((None, GUID)),
        type=r.choice((None, 1, 2)),
        process_id=r.choice((None, 1, 2)),
        description=r.choice((None, _signs(r, TEXT_SIGNS, 40))),
        keywords=r.choice((None, _signs(r, TEXT_SIGNS, 255))),
        repository=_levels(r),
        intern=r.choice((None, Property("k", "v"))),
    )


def _levels(r: random.Random) -> tuple[Level, ...]:
    return tuple(Level(number, _signs(r, TEXT_SIGNS, 30)) for number in range(1, r.randint(1, 4)))


def _optional(r: random.Random, rules: tuple[Rule, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {"amount": Decimal(r.choice((-1, 1)) * r.randint(1, 10**9 - 1)).scaleb(-2)}
    fixed = {"date", "amount", "currencyCode", "invoiceId", "bookingText"}
    for rule in rules:
        if rule.name not in fixed and r.random() < 0.4:
            values[field_name(rule.name)] = _value(r, rule)
    return values


def _value(r: random.Random, rule: Rule) -> Any:
    if rule.name in CONTENTS:
        return CONTENTS[rule.name](r)
    match rule.content:
        case Content.DATE:
            return _day(r)
        case Content.NUMBER:
            return Decimal(r.randint(1, 10**8)).scaleb(-2)
        case Content.FLAG:
            return r.random() < 0.5
        case _:
            return _signs(r, TEXT_SIGNS, LENGTHS.get(rule.name, 30))


def _day(r: random.Random) -> date:
    return date(2026, 1, 1) + timedelta(days=r.randrange(365))


def _signs(r: random.Random, signs: str, most: int) -> str:
    return "".join(r.choices(signs, k=r.choice((1, 2, most, r.randint(1, most)))))


def broken(content: bytes, r: random.Random) -> bytes:
    """One place changed; now and then the file stays right."""
    root = etree.fromstring(content, etree.XMLParser(remove_blank_text=True))
    element = r.choice(list(root.iter()))
    r.choice(_BREAKS)(element, r)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def _another_text(element: Any, r: random.Random) -> None:
    leaves = [found for found in element.getroottree().iter() if not len(found) and found.text]
    (r.choice(leaves) if leaves else element).text = r.choice(FAULTS)


def _another_attribute(element: Any, r: random.Random) -> None:
    holders = [found for found in element.getroottree().iter() if found.attrib]
    holder = r.choice(holders)
    holder.set(r.choice(sorted(holder.attrib)), r.choice(FAULTS))


def _no_attribute(element: Any, r: random.Random) -> None:
    if element.attrib:
        del element.attrib[r.choice(sorted(element.attrib))]


def _new_attribute(element: Any, r: random.Random) -> None:
    element.set(r.choice(("guid", "type", "value", "unheard", "name")), r.choice(FAULTS))


def _gone(element: Any, _r: random.Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _twice(element: Any, _r: random.Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(parent.index(element), copy.deepcopy(element))


def _moved(element: Any, r: random.Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(r.randrange(len(parent)), element)


def _renamed(element: Any, r: random.Random) -> None:
    others = [found.tag for found in element.getroottree().iter()]
    element.tag = r.choice([*others, "unheard", "{urn:unheard}amount", "tax"])


def _stray_text(element: Any, r: random.Random) -> None:
    if element.getparent() is not None:
        element.tail = r.choice(("x", " ", "\n", "1"))


def _child(element: Any, r: random.Random) -> None:
    etree.SubElement(
        element, etree.QName(etree.QName(element).namespace, r.choice(("date", "unheard", "tax")))
    )


_BREAKS = (
    _another_text,
    _another_text,
    _another_text,
    _another_attribute,
    _another_attribute,
    _no_attribute,
    _new_attribute,
    _gone,
    _twice,
    _moved,
    _renamed,
    _stray_text,
    _child,
)
