"""Which rate an invoice in foreign currency is booked with, and what is said about it."""

from datetime import date, timedelta

import pytest

from connector.accounting.exchange_rates import (
    ExchangeTerms,
    PublishedRate,
    RateSource,
    TableRate,
    with_exchange_rate,
)
from connector.accounting.sale import Sale
from connector.errors import Problem
from tests.unit.accounting.invoices import D, build, codes
from tests.unit.accounting.samples import line, sale
from tests.unit.accounting.test_bookings import post

FRIDAY = PublishedRate("USD", date(2026, 11, 20), D("1.0852"))
ECB = ExchangeTerms(RateSource.ECB)
NOVEMBER, OCTOBER = date(2026, 11, 1), date(2026, 10, 1)
TABLE = ExchangeTerms(
    RateSource.TABLE,
    rates=(
        TableRate("USD", D("1.0800"), month=OCTOBER),
        TableRate("USD", D("1.0900"), month=NOVEMBER),
        TableRate("CHF", D("0.9400"), valid_from=date(2026, 1, 1)),
        TableRate("CHF", D("0.9500"), valid_from=date(2026, 11, 15)),
    ),
)


def deal(currency: str = "USD", **changes) -> Sale:
    return sale(line("100.00"), currency=currency, **changes)


def published(*rates: PublishedRate):
    def newest(currency: str, day: date) -> PublishedRate | None:
        known = [rate for rate in rates if rate.currency == currency and rate.day <= day]
        return max(known, key=lambda rate: rate.day, default=None)

    return newest


def why(found: Sale) -> str:
    (reason,) = found.why
    return reason


def test_a_deal_in_euro_asks_for_no_rate():
    asked = deal("EUR")

    assert asked == with_exchange_rate(asked, ECB, None)


@pytest.mark.parametrize("terms", [ExchangeTerms(), TABLE, ECB])
def test_the_rate_on_the_deal_goes_first(terms: ExchangeTerms):
    found = with_exchange_rate(deal(exchange_rate=D("1.1")), terms, published(FRIDAY))

    assert (D("1.1"), "exchange rate 1.1 USD per EUR: as the deal states it") == (
        found.exchange_rate,
        why(found),
    )


def test_without_another_source_a_deal_that_states_no_rate_parks():
    assert ["exchange_rate_missing"] == codes(with_exchange_rate(deal(), ExchangeTerms(), published(FRIDAY)))


def test_the_reference_rate_of_the_document_date_is_taken():
    found = with_exchange_rate(deal(), ECB, published(FRIDAY))

    assert D("1.0852") == found.exchange_rate
    assert (
        "exchange rate 1.0852 USD per EUR: reference rate of the European Central Bank of 2026-11-20"
        == why(found)
    )


def test_over_a_weekend_the_last_rate_before_counts_and_a_later_one_never():
    sunday = deal(document_date=date(2026, 11, 22))
    monday = PublishedRate("USD", date(2026, 11, 23), D("1.2"))

    assert D("1.0852") == with_exchange_rate(sunday, ECB, published(FRIDAY, monday)).exchange_rate


@pytest.mark.parametrize(("days", "expected"), [(7, []), (8, ["exchange_rate_too_old"])])
def test_a_rate_older_than_allowed_parks(days: int, expected: list[str]):
    late = deal(document_date=FRIDAY.day + timedelta(days=days))

    assert expected == [problem.code for problem in with_exchange_rate(late, ECB, published(FRIDAY)).problems]


@pytest.mark.parametrize(
    ("rates", "code"), [(None, "exchange_rates_not_at_hand"), (published(), "exchange_rate_missing")]
)
def test_a_missing_reference_rate_parks_once_with_its_own_cure(rates, code: str):
    asked = with_exchange_rate(deal(document_number=""), ECB, rates)

    assert [code, "document_number_missing"] == codes(asked)


@pytest.mark.parametrize(
    ("changes", "rate", "reason"),
    [
        ({}, "1.0900", "monthly average of 2026-11"),
        ({"service_date": date(2026, 10, 31)}, "1.0800", "monthly average of 2026-10"),
        # A period is supplied when it ends.
        (
            {"service_date": date(2026, 10, 1), "service_period_end": date(2026, 11, 2)},
            "1.0900",
            "monthly average of 2026-11",
        ),
        # Invoiced ahead: the average of the month of supply is not known yet.
        ({"service_date": date(2026, 12, 24)}, "1.0900", "monthly average of 2026-11"),
    ],
)
def test_a_monthly_average_goes_by_the_month_of_supply(changes, rate: str, reason: str):
    found = with_exchange_rate(deal(**changes), TABLE, None)

    assert D(rate) == found.exchange_rate
    assert f"exchange rate {rate} USD per EUR: {reason} in the tenant's table (§16 (6) UStG)" == why(found)


@pytest.mark.parametrize(
    ("day", "rate"),
    [(date(2026, 11, 14), "0.9400"), (date(2026, 11, 15), "0.9500"), (date(2027, 5, 1), "0.9500")],
)
def test_a_rate_holds_from_its_day_until_the_next(day: date, rate: str):
    assert D(rate) == with_exchange_rate(deal("CHF", document_date=day), TABLE, None).exchange_rate


@pytest.mark.parametrize(
    ("currency", "day"),
    [("USD", date(2026, 12, 1)), ("CHF", date(2025, 12, 31)), ("SEK", date(2026, 11, 20))],
)
def test_a_rate_that_the_table_lacks_parks(currency: str, day: date):
    (problem,) = with_exchange_rate(deal(currency, document_date=day), TABLE, None).problems

    assert "exchange_rate_missing" == problem.code
    assert f'currency = "{currency}", month = "{day:%Y-%m}"' in problem.cure


def test_a_custom_currency_is_refused_for_what_it_is_and_not_for_its_rate():
    assert ["currency_unknown"] == codes(with_exchange_rate(deal("GOLD"), ECB, None))


def test_a_rate_on_the_deal_that_cannot_be_read_is_not_replaced_by_another():
    unreadable = Problem("exchange_rate_invalid", "It is not positive.", "exchange_rate", "Correct it.")

    found = with_exchange_rate(deal(problems=(unreadable,)), ECB, published(FRIDAY))

    assert (None, (unreadable,)) == (found.exchange_rate, found.problems)


def test_every_row_says_where_its_rate_comes_from():
    two = sale(line("100.00"), line("50.00", "7", position=2), currency="USD")

    rows = post(build(with_exchange_rate(two, ECB, published(FRIDAY))))

    assert ["1.0852", "1.0852"] == [str(row.exchange_rate.normalize()) for row in rows]
    assert {"reference rate of the European Central Bank of 2026-11-20"} == {
        row.why[-1].partition(": ")[2] for row in rows
    }


def test_the_euro_amounts_of_the_rows_add_up_to_that_of_the_invoice():
    # Each of three rows is 10.00 / 3 = 3.33, but all together are 30.00 / 3 = 10.00.
    centres = [line("10.00", "0", position=n, cost_centre_1=str(n)) for n in (1, 2, 3)]
    asked = sale(*centres, currency="USD", exchange_rate=D(3))

    rows = post(build(asked, zero_rate_means="exempt"))

    assert ["3.34", "3.33", "3.33"] == [str(row.base_amount) for row in rows]


def test_yen_have_cents_in_the_books_although_nobody_pays_them():
    (row,) = post(build(deal("JPY", exchange_rate=D("162.53"))))

    assert (D("119.00"), D("0.73")) == (row.amount, row.base_amount)
