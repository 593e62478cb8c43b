"""Numbers, dates and countries as Germans write them."""

from datetime import date
from decimal import Decimal

import pytest

from connector.invoice.german import (
    amount_text,
    country_name,
    date_text,
    percent_text,
    price_text,
    quantity_text,
)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1234567.8", "EUR", "1.234.567,80\u00a0€"),
        ("-0.5", "EUR", "\u22120,50\u00a0€"),
        ("12", "CHF", "12,00\u00a0CHF"),
    ],
)
def test_an_amount_has_comma_points_and_currency(amount, currency, expected):
    assert expected == amount_text(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("price", "expected"),
    [("499", "499,00"), ("37.3832", "37,3832"), ("8.403361344", "8,4034"), ("0.5000", "0,50")],
)
def test_a_price_has_two_to_four_decimals(price, expected):
    assert expected == price_text(Decimal(price))


@pytest.mark.parametrize(
    ("quantity", "expected"), [("12.50", "12,5"), ("1E+3", "1.000"), ("0.125", "0,125"), ("3.000", "3")]
)
def test_a_quantity_has_no_idle_zeros(quantity, expected):
    assert expected == quantity_text(Decimal(quantity))


def test_a_rate_is_a_percentage():
    assert ("19\u00a0%", "5,5\u00a0%") == (percent_text(Decimal("19.00")), percent_text(Decimal("5.5")))


def test_a_day_is_written_from_small_to_large():
    assert "05.11.2026" == date_text(date(2026, 11, 5))


@pytest.mark.parametrize(("code", "expected"), [("AT", "Österreich"), ("CH", "Schweiz"), ("QQ", "QQ")])
def test_a_country_has_its_german_name(code, expected):
    assert expected == country_name(code)
