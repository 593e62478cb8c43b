"""Sales that become no invoice: each refusal by its code, all of them at once."""

from dataclasses import replace
from datetime import date

import pytest

from connector.accounting.party import CustomerStatus
from connector.accounting.sale import SupplyKind, TaxMethod
from connector.errors import DataError
from tests.unit.accounting.invoices import D, amount, build, codes, percent
from tests.unit.accounting.samples import austrian, buyer, line, sale

INCLUSIVE = TaxMethod.INCLUSIVE


@pytest.mark.parametrize(
    ("mapped", "code"),
    [
        (8300, "account_contradicts_tax_case"),
        (8336, "account_contradicts_tax_case"),
        (8320, "account_contradicts_tax_case"),
        (8195, "account_reserved"),
        (1400, "account_collective"),
        (8191, "account_obsolete"),
        (8731, "account_collective"),
        (1410, "account_not_for_revenue"),
        (8720, "account_not_for_revenue"),
        (9999, "account_unknown"),
    ],
)
def test_a_mapped_account_that_cannot_carry_the_line_parks(mapped, code):
    assert [code] == codes(sale(line(revenue_account=mapped)))


@pytest.mark.parametrize("value", ["100.00", "119.00", "100.05", "118.95"])
def test_the_value_of_the_deal_may_be_net_or_gross_within_the_tolerance(value):
    assert D("119.00") == build(sale(line("100.00"), value=value)).gross


@pytest.mark.parametrize("value", ["100.06", "99.94", "118.94", "119.06", "0", "-100"])
def test_a_value_that_agrees_with_no_sum_parks(value):
    assert ["value_differs_from_lines"] == codes(sale(line("100.00"), value=value))


@pytest.mark.parametrize("value", ["90.00", "107.10", "100.00", "119.00"])
def test_the_value_may_or_may_not_contain_the_discounts_of_the_deal(value):
    assert D("107.10") == build(sale(line("100.00"), value=value, discounts=(percent("10"),))).gross


@pytest.mark.parametrize(
    ("discounts", "parks"),
    [
        ((percent("10"), percent("10")), True),
        ((percent("10"), amount("5")), True),
        ((amount("5"), amount("10")), False),
        ((percent("10"), amount("0")), False),
    ],
)
def test_several_discounts_whose_combination_the_value_does_not_tell_park(discounts, parks):
    deal = sale(line("100.00"), value="100.00", discounts=discounts)

    if parks:
        assert ["discounts_unclear"] == codes(deal)
    else:
        assert D(100) - sum(one.value for one in discounts) == build(deal).net
    assert build(deal, several_discounts="of_the_sum").net < 100


def test_an_inclusive_value_is_never_compared_with_the_net():
    assert ["value_differs_from_lines"] == codes(sale(line("119.00"), value="100.00", tax_method=INCLUSIVE))


@pytest.mark.parametrize(("value", "expected"), [("666.00", None), ("665.93", None), ("665.80", "parks")])
def test_the_value_may_have_been_reckoned_without_rounding_each_line(value, expected):
    # 20 × 0.333 × 99.99: rounded line by line 666.00, at the end 665.93.
    lines = [line("99.99", position=n, quantity=D("0.333")) for n in range(1, 21)]
    deal = sale(*lines, value=value)

    if expected is None:
        assert D("666.00") == build(deal).net
    else:
        assert ["value_differs_from_lines"] == codes(deal)


def test_every_sum_that_was_compared_is_named():
    deal = sale(line("100.00"), discounts=(percent("10"),), value="50")
    with pytest.raises(DataError) as caught:
        build(deal)

    assert (
        "The deal's value is 50, but its lines come to 90.00 (net) or 107.10 (gross) or "
        "100.00 (before the deal's discounts) or 119.00 (gross before the deal's discounts)."
    ) == caught.value.message


def test_a_service_may_come_after_the_invoice():
    ahead = build(sale(line(), service_date=date(2027, 3, 1), service_period_end=date(2027, 3, 31)))

    assert (date(2027, 3, 1), date(2027, 3, 31)) == (ahead.service_date, ahead.service_period_end)


