"""Our rules on packages of any origin: one fault in a right package, one problem; and no XML tricks."""

from dataclasses import replace

import pytest

from connector.datev.dxso import DxsoFile, check_package, render_package
from tests.unit.datev.dxso.packages import ABROAD, HEADER, INVOICE


@pytest.fixture
def package():
    return render_package(HEADER, [INVOICE])


def _with_ledger(package, old, new):
    ledger = package.ledgers[0]
    assert old in ledger.content.decode()
    changed = DxsoFile(ledger.name, ledger.content.replace(old.encode(), new.encode(), 1))
    return replace(package, ledgers=(changed,))


def _with_archive(package, old, new):
    content = package.document_xml.content
    assert old in content.decode()
    return replace(
        package, document_xml=DxsoFile("document.xml", content.replace(old.encode(), new.encode(), 1))
    )


def _found(package):
    return [(problem.code, problem.field) for problem in check_package(package)]


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ('consolidatedAmount="1200.70"', 'consolidatedAmount="1200.71"', "sum_differs", "consolidatedAmount"),
        ('consolidatedAmount="1200.70"', 'consolidatedAmount="1200.7"', "bad_value", "consolidatedAmount"),
        ('consolidatedAmount="1200.70" ', "", "missing", "consolidatedAmount"),
        ('consolidatedDate="2026-11-05" ', "", "missing", "consolidatedDate"),
        (
            'consolidatedInvoiceId="PD-42"',
            'consolidatedInvoiceId="PD-43"',
            "line_differs",
            "consolidatedInvoiceId",
        ),
        ('CurrencyCode="EUR"', 'CurrencyCode="CHF"', "line_differs", "consolidatedCurrencyCode"),
        ("<amount>1190.00", "<amount>0.00", "bad_value", "amount"),
        ("<amount>1190.00", "<amount>1190,00", "bad_value", "amount"),
        ("<amount>1190.00</amount>", "", "missing", "amount"),
        ("<date>2026-11-05", "<date>2026-02-30", "bad_value", "date"),
        ("<date>2026-11-05", "<date>05.11.2026", "bad_value", "date"),
        ("<accountNo>8400", "<accountNo>08400", "bad_value", "accountNo"),
        ("<tax>19.00", "<tax>19", "bad_value", "tax"),
        ("<invoiceId>PD-42", "<invoiceId>PD 42", "bad_value", "invoiceId"),
        ("<bookingText>", "<bookingText>" + "x" * 60, "bad_value", "bookingText"),
        ("<bpAccountNo>10000", "<bpAccountNo>1000", "bad_value", "bpAccountNo"),
        ("<customerCity>Nürnberg", "<customerCity>" + "x" * 31, "bad_value", "customerCity"),
        (
            "<customerCity>Nürnberg</customerCity>",
            "<customerTown>x</customerTown>",
            "unknown_element",
            "customerTown",
        ),
        ('generator_info="Beispiel Software GmbH" ', "", "missing", "generator_info"),
        ("Kopie nur zur", "Eine Kopie zur", "bad_value", "xml_data"),
        ('version="6.0"', 'version="5.0"', "bad_value", "version"),
        ("ledger/v060", "ledger/v050", "wrong_root", "Rechnungsdaten_RA_PD-42.xml"),
        ("generating_system=", "generating_System=", "unknown_attribute", "generating_System"),
        ("<tax>19.00</tax>", "", None, None),
    ],
)
def test_a_fault_in_a_ledger_file_is_the_only_problem_found(package, old, new, code, field):
    expected = [] if code is None else [(code, field)]

    assert expected == _found(_with_ledger(package, old, new))


def test_elements_in_the_wrong_order_are_found(package):
    text = package.ledgers[0].content.decode()
    first = text.index("<accountNo>")
    swapped = text[:first] + "<tax>19.00</tax>" + text[first:].replace("<tax>19.00</tax>", "", 1)

    changed = replace(package, ledgers=(DxsoFile(package.ledgers[0].name, swapped.encode()),))

    assert [("wrong_order", "accountNo")] == _found(changed)


def test_an_element_twice_is_found(package):
    assert [("wrong_order", "tax")] == _found(
        _with_ledger(package, "<tax>19.00</tax>", "<tax>19.00</tax><tax>19.00</tax>")
    )


