"""The credit note as a document: called Rechnungskorrektur, naming its invoice, asking for no money."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from connector.invoice.contents import check_contents
from connector.invoice.pdf import make_invoice_pdf
from tests.unit.invoice.invoices import CREATED_AT, DOMESTIC, SELLER, STANDARD, line

CREDIT_NOTE = replace(
    DOMESTIC,
    corrects="PD-2026-17",
    due_date=None,
    lines=(line(quantity=Decimal("-12.5"), net=Decimal("-1000.00")),),
    tax_breakdown=(
        replace(STANDARD, net=Decimal("-1000.00"), tax=Decimal("-190.00"), gross=Decimal("-1190.00")),
    ),
    net=Decimal("-1000.00"),
    tax=Decimal("-190.00"),
    gross=Decimal("-1190.00"),
)


def _reader(invoice):
    return PdfReader(BytesIO(make_invoice_pdf(invoice, seller=SELLER, created_at=CREATED_AT)))


def _pages(invoice):
    return [" ".join(page.extract_text().split()) for page in _reader(invoice).pages]


@pytest.mark.parametrize(
    "statement",
    [
        "Rechnungskorrektur PD-2026-42",
        "Belegnummer PD-2026-42",
        "Belegdatum 05.11.2026",
        "Zur Rechnung PD-2026-17",
        "Wir berichtigen unsere Rechnung PD-2026-17 wie folgt.",
        "\N{MINUS SIGN}12,5 Std.",
        "Summe netto \N{MINUS SIGN}1.000,00 €",
        "Umsatzsteuer 19 % auf \N{MINUS SIGN}1.000,00 € \N{MINUS SIGN}190,00 €",
        "Korrekturbetrag \N{MINUS SIGN}1.190,00 €",
        "Zu Ihren Gunsten: 1.190,00 €.",
    ],
)
def test_a_credit_note_states(statement):
    assert statement in " ".join(_pages(CREDIT_NOTE))


@pytest.mark.parametrize("word", ["Gutschrift", "Bitte überweisen", "Rechnungsbetrag", "Rechnungsnummer"])
def test_a_credit_note_never_says(word):
    assert word not in " ".join(_pages(CREDIT_NOTE))


def test_it_is_called_so_on_every_page_and_in_the_file_s_properties():
    long = replace(CREDIT_NOTE, lines=tuple(replace(CREDIT_NOTE.lines[0], position=n) for n in range(1, 60)))

    _, *others = _pages(long)

    assert "Rechnungskorrektur PD-2026-42" == _reader(CREDIT_NOTE).metadata.title
    assert others
    assert all("Beispiel Software GmbH · Rechnungskorrektur PD-2026-42" in page for page in others)


def test_an_invoice_says_nothing_of_corrections():
    assert "Rechnungskorrektur" not in " ".join(_pages(DOMESTIC))
    assert "Zur Rechnung" not in " ".join(_pages(DOMESTIC))


def test_a_complete_credit_note_passes_the_gate_and_one_without_its_invoice_does_not():
    assert [] == check_contents(CREDIT_NOTE, SELLER)
    assert ["corrected_document_missing"] == [
        problem.code for problem in check_contents(replace(CREDIT_NOTE, corrects=" "), SELLER)
    ]
