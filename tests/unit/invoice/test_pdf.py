"""The PDF: everything that §14 (4) UStG wants can be read in it, on every page what belongs there."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from babel import Locale
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from connector.accounting.party import Address, Party
from connector.invoice import fonts
from connector.invoice.choose import pdf_unreadable
from connector.invoice.german import country_name
from connector.invoice.pdf import make_invoice_pdf
from connector.tenants.config import SellerConfig
from tests.unit.invoice.invoices import (
    CREATED_AT,
    DOMESTIC,
    REVERSE_CHARGE,
    REVERSE_CHARGE_NOTE,
    SELLER,
    STANDARD,
    line,
)


def _pages(invoice, seller=SELLER):
    data = make_invoice_pdf(invoice, seller=seller, created_at=CREATED_AT)
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(data)).pages]


def _text(invoice, seller=SELLER):
    return " ".join(_pages(invoice, seller))


@pytest.mark.parametrize(
    "statement",
    [
        "Beispiel Software GmbH · Hauptstraße 12 · 90402 Nürnberg",
        "Muster Möbel GmbH Frau Żaneta Ćwik Hinterhaus Nelkenweg 7 10115 Berlin",
        "Steuernummer 241/123/45678",
        "USt-IdNr. DE123456788",
        "Rechnungsnummer PD-2026-42",
        "Rechnungsdatum 05.11.2026",
        "Leistungszeitraum 01.10.2026 – 31.10.2026",
        "Fällig am 19.11.2026",
        "Auftrag PO-4711",
        "Website 2026",
        "Beratung Prozessautomatisierung",
        "Workshop und Konzept",
        "12,5 Std.",
        "80,00",
        "1.000,00",
        "Fachbuch „DATEV“",
        "10 %",
        "Summe netto 1.067,50 €",
        "Umsatzsteuer 19 % auf 1.000,00 € 190,00 €",
        "Umsatzsteuer 7 % auf 67,50 € 4,73 €",
        "Rechnungsbetrag 1.262,23 €",
        "Bitte überweisen Sie 1.262,23 € bis zum 19.11.2026 auf das Konto IBAN DE02 7605 0101 0001 2345 67",
        "Verwendungszweck: PD-2026-42.",
        "AG Nürnberg HRB 12345",
        "Seite 1 von 1",
    ],
)
def test_a_domestic_invoice_states(statement):
    assert statement in _text(DOMESTIC)


@pytest.mark.parametrize(
    "statement",
    [
        "Ring 1 1010 Wien ÖSTERREICH",
        REVERSE_CHARGE_NOTE,
        "USt-IdNr. des Leistungsempfängers: ATU12345675, USt-IdNr. des leistenden Unternehmers: DE123456788",
        "Umsatzsteuer 0 % auf 1.000,00 € 0,00 €",
        "Rechnungsbetrag 1.000,00 €",
        "Leistungsdatum 05.11.2026",
        "Bitte überweisen Sie 1.000,00 € auf das Konto",
    ],
)
def test_a_reverse_charge_invoice_states(statement):
    assert statement in _text(REVERSE_CHARGE)


def test_one_day_of_service_is_a_date_not_a_period():
    invoice = replace(DOMESTIC, service_period_end=DOMESTIC.service_date)

    assert "Leistungsdatum 01.10.2026" in _text(invoice)


def test_groups_of_one_rate_are_one_row_for_the_buyer():
    other = replace(
        STANDARD, net=Decimal("10.00"), tax=Decimal("1.90"), gross=Decimal("11.90"), revenue_account=8405
    )

    text = _text(replace(DOMESTIC, tax_breakdown=(STANDARD, other)))

    assert "Umsatzsteuer 19 % auf 1.010,00 € 191,90 €" in text
    assert 1 == text.count("Umsatzsteuer 19 %")


def test_a_discount_on_the_whole_deal_is_stated():
    text = _text(replace(DOMESTIC, discount_total=Decimal("50.00")))

    assert "In den Beträgen ist ein Nachlass von netto 50,00 € bereits berücksichtigt." in text


def test_tax_in_a_foreign_currency_is_also_told_in_euro():
    invoice = replace(DOMESTIC, currency="CHF", exchange_rate=Decimal("0.9412"))

    text = _text(invoice)

    assert "Rechnungsbetrag 1.262,23 CHF" in text
    assert "Umsatzsteuer in Euro (1 € = 0,9412 CHF) 206,90 €" in text


def test_a_person_is_addressed_by_first_and_last_name():
    person = Party(
        "person:4",
        "",
        Address("Allee 3", "", "10115", "Berlin", "DE"),
        is_organization=False,
        first_name="Erika",
        last_name="Mustermann",
    )

    assert "Erika Mustermann Allee 3" in _text(replace(DOMESTIC, buyer=person))


def test_without_a_due_date_and_bank_nothing_is_made_up():
    seller = SellerConfig("Beispiel", "Weg 1", "1", "Ort", tax_number="1/2")

    text = _text(replace(DOMESTIC, due_date=None), seller)

    assert "Bitte überweisen Sie 1.262,23 €. Verwendungszweck: PD-2026-42." in text
    for absent in ("Fällig", "IBAN", "Bankverbindung", "Kontakt", "USt-IdNr"):
        assert absent not in text


@pytest.mark.parametrize(
    ("country", "vat_id", "printed"),
    [
        ("DE", "KEINE", ""),
        ("DE", "DE136695977", ""),
        ("DE", "ATU12345675", "ATU12345675"),
        ("AT", "atu 123 456 75", "ATU12345675"),
        ("BE", "BE403019261", "BE0403019261"),
        ("CH", "CHE-107.787.577 MWST", "CHE-107.787.577 MWST"),
        ("CH", "KEINE", ""),
        ("CH", "DE136695977", ""),
    ],
)
def test_only_what_is_a_vat_id_is_printed_as_the_buyers(country: str, vat_id: str, printed: str) -> None:
    buyer = replace(
        REVERSE_CHARGE.buyer, vat_id=vat_id, address=replace(REVERSE_CHARGE.buyer.address, country=country)
    )

    text = _text(replace(REVERSE_CHARGE, buyer=buyer))

    assert (1 if printed else 0) == text.count("Ihre USt-IdNr.")
    assert (2 if printed else 0) == text.count(printed or vat_id)
    assert bool(printed) == ("USt-IdNr. des Leistungsempfängers" in text)


def test_names_from_all_of_europe_are_printed_as_they_are():
    buyer = replace(DOMESTIC.buyer, name="Łódź Şahin Čapek Ősz Ελλάς Жук")

    assert "Łódź Şahin Čapek Ősz Ελλάς Жук" in _text(replace(DOMESTIC, buyer=buyer))


def test_a_long_table_goes_on_with_its_heading_on_every_page():
    lines = tuple(line(n, name=f"Leistung {n}") for n in range(1, 81))

    pages = _pages(replace(DOMESTIC, lines=lines))

    assert 3 == len(pages)
    for number, page in enumerate(pages, 1):
        assert f"Seite {number} von 3" in page
        assert "Bezeichnung" in page
    assert all("Rechnung PD-2026-42" in page for page in pages)
    text = " ".join(pages)
    assert [n for n in range(1, 81) if f"Leistung {n} " not in text] == []


def test_a_description_longer_than_a_page_loses_nothing():
    words = " ".join(f"Wort{n}" for n in range(1200))

    text = _text(replace(DOMESTIC, lines=(line(description=words), line(2, name="Danach"))))

    assert [n for n in range(1200) if f"Wort{n}" not in text] == []
    assert "Danach" in text


def test_long_names_and_large_amounts_still_fit_the_sheet():
    invoice = replace(
        DOMESTIC,
        document_number="X" * 36,
        buyer=replace(DOMESTIC.buyer, name="Gesellschaft für " * 20),
        lines=(
            line(
                quantity=Decimal("123456.789"),
                unit="Personentage",
                unit_price=Decimal("9999999.99"),
                net=Decimal("9999999999.99"),
            ),
        ),
    )

    text = _text(invoice, replace(SELLER, name="Beispiel " * 20))

    assert "123.456,789 Personentage" in text
    assert "9.999.999.999,99" in text
    assert "X" * 36 in text


def _sizes(invoice):
    """Words of the first page → the sizes in points in which they are printed."""
    found = {}
    data = make_invoice_pdf(invoice, seller=SELLER, created_at=CREATED_AT)
    page = PdfReader(BytesIO(data)).pages[0]

    def keep(text, _cm, _tm, _font, size):
        if text.strip():
            found.setdefault(" ".join(text.split()), set()).add(size)

    page.extract_text(visitor_text=keep)
    return found


BOTH_DISCOUNTS = replace(
    DOMESTIC,
    lines=(
        line(discount_text="10 %; anteiliger Nachlass 1043,27", description="Workshop"),
        line(2, name="Nur Nachlass", discount_text="anteiliger Nachlass 0,50"),
        line(3, name="Nur Rabatt", discount_text="12,5 %"),
        line(4, name="Betrag", discount_text="1234567,50", unit_price=Decimal("1234567890.1234")),
    ),
)


def test_the_share_of_the_deal_s_discount_stands_under_the_name_not_in_the_discount_column():
    text = _text(BOTH_DISCOUNTS)

    assert "anteiliger Nachlass 1.043,27 €" in text
    assert "anteiliger Nachlass 0,50 €" in text
    assert 2 == text.count("Nachlass 1.043") + text.count("Nachlass 0,50")
    assert "80,00 10 % 19 % 1.000,00" in text
    assert "80,00 12,5 % 19 % 1.000,00" in text
    assert ";" not in text


def test_nothing_in_the_table_is_printed_smaller_than_its_column():
    sizes = _sizes(BOTH_DISCOUNTS)

    assert {9.5} == sizes["10 %"] | sizes["12,5 %"] | sizes["1234567,50"] | sizes["1.234.567.890,1234"]
    assert {7.5} == sizes["Workshop"] | sizes["anteiliger Nachlass 1.043,27 €"]


def test_a_unit_without_end_leaves_room_for_the_other_columns():
    text = _text(replace(DOMESTIC, lines=(line(unit="x" * 300, discount_text="10 %"),)))

    assert 300 == text.count("x") - _text(replace(DOMESTIC, lines=(line(unit=""),))).count("x")
    assert "Beratung" in text


def test_the_same_invoice_gives_the_same_bytes():
    first = make_invoice_pdf(DOMESTIC, seller=SELLER, created_at=CREATED_AT)

    assert first == make_invoice_pdf(DOMESTIC, seller=SELLER, created_at=CREATED_AT)
    assert first != make_invoice_pdf(
        replace(DOMESTIC, document_date=date(2026, 11, 6)), seller=SELLER, created_at=CREATED_AT
    )


@pytest.mark.parametrize("name", ["Müller", "Țepeș", "Ελλάς", "a\N{NO-BREAK SPACE}b", "zero\u200bwidth"])
def test_the_same_invoice_gives_the_same_bytes_whatever_letters_it_has(name):
    invoice = replace(DOMESTIC, buyer=replace(DOMESTIC.buyer, name=name))

    assert 1 == len({make_invoice_pdf(invoice, seller=SELLER, created_at=CREATED_AT) for _ in range(2)})


def test_the_reasons_of_a_booking_are_not_printed_and_cost_no_letters():
    """Our reasons have an arrow, with which every invoice would be set in the whole typeface."""
    groups = tuple(replace(group, why=("rate 19 → 8400",)) for group in DOMESTIC.tax_breakdown)
    reasoned = replace(DOMESTIC, tax_breakdown=groups, why=("RE 17 → RE-17",))

    made = [make_invoice_pdf(one, seller=SELLER, created_at=CREATED_AT) for one in (DOMESTIC, reasoned)]

    assert made[0] == made[1]


def test_threads_make_the_same_file_at_once():
    with ThreadPoolExecutor(4) as pool:
        made = [
            pool.submit(make_invoice_pdf, DOMESTIC, seller=SELLER, created_at=CREATED_AT) for _ in range(4)
        ]

    assert 1 == len({future.result() for future in made})


def test_invoices_leave_no_files_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    make_invoice_pdf(DOMESTIC, seller=SELLER, created_at=CREATED_AT)

    assert [] == list(tmp_path.iterdir())


def test_our_own_words_get_by_with_the_letters_that_every_invoice_has():
    """A country's name is not written by others, so nobody looks whether its letters are everyday ones."""
    codes = [code for code in Locale("de").territories if len(code) == 2 and code.isalpha()]
    with TTFont(BytesIO(fonts._everyday_font(""))) as font:
        known = font.getBestCmap()

    assert len(codes) > 200
    assert {} == {
        code: missing
        for code in codes
        if (missing := [letter for letter in country_name(code).upper() if ord(letter) not in known])
    }


def test_the_file_says_what_it_is():
    data = make_invoice_pdf(DOMESTIC, seller=SELLER, created_at=CREATED_AT)
    properties = PdfReader(BytesIO(data)).metadata

    assert pdf_unreadable(data, "Rechnung.pdf") is None
    assert ("Rechnung PD-2026-42", "Beispiel Software GmbH", CREATED_AT) == (
        properties.title,
        properties.author,
        properties.creation_date,
    )
