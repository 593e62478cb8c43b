"""What an invoice shows is told from how it is booked and from what nobody sees."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.invoice import Invoice, InvoiceLine, TaxGroup
from connector.accounting.party import Address, Party
from connector.pipeline.content import Content, content_hash, content_of, differences

LINE = InvoiceLine(
    position=1,
    name="Beratung",
    description="vor Ort",
    quantity=Decimal("2.00"),
    unit="Std.",
    unit_price=Decimal("100.50"),
    discount_text="10 %",
    net=Decimal("180.90"),
    tax_rate=Decimal(19),
    tax_case="domestic_19",
)
GROUP = TaxGroup(
    tax_case="domestic_19",
    tax_rate=Decimal("19.0"),
    net=Decimal("180.90"),
    tax=Decimal("34.37"),
    gross=Decimal("215.27"),
    revenue_account=8400,
    tax_key="",
)
INVOICE = Invoice(
    document_number="PD-7",
    document_date=date(2026, 3, 4),
    service_date=None,
    service_period_end=None,
    due_date=date(2026, 3, 18),
    currency="EUR",
    exchange_rate=None,
    buyer=Party("organization:17", "Muster GmbH", Address("Weg 1", "", "10115", "Berlin", "DE")),
    title="Projekt",
    order_number="",
    lines=(LINE,),
    discount_total=Decimal(0),
    tax_breakdown=(GROUP,),
    net=Decimal("180.90"),
    tax=Decimal("34.37"),
    gross=Decimal("215.27"),
)
SHOWN = {
    "Document number": "PD-7",
    "Buyer": "Muster GmbH",
    "Address": "Weg 1, 10115 Berlin, DE",
    "Document date": "2026-03-04",
    "Due date": "2026-03-18",
    "Currency": "EUR",
    "Line 1": "Beratung - vor Ort, 2 Std. x 100.50, less 10 %, net 180.90, tax 19 % (domestic_19)",
    "Tax 19 % (domestic_19)": "34.37 on 180.90",
    "Net": "180.90",
    "Tax": "34.37",
    "Gross": "215.27",
}


def shown(**changes: Any) -> Content:
    return content_of(replace(INVOICE, **changes), named=True)


def test_an_invoice_is_shown_piece_by_piece_without_what_is_empty() -> None:
    assert SHOWN == shown()


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Umbenannt"},
        {"buyer": replace(INVOICE.buyer, contact="Erika", email="e@example.org", debtor_number="10017")},
        {"tax_breakdown": (replace(GROUP, revenue_account=8401, tax_key="3", cost_centre_1="100"),)},
        {"lines": (replace(LINE, quantity=Decimal(2), net=Decimal("180.900")),)},
        {
            "tax_breakdown": (
                replace(GROUP, net=Decimal("80.90"), tax=Decimal("15.37"), revenue_account=8410),
                replace(GROUP, net=Decimal(100), tax=Decimal(19)),
            )
        },
    ],
    ids=["title", "contact", "accounts", "equal numbers", "one rate on two accounts"],
)
def test_what_no_invoice_shows_makes_no_other_content(changes: dict[str, Any]) -> None:
    assert content_hash(shown()) == content_hash(shown(**changes))


@pytest.mark.parametrize(
    ("changes", "pieces"),
    [
        ({"due_date": None}, [("Due date", "2026-03-18", "nothing")]),
        ({"service_date": date(2026, 3, 1)}, [("Service date", "nothing", "2026-03-01")]),
        ({"currency": "USD"}, [("Currency", "EUR", "USD")]),
        ({"gross": Decimal("215.28")}, [("Gross", "215.27", "215.28")]),
        ({"buyer": replace(INVOICE.buyer, vat_id="DE136695976")}, [("VAT id", "nothing", "DE136695976")]),
        ({"lines": ()}, [("Line 1", SHOWN["Line 1"], "nothing")]),
    ],
)
def test_what_changed_is_named_with_both_versions(
    changes: dict[str, Any], pieces: list[tuple[str, str, str]]
) -> None:
    assert pieces == differences(shown(), shown(**changes))
    assert content_hash(shown()) != content_hash(shown(**changes))


def test_the_line_of_a_deal_without_lines_does_not_carry_the_title() -> None:
    lines = [(replace(LINE, name=title, description=""),) for title in ("Projekt", "Umbenannt")]
    before, now = (content_of(replace(INVOICE, lines=line), named=False) for line in lines)

    assert [] == differences(before, now)


def test_a_deal_that_is_no_invoice_is_one_piece_beside_the_invoice() -> None:
    assert [("Deal", "as invoice PD-7 over 215.27 EUR", "open, not won")] == differences(
        shown(), {"Deal": "open, not won"}
    )
    assert [] == differences({"Deal": "open, not won"}, {"Deal": "open, not won"})
