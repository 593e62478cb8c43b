"""Invoices to a package: golden files, the mapping element by element, refusals."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from connector.accounting.posting import Side
from connector.datev.dxso import check_package, render_package
from connector.datev.dxso.package import file_names
from connector.errors import DataError
from tests.unit.datev.dxso.packages import ABROAD, ALL, CREDIT_NOTE, DISTANCE_SALE, HEADER, INVOICE

GOLDEN = Path(__file__).parent / "golden"


def _consolidate(document):
    package = render_package(HEADER, [document])
    return etree.fromstring(package.ledgers[0].content)[0]


def _line(document, number=1):
    line = _consolidate(document)[number - 1]
    return {etree.QName(child).localname: child.text for child in line}


def _with_posting(document=INVOICE, **changes):
    return replace(document, postings=(replace(document.postings[0], **changes),))


def _problems(*documents, header=HEADER):
    with pytest.raises(DataError) as caught:
        render_package(header, documents)
    return [(problem.code, problem.field) for problem in caught.value.problems]


def test_the_golden_package_comes_out_byte_for_byte():
    package = render_package(HEADER, ALL)

    made = {file.name: file.content for file in (package.document_xml, *package.ledgers)}
    kept = {path.name: path.read_bytes() for path in GOLDEN.glob("*.xml")}
    assert kept == made


def test_a_package_of_ours_passes_our_own_check():
    assert [] == check_package(render_package(HEADER, ALL))


def test_every_pdf_has_its_name():
    package = render_package(HEADER, ALL)

    assert "Rechnungsbild_RA_PD-42.pdf" == package.pdf_name(INVOICE.guid)
    assert "Rechnungsbild_RA_GS-7.pdf" == package.pdf_name(CREDIT_NOTE.guid)


def test_the_same_invoices_give_the_same_package():
    assert render_package(HEADER, ALL) == render_package(HEADER, ALL)


def test_a_line_of_a_domestic_invoice_is_exact():
    assert {
        "date": "2026-11-05",
        "amount": "1190.00",
        "accountNo": "8400",
        "tax": "19.00",
        "information": "Pipedrive-Deal: 42",
        "currencyCode": "EUR",
        "invoiceId": "PD-42",
        "bookingText": "Muster Möbel GmbH Website",
        "partyId": "PD-O-17",
        "dueDate": "2026-11-19",
        "bpAccountNo": "10000",
        "customerName": "Muster Möbel GmbH",
        "customerCity": "Nürnberg",
    } == _line(INVOICE)


def test_what_all_lines_share_stands_above_them():
    assert {
        "consolidatedAmount": "1200.70",
        "consolidatedDate": "2026-11-05",
        "consolidatedInvoiceId": "PD-42",
        "consolidatedCurrencyCode": "EUR",
    } == dict(_consolidate(INVOICE).attrib)


def test_a_credit_note_is_negative_and_names_the_person():
    line = _line(CREDIT_NOTE)

    assert ("-1190.00", "Erika Mustermann", "A-1") == (line["amount"], line["customerName"], line["orderId"])
    attributes = _consolidate(CREDIT_NOTE).attrib
    assert ("-1190.00", "A-1") == (attributes["consolidatedAmount"], attributes["consolidatedOrderId"])


def test_a_mixed_invoice_adds_up_with_signs():
    document = replace(
        INVOICE,
        postings=(
            INVOICE.postings[0],
            replace(INVOICE.postings[1], side=Side.CREDIT, amount=Decimal("0.01")),
        ),
    )

    assert "1189.99" == _consolidate(document).get("consolidatedAmount")


def test_a_service_to_an_eu_business_carries_its_vat_id():
    line = _line(ABROAD)

    assert ("ATU12345678", "0.00") == (line["vatId"], line["tax"])
    assert ("CHF", "0.941200") == (line["currencyCode"], line["exchangeRate"])
    assert ("100", "KST 7", "2026-11-01") == (
        line["costCategoryId"],
        line["costCategoryId2"],
        line["deliveryDate"],
    )


def test_an_order_number_that_datev_would_refuse_goes_into_the_note():
    line = _line(ABROAD)

    assert "orderId" not in line
    assert "Auftrag: PO 4711 (neu); Pipedrive-Deal: 42" == line["information"]


def test_a_distance_sale_states_own_vat_id_both_countries_and_the_foreign_rate():
    line = _line(DISTANCE_SALE)

    assert ("DE123456788", "DE", "GR", "24.00", "240") == (
        line["ownVatId"],
        line["shipFromCountry"],
        line["shipToCountry"],
        line["tax"],
        line["buCode"],
    )
    assert "vatId" not in line


def test_a_delivery_after_the_invoice_is_not_written():
    assert "deliveryDate" not in _line(_with_posting(service_date=date(2026, 11, 6)))


def test_notes_that_do_not_fit_whole_are_left_out():
    line = _line(_with_posting(extra=(("a", "x" * 100), ("b", "y" * 30), ("c", "z"))))

    assert f"a: {'x' * 100}; c: z" == line["information"]


def test_a_persons_long_name_is_cut_to_the_length():
    debtor = replace(CREDIT_NOTE.debtor, first_name="x" * 30, last_name="y" * 30)

    assert "x" * 30 + " " + "y" * 19 == _line(replace(CREDIT_NOTE, debtor=debtor))["customerName"]


def test_numbers_that_look_alike_as_file_names_are_told_apart():
    names = file_names(["RE/1", "RE-1", "re*1", "RE-1-2"])

    assert ["RE-1", "RE-1-2", "re-1-3", "RE-1-2-2"] == [
        name.pdf.removeprefix("Rechnungsbild_RA_").removesuffix(".pdf") for name in names
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": Decimal("0.00")}, "amount"),
        ({"amount": Decimal("1.005")}, "amount"),
        ({"amount": Decimal(12345678901)}, "amount"),
        ({"contra_account": 0}, "accountNo"),
        ({"tax_key": "12345"}, "buCode"),
        ({"tax_rate": Decimal("19.125")}, "tax"),
        ({"tax_rate": Decimal(100)}, "tax"),
        ({"posting_text": "x" * 61}, "bookingText"),
        ({"posting_text": "a\x00b"}, "bookingText"),
        ({"cost_centre_1": " 1"}, "costCategoryId"),
        ({"cost_centre_2": "x" * 37}, "costCategoryId2"),
        ({"eu_vat": "FRX+123456789"}, "vatId"),
        ({"currency": "XCG"}, "currencyCode"),
        ({"currency": "CHF", "exchange_rate": Decimal("0.1234567")}, "exchangeRate"),
    ],
)
def test_a_value_that_datev_refuses_is_found_before_any_file_is_made(change, field):
    assert [("bad_value", field)] == _problems(_with_posting(**change))


def test_a_debtor_account_below_10000_is_refused():
    document = _with_posting(account=9999)

    assert [("bad_value", "bpAccountNo")] == _problems(
        replace(document, debtor=replace(document.debtor, account=9999))
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"document_number": "PD-43"}, "number"),
        ({"document_date": date(2026, 11, 6)}, "date"),
        ({"currency": "CHF"}, "currency"),
        ({"account": 10001}, "debtor account"),
    ],
)
def test_lines_of_one_invoice_must_agree(change, field):
    other = replace(INVOICE.postings[1], **change)

    assert [("lines_differ", field)] == _problems(replace(INVOICE, postings=(INVOICE.postings[0], other)))


def test_an_invoice_of_another_month_is_refused():
    document = replace(_with_posting(document_date=date(2026, 10, 31)), date=date(2026, 10, 31))

    assert [("document_date_outside_month", "date")] == _problems(document)


def test_an_invoice_without_postings_is_refused():
    assert [("line_count", "postings")] == _problems(replace(INVOICE, postings=()))


def test_a_package_without_documents_is_refused():
    assert [("document_count", "document")] == _problems()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"folder_name": ""}, "property 3"),
        ({"sender": "x" * 41}, "generator_info"),
        ({"generating_system": "\x07"}, "generatingSystem"),
    ],
)
def test_a_header_that_would_spoil_every_file_is_refused(change, field):
    assert [("bad_value", field)] == _problems(INVOICE, header=replace(HEADER, **change))


def test_a_guid_that_is_none_is_refused():
    assert [("bad_value", "guid")] == _problems(replace(INVOICE, guid="4711"))


def test_all_problems_of_all_documents_are_told_at_once():
    assert [("bad_value", "amount"), ("bad_value", "bookingText"), ("line_count", "postings")] == _problems(
        _with_posting(amount=Decimal(0), posting_text="x" * 61), replace(CREDIT_NOTE, postings=())
    )


def test_an_invoice_with_more_lines_than_datev_takes_is_refused_not_divided():
    postings = tuple(replace(INVOICE.postings[0], line=n + 1) for n in range(5001))

    assert [("line_count", "postings")] == _problems(replace(INVOICE, postings=postings))


def test_the_origin_of_a_distance_sale_is_the_posting_s_where_it_names_one():
    document = replace(
        DISTANCE_SALE,
        postings=tuple(replace(posting, origin_country="NL") for posting in DISTANCE_SALE.postings),
    )

    assert ("NL", "DE") == (_line(document)["shipFromCountry"], _line(DISTANCE_SALE)["shipFromCountry"])


@pytest.mark.parametrize("key", ["4O", "-1", "٣"])
def test_a_tax_key_that_is_no_number_is_refused(key):
    assert [("bad_value", "buCode")] == _problems(_with_posting(tax_key=key))


def test_an_invoice_without_number_is_refused_although_the_schema_takes_it():
    document = replace(_with_posting(document_number=""), number="")

    assert [("missing", "invoiceId")] == _problems(document)
