"""What DATEV checks beyond its schemas: one fact changed, one finding."""

import pytest

from connector.datev.dxso import render_package
from connector.datev.dxso.archive_meaning import archive_meaning
from connector.datev.dxso.ledger_meaning import ledger_meaning
from connector.datev.dxso.shape_check import shape_findings
from connector.datev.dxso.xml import parse_xml
from tests.unit.datev.dxso.packages import DISTANCE_SALE, HEADER, INVOICE

PACKAGE = render_package(HEADER, [INVOICE])
LEDGER = PACKAGE.ledgers[0].content
ARCHIVE = PACKAGE.document_xml.content
OSS = render_package(HEADER, [DISTANCE_SALE]).ledgers[0].content


def _found(content, meaning, *changes):
    for old, new in changes:
        assert old in content, old
        content = content.replace(old, new, 1)
    root = parse_xml(content, "file")
    assert [] == shape_findings(root), "the schema takes it, so only the meaning can find it"
    return [(finding.rule, finding.field, str(finding.severity)) for finding in meaning(root)]


def _ledger(*changes, content=LEDGER):
    return _found(content, lambda root: ledger_meaning(root, None), *changes)


def _archive(*changes):
    return _found(ARCHIVE, archive_meaning, *changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([(b"<amount>1190.00", b"<amount>1190.01")], [("sum_differs", "consolidatedAmount", "error")]),
        (
            [(b"<date>2026-11-05", b"<date>2026-11-06")],
            [("line_differs", "consolidatedDate", "error")],
        ),
        (
            [(b'CurrencyCode="EUR"', b'CurrencyCode="CHF"')],
            [("line_differs", "consolidatedCurrencyCode", "error")],
        ),
        (
            [(b"<dueDate>", b"<exchangeRate>1.100000</exchangeRate><dueDate>")],
            [("rate_without_currency", "exchangeRate", "warning")],
        ),
        (
            [(b"<dueDate>", b"<discountPercentage>2.00</discountPercentage><dueDate>")],
            [("discount_incomplete", "discountPercentage", "error")],
        ),
        (
            [(b"</amount>", b"</amount><discountAmount>1190.00</discountAmount>")],
            [("discount_too_large", "discountAmount", "error")],
        ),
        (
            [(b"<dueDate>", b"<paymentConditionsId>10</paymentConditionsId><dueDate>")],
            [("payment_terms_twice", "paymentConditionsId", "error")],
        ),
        (
            [
                (
                    b"<dueDate>2026-11-19</dueDate>",
                    b"<paymentConditionsId>9</paymentConditionsId><paymentOrder>1</paymentOrder>",
                )
            ],
            [("payment_order_blocked", "paymentOrder", "error")],
        ),
        (
            [(b"</bpAccountNo>", b"</bpAccountNo><deliveryDate>2026-11-06</deliveryDate>")],
            [("delivery_after_invoice", "deliveryDate", "warning")],
        ),
        ([(b"<bpAccountNo>1", b"<bpAccountNo>7")], [("wrong_partner_account", "bpAccountNo", "warning")]),
        (
            [(b"</accountNo>", b"</accountNo><buCode>231</buCode>")],
            [("vat_id_missing", "vatId", "warning")],
        ),
        (
            [(b"</accountNo>", b"</accountNo><buCode>240</buCode>")],
            [("distance_sale_incomplete", "buCode", "warning")],
        ),
    ],
)
def test_a_fact_of_a_ledger_that_datev_would_refuse_or_ignore_is_found(changes, expected):
    assert expected == _ledger(*changes)


def test_an_empty_number_of_the_invoice_is_a_warning():
    found = _ledger((b' consolidatedInvoiceId="PD-42"', b""), (b"<invoiceId>PD-42", b"<invoiceId>"))

    assert [("invoice_id_empty", "invoiceId", "warning")] == found


@pytest.mark.parametrize("element", [b"tax", b"ownVatId", b"shipFromCountry", b"shipToCountry"])
def test_a_distance_sale_without_one_of_its_facts_is_found(element):
    start = OSS.index(b"<" + element + b">")
    end = OSS.index(b"</" + element + b">") + len(element) + 3

    assert [] == _ledger(content=OSS)
    assert [("distance_sale_incomplete", "buCode", "warning")] == _ledger((OSS[start:end], b""), content=OSS)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([(b' type="2"', b' type="1"')], [("wrong_type", "type", "error")]),
        ([(b' type="2"', b' type="2" processID="1"')], [("inbox_with_data", "processID", "error")]),
        ([(b'<property value="2026-11" key="1"/>', b"")], [("missing", "property 1", "error")]),
        ([(b'value="2026-11"', b'value="11/2026"')], [("bad_value", "property 1", "error")]),
        ([(b'<property value="Ausgangsrechnungen" key="3"/>', b"")], [("missing", "property 3", "error")]),
        (
            [(b'xsi:type="File"', b'xsi:type="SEPAFile"')],
            [("guid_without_file", "guid", "warning")],
        ),
    ],
)
def test_a_fact_of_document_xml_that_datev_would_refuse_or_ignore_is_found(changes, expected):
    assert expected == _archive(*changes)


def test_two_documents_of_one_guid_are_found():
    start, end = ARCHIVE.index(b"<document "), ARCHIVE.index(b"</document>") + len(b"</document>")
    document = ARCHIVE[start:end]

    assert [("guid_twice", "guid", "error")] == _archive((document, document * 2))


def test_two_ledgers_in_one_document_are_found():
    start, end = ARCHIVE.index(b"<extension "), ARCHIVE.index(b"</extension>") + len(b"</extension>")
    extension = ARCHIVE[start:end]

    assert [("data_twice", "extension", "error")] == _archive((extension, extension * 2))


def test_a_value_that_breaks_its_own_rule_is_not_told_again_by_the_sums():
    root = parse_xml(LEDGER.replace(b"<amount>1190.00", b"<amount>1190", 1), "file")

    assert [] == ledger_meaning(root, None)
    assert ["bad_value"] == [finding.rule for finding in shape_findings(root)]
