"""The shape of both files: one thing changed, one finding, with its line, row and path."""

import random
from dataclasses import replace

import pytest

from connector.datev.dxso import LedgerKind, render_package, write_ledger
from connector.datev.dxso.archive_meaning import Link, archive_links, link_findings
from connector.datev.dxso.ledger_meaning import ledger_meaning
from connector.datev.dxso.schemas import schema_findings
from connector.datev.dxso.shape_check import shape_findings
from connector.datev.dxso.xml import parse_xml
from tests.unit.datev.dxso.generated import ledger
from tests.unit.datev.dxso.packages import HEADER, INVOICE
from tests.unit.datev.partner_files import FOLDER

PACKAGE = render_package(HEADER, [INVOICE])
LEDGER = PACKAGE.ledgers[0].content
ARCHIVE = PACKAGE.document_xml.content
LINE = "LedgerImport/consolidate/accountsReceivableLedger"
DOCUMENT = "archive/content/document"


def _part(content: bytes, name: bytes) -> bytes:
    """The first element of this name, as text."""
    end = b"</" + name + b">"
    return content[content.index(b"<" + name) : content.index(end) + len(end)]


def _found(content):
    root = parse_xml(content, "file")
    found = shape_findings(root)
    if (FOLDER / "xsd").is_dir():
        assert bool(found) == bool(schema_findings(root, FOLDER / "xsd")), "DATEV's schema says otherwise"
    return [(finding.rule, finding.field, finding.path, finding.row) for finding in found]


@pytest.mark.parametrize(
    ("old", "new", "rule", "field", "path", "row"),
    [
        (b"<tax>19.00</tax>", b"<tax>19.0</tax>", "bad_value", "tax", f"{LINE}[1]/tax", 1),
        (b"<tax>7.00</tax>", b"<tax>7,00</tax>", "bad_value", "tax", f"{LINE}[2]/tax", 2),
        (b"<tax>19.00</tax>", b"<tax><a/></tax>", "unknown_element", "tax", f"{LINE}[1]/tax", 1),
        (b"<tax>19.00</tax>", b"<vat>19.00</vat>", "unknown_element", "vat", f"{LINE}[1]", 1),
        (b"<tax>19.00</tax>", b"19 %", "stray_text", "accountsReceivableLedger", f"{LINE}[1]", 1),
        (b"<amount>1190.00</amount>", b"", "missing", "amount", f"{LINE}[1]", 1),
        (b"<amount>", b'<amount unit="EUR">', "unknown_attribute", "unit", f"{LINE}[1]/amount", 1),
        (b'version="6.0"', b"", "missing", "version", "LedgerImport", None),
        (b"EUR<", b"XCG<", "bad_value", "currencyCode", f"{LINE}[1]/currencyCode", 1),
        (b"<date>2026-11-05", b"<date>1752-11-05", "bad_value", "date", f"{LINE}[1]/date", 1),
    ],
)
def test_a_fault_in_the_shape_of_a_ledger_is_found_at_its_place(old, new, rule, field, path, row):
    assert old in LEDGER

    assert [(rule, field, path, row)] == _found(LEDGER.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "rule", "field", "path"),
    [
        (b'"File"', b'"Picture"', "unknown_kind", "xsi:type", f"{DOCUMENT}[1]/extension[2]"),
        (b' xsi:type="File"', b"", "unknown_kind", "xsi:type", f"{DOCUMENT}[1]/extension[2]"),
        (
            b' name="Rechnungsbild',
            b' file="Rechnungsbild',
            "unknown_attribute",
            "file",
            f"{DOCUMENT}[1]/extension[2]",
        ),
        (b'key="3"', b'key="4"', "bad_value", "key", f"{DOCUMENT}[1]/extension[1]/property[2]"),
        (b"T10:30:15", b"T10:30:15Z", "bad_value", "date", "archive/header/date"),
        (
            b"<clientNumber>1<",
            b"<clientNumber>100000<",
            "bad_value",
            "clientNumber",
            "archive/header/clientNumber",
        ),
    ],
)
def test_a_fault_in_the_shape_of_document_xml_is_found_at_its_place(old, new, rule, field, path):
    assert old in ARCHIVE

    assert (rule, field, path, None) in _found(ARCHIVE.replace(old, new, 1))


