"""Cents: rounded half up, shared out without loss."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.money import CENT, cents, distribute, net_of, percent_of, settle

D = Decimal
amounts = st.decimals("-99999999.99", "99999999.99", places=2)
weights = st.lists(st.decimals(0, 999999, places=2), min_size=1, max_size=20).filter(any)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        ("0.0049", "0.00"),
        ("-0.001", "0.00"),
        ("2.675", "2.68"),
        ("1", "1.00"),
    ],
)
def test_money_is_rounded_half_up(amount, rounded):
    assert rounded == str(cents(D(amount)))


def test_percentages_are_not_rounded():
    assert D("0.0627") == percent_of(D("0.33"), D(19))
    assert D("100") == net_of(D("119"), D(19))


@pytest.mark.parametrize(
    ("total", "parts", "shares"),
    [
        ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]),
        ("0.01", ["1", "1"], ["0.01", "0.00"]),
        ("-0.01", ["1", "1"], ["-0.01", "0.00"]),
        ("0.05", ["0", "3", "7"], ["0.00", "0.02", "0.03"]),
        ("0.00", ["1"], ["0.00"]),
    ],
)
def test_missing_cents_go_to_the_largest_remainder_then_to_the_first(total, parts, shares):
    assert shares == [str(share) for share in distribute(D(total), [D(part) for part in parts])]


@given(amounts, weights)
def test_shares_always_add_up_and_are_near_their_proportion(total, parts):
    shares = distribute(total, parts)

    assert total == sum(shares)
    for share, weight in zip(shares, parts, strict=True):
        assert abs(share - total * weight / sum(parts)) < CENT


@pytest.mark.parametrize(
    ("total", "parts"), [("0.005", ["1"]), ("1.00", []), ("1.00", ["0"]), ("1.00", ["-1", "3"])]
)
def test_what_cannot_be_shared_out_is_refused(total, parts):
    with pytest.raises(ValueError, match=r"weights|whole cents"):
        distribute(D(total), [D(part) for part in parts])


@given(st.lists(amounts, min_size=1, max_size=9), st.integers(-30, 30))
def test_settled_parts_add_up_by_single_cents(parts, difference):
    total = sum(parts) + difference * CENT

    assert total == sum(settle(parts, total))