def test_a_line_of_another_date_is_found(package):
    assert [("line_differs", "consolidatedDate")] == _found(
        _with_ledger(package, "<date>2026-11-05", "<date>2026-11-06")
    )


def test_lines_of_incoming_invoices_are_found(package):
    text = package.ledgers[0].content.decode().replace("accountsReceivableLedger", "accountsPayableLedger")
    changed = replace(package, ledgers=(DxsoFile(package.ledgers[0].name, text.encode()),))

    assert [("wrong_kind", "consolidate")] == [
        found for found in _found(changed) if found[1] not in ("customerName", "customerCity")
    ]


def test_a_ledger_without_lines_is_found(package):
    text = package.ledgers[0].content.decode()
    start, end = text.index("<accountsReceivableLedger>"), text.index("</consolidate>")
    changed = replace(
        package, ledgers=(DxsoFile(package.ledgers[0].name, (text[:start] + text[end:]).encode()),)
    )

    assert ["line_count"] == [code for code, _ in _found(changed)]


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ('value="2026-11"', 'value="2026-13"', "bad_value", "property 1"),
        ('value="2026-11"', 'value="2026-10"', "date_outside_month", "consolidatedDate"),
        ('value="Ausgangsrechnungen"', 'value=""', "bad_value", "value"),
        ('type="2"', 'type="1"', "wrong_type", "type"),
        ('type="2"', 'type="2" processID="1"', "inbox_with_data", "processID"),
        (' guid="3f0c5b1e', ' guid="3f0c', "bad_value", "guid"),
        ("T10:30:15", "T10:30:15Z", "bad_value", "date"),
        (
            "<clientNumber>1</clientNumber>",
            "<clientNumber>123456</clientNumber>",
            "bad_value",
            "clientNumber",
        ),
        ("document/v06.0", "document/v05.0", "wrong_root", "document.xml"),
        ("header>", "head>", None, None),
        ('xsi:type="File"', 'xsi:type="Invoice"', "data_twice", "extension"),
    ],
)
def test_a_fault_in_document_xml_is_found(package, old, new, code, field):
    changed = _with_archive(package, old, new)
    if code is None:
        assert ["xml_unreadable"] == [code for code, _ in _found(changed)]
    else:
        assert (code, field) in _found(changed)


def test_a_file_that_is_not_in_the_package_is_found(package):
    changed = replace(package, pdf_names=())

    assert [("file_missing", "file name")] == _found(changed)


def test_a_file_that_document_xml_does_not_name_is_found(package):
    changed = replace(package, pdf_names=(*package.pdf_names, ("x", "Rechnungsbild_RA_1.pdf")))

    assert [("file_not_named", "file name")] == _found(changed)


def test_a_name_that_differs_only_in_case_is_found():
    package = render_package(HEADER, [INVOICE, ABROAD])
    names = ((INVOICE.guid, "Rechnungsbild_RA_PD-44.PDF".replace("PDF", "pdf")), package.pdf_names[1])

    assert ("file_name_twice", "file name") in _found(replace(package, pdf_names=names))


@pytest.mark.parametrize("name", ["../x.pdf", "a b.pdf", "x.exe", "Rechnung\u00e4.pdf", "/etc/passwd"])
def test_an_unsafe_file_name_is_found(package, name):
    changed = replace(package, pdf_names=(*package.pdf_names, ("x", name)))

    assert ("bad_value", "file name") in _found(changed)


_BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]>
<LedgerImport xmlns="http://xml.datev.de/bedi/tps/ledger/v060">&c;</LedgerImport>"""
_FILE_READER = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>
<LedgerImport xmlns="http://xml.datev.de/bedi/tps/ledger/v060">&b;</LedgerImport>"""


@pytest.mark.parametrize("content", [_BOMB, _FILE_READER, b"", b"<a>", b"\xff\xfe\x00"])
def test_xml_that_is_broken_or_brings_entities_is_refused_unread(package, content):
    name = package.ledgers[0].name

    assert [("xml_unreadable", name)] == _found(replace(package, ledgers=(DxsoFile(name, content),)))


def test_a_broken_document_xml_is_refused(package):
    changed = replace(package, document_xml=DxsoFile("document.xml", b"<archive"))

    assert [("xml_unreadable", "document.xml")] == _found(changed)