@pytest.mark.parametrize(
    ("content", "name", "most", "rule"),
    [
        (LEDGER, b"accountsReceivableLedger", 5000, "line_count"),
        (ARCHIVE, b"document ", 4999, "document_count"),
        (ARCHIVE, b"extension ", 50, "extension_count"),
    ],
)
def test_datevs_limits_are_the_limits(content, name, most, rule):
    end = b"</" + name.strip() + b">"
    first = content[content.index(b"<" + name) : content.index(end) + len(end)]
    others = content.count(b"<" + name) - 1

    right = content.replace(first, first * (most - others), 1)
    wrong = content.replace(first, first * (most - others + 1), 1)

    assert [] == _found(right)
    assert [rule] == [found[0] for found in _found(wrong)]


def test_two_kinds_of_lines_in_one_file_are_found():
    line = _part(LEDGER, b"accountsReceivableLedger")
    other = line.replace(b"accountsReceivableLedger", b"accountsPayableLedger")
    other = other.replace(b"customerName", b"supplierName").replace(b"customerCity", b"supplierCity")

    found = _found(LEDGER.replace(line, line + other, 1))

    assert [("wrong_element", "accountsPayableLedger")] == [finding[:2] for finding in found]


def test_hints_for_xml_programs_are_no_fault():
    hint = (
        b'<LedgerImport xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b.xsd" '
    )

    assert [] == _found(LEDGER.replace(b"<LedgerImport ", hint, 1))


def test_a_long_text_of_cash_is_a_warning_because_the_cash_book_cuts_it():
    made = next(
        found
        for found in (ledger(random.Random(seed)) for seed in range(100))  # noqa: S311 - test data
        if found.kind is LedgerKind.CASH and len(found.lines) == 1
    )
    short, long = (
        replace(made, lines=(replace(made.lines[0], booking_text="x" * length),)) for length in (30, 31)
    )

    rules = [
        [finding.rule for finding in ledger_meaning(parse_xml(write_ledger(one), "file"), None)]
        for one in (short, long)
    ]

    assert [False, True] == ["text_cut" in found for found in rules]


def test_a_creditors_account_is_right_for_incoming_invoices_only():
    payable = LEDGER.replace(b"accountsReceivableLedger", b"accountsPayableLedger")
    payable = payable.replace(b"<bpAccountNo>1", b"<bpAccountNo>7")

    assert [] == ledger_meaning(parse_xml(payable, "file"), None)


def test_links_name_file_kind_and_month():
    links = archive_links(parse_xml(ARCHIVE, "file"))

    assert [
        ("Rechnungsdaten_RA_PD-42.xml", "accountsReceivableLedger", "2026-11", True),
        ("Rechnungsbild_RA_PD-42.pdf", "File", None, False),
    ] == [(link.file, link.kind, link.month, link.is_ledger) for link in links]


def test_a_file_that_is_named_twice_is_found():
    links = [Link("a.pdf", "File", None, 1, "first"), Link("a.pdf", "File", None, 2, "second")]

    assert [("file_named_twice", "second")] == [
        (finding.rule, finding.path) for finding in link_findings(links, ["a.pdf"])
    ]


@pytest.mark.parametrize("blank", [b"\n", b" ", b"<!-- a -->\n"])
@pytest.mark.parametrize("name", [b"property", b"extension"])
def test_an_element_that_holds_nothing_takes_not_even_a_blank(name, blank):
    start = ARCHIVE.index(b"<property") if name == b"property" else ARCHIVE.index(b'xsi:type="File"')
    end = ARCHIVE.index(b"/>", start)
    filled = ARCHIVE[:end] + b">" + blank + b"</" + name + b">" + ARCHIVE[end + 2 :]
    emptied = ARCHIVE[:end] + b"></" + name + b">" + ARCHIVE[end + 2 :]

    assert [] == _found(emptied)
    assert [("stray_text", name.decode())] == [found[:2] for found in _found(filled)]