def test_a_deal_without_lines_parks_as_long_as_nobody_said_what_its_value_is():
    deal = sale(value="1000.00", discounts=(percent("10"),))

    assert ["value_without_lines_unclear", "rate_without_lines_missing", "discounts_without_lines"] == codes(
        deal
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "USD"}, "exchange_rate_missing"),
        ({"currency": "USD", "exchange_rate": D(0)}, "exchange_rate_out_of_range"),
        ({"currency": "USD", "exchange_rate": D("NaN")}, "exchange_rate_out_of_range"),
        ({"currency": "USD", "exchange_rate": D(10000)}, "exchange_rate_out_of_range"),
        ({"currency": "USD", "exchange_rate": D("9999.9999995")}, "exchange_rate_out_of_range"),
        ({"currency": "PTS"}, "currency_unknown"),
        ({"currency": "XAU"}, "currency_unknown"),
        ({"currency": "KWD", "exchange_rate": D("0.33")}, "currency_decimals"),
        ({"document_number": ""}, "document_number_missing"),
        ({"document_number": "RE 1"}, "document_number_characters"),
        ({"due_date": date(2026, 11, 19)}, "due_date_before_document"),
        ({"service_date": date(2062, 11, 20)}, "service_date_far_from_document"),
        ({"service_date": date(1962, 11, 20)}, "service_date_far_from_document"),
        (
            {"service_date": date(2026, 11, 1), "service_period_end": date(2062, 11, 30)},
            "service_date_far_from_document",
        ),
        ({"due_date": date(2062, 11, 20)}, "due_date_far_from_document"),
        ({"document_date": date(9999, 12, 31)}, "document_date_beyond_reason"),
        ({"document_date": date(1, 1, 1)}, "document_date_beyond_reason"),
        ({"won_on": date(2025, 11, 18)}, "document_date_far_from_won"),
        ({"won_on": date(2027, 11, 22)}, "document_date_far_from_won"),
        ({"service_period_end": date(2026, 11, 1)}, "service_period_backwards"),
        (
            {"service_date": date(2026, 11, 2), "service_period_end": date(2026, 11, 1)},
            "service_period_backwards",
        ),
        ({"buyer": replace(buyer(), name=" ")}, "buyer_name_missing"),
    ],
)
def test_a_sale_that_is_wrong_as_a_whole_parks(change, code):
    assert [code] == codes(sale(line(), **change))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"discount": percent("101")}, "discount_out_of_range"),
        ({"discount": percent("-1")}, "discount_out_of_range"),
        ({"discount": amount("100.01")}, "discount_exceeds_amount"),
        ({"quantity": D("Infinity")}, "amount_too_large"),
        ({"quantity": D(10**9)}, "amount_too_large"),
        ({"unit_price": D("1e50")}, "amount_too_large"),
        ({"cost_centre_2": "x" * 37}, "cost_centre_too_long"),
    ],
)
def test_a_line_that_makes_no_sense_parks(change, code):
    assert [code] == codes(sale(replace(line("100.00"), **change), value="100"))


@pytest.mark.parametrize(
    ("lines", "discounts", "expected"),
    [
        ([line("0.00")], (), ["total_zero"]),
        ([line("10.00"), line("-10.00", position=2)], (), ["total_zero"]),
        ([line("100.00")], (percent("100"),), ["total_zero"]),
        ([line("-5.00")], (), ["total_negative"]),
        ([line("-5.00")], (percent("10"),), ["total_negative"]),
        ([line("10.00")], (amount("10.01"),), ["discount_exceeds_amount"]),
        ([line("10.00")], (percent("60"), percent("60")), ["discount_exceeds_amount"]),
        ([line("-5.00")], (amount("1.00"),), ["discount_of_credit_note"]),
        ([line("10000000000.00"), line("-9.00", "7", position=2)], (), ["amount_too_large"]),
        ([line("9999999999.00")], (), ["amount_too_large"]),
    ],
)
def test_totals_that_are_none_of_an_invoice_park(lines, discounts, expected):
    assert expected == codes(sale(*lines, discounts=discounts))


def test_all_problems_are_named_at_once_and_once():
    unknown = austrian(status=CustomerStatus.UNKNOWN)
    lines = (line(position=1), line(position=2, discount=percent("200")))
    deal = sale(*lines, currency="GOLD", document_number="§1", buyer=unknown)

    assert [
        "document_number_characters",
        "currency_unknown",
        "discount_out_of_range",
        "customer_status_unknown",
    ] == codes(deal)


def test_a_service_at_a_place_parks_beside_lines_that_could_be_booked():
    deal = sale(line(), line(position=2, supply_kind=SupplyKind.WORK_AT_PLACE))

    assert ["work_at_place"] == codes(deal)


@pytest.mark.parametrize("discount", [percent("101"), amount("-1"), amount("NaN")])
def test_a_discount_of_the_deal_that_is_none_parks(discount):
    deal = sale(line("100.00"), line("100.00", position=2), discounts=(discount,))

    assert ["discount_out_of_range"] == codes(deal)


def test_a_price_beyond_all_measure_parks_on_its_own():
    assert ["amount_too_large"] == codes(sale(line(), unit_price_line("1e10"), value="100"))
    assert ["amount_too_large"] == codes(sale(line(), unit_price_line("NaN"), value="100"))


def unit_price_line(price: str):
    return line(position=2, unit_price=D(price))
