"""Parts of a bundle that do not belong together make no invoice."""

from typing import Any

import pytest

from connector.accounting.terms import BookingTerms
from connector.errors import DataError
from connector.pipedrive.sale import read_sale
from tests.unit.pipedrive import bundles

TERMS = BookingTerms("skr03")
RATE = {"type": "percentage", "amount": 10}


def told(**parts: Any) -> list[tuple[str, str]]:
    """What is wrong with our deal 42 of the organization 17 once these parts are changed."""
    made = {
        "deal": bundles.deal(id=42, org_id=17, person_id=4),
        "organization": bundles.organization(),
        "person": bundles.person(),
        "products": [bundles.line(id=1)],
        **bundles.DEFINITIONS,
        **parts,
    }
    try:
        read_sale(made, config=bundles.PLAIN, terms=TERMS, document_number="1")
    except DataError as e:
        return [(problem.code, problem.field) for problem in e.problems]
    return []


def test_what_belongs_together_is_read() -> None:
    lines = [bundles.line(id=1, deal_id=42), bundles.line(id="2", deal_id="42"), bundles.line(id=None)]

    assert [] == told(products=lines, discounts=[{"id": "a", **RATE}, {"id": "b", **RATE}])


@pytest.mark.parametrize("found", [99, "99"])
def test_an_invoice_does_not_go_to_a_buyer_that_the_deal_is_not_linked_to(found: Any) -> None:
    assert [("buyer_differs", "organization.id")] == told(organization=bundles.organization(id=found))
    assert [("buyer_differs", "person.id")] == told(person=bundles.person(id=found))


@pytest.mark.parametrize("named", [43, "43", "x", {"id": 42}, True])
def test_a_line_discount_or_instalment_of_another_deal_is_not_booked_here(named: Any) -> None:
    rate = {"id": 1, "amount": 201, "billing_date": "2027-03-01", "deal_id": named}

    assert [
        ("record_of_other_deal", "products.deal_id"),
        ("record_of_other_deal", "discounts.deal_id"),
        ("record_of_other_deal", "installments.deal_id"),
    ] == told(
        products=[bundles.line(deal_id=named)],
        discounts=[{"id": "a", "deal_id": named, **RATE}],
        installments=[rate],
    )


@pytest.mark.parametrize("again", [1, "1"])
@pytest.mark.parametrize("frequency", ["one-time", "monthly"])
def test_a_line_that_stands_twice_is_not_billed_twice(again: Any, frequency: str) -> None:
    lines = [
        bundles.line(id=found, billing_frequency=frequency, billing_frequency_cycles=2)
        for found in (1, again)
    ]

    assert [("record_twice", "products.id")] == told(products=lines)


def test_a_discount_that_stands_twice_does_not_count_twice() -> None:
    assert [("record_twice", "discounts.id")] == told(discounts=[{"id": "a", **RATE}, {"id": "a", **RATE}])


def test_two_products_with_one_id_tell_nothing_about_a_line() -> None:
    product = {"id": 5, "name": "A", "code": "A"}

    assert [] == told(catalog=[product, dict(product)])
    assert [("record_twice", "catalog.id")] == told(catalog=[product, {**product, "code": "B"}])
