"""Sixty deals reckoned by hand: lines → net and tax per rate → gross → rows as DATEV books them (SKR03).

How to read a row. Prices: *excl* tax is added, *incl* tax is inside, *none* no tax is stated. Lines:
quantity × price @ rate, then what is taken off this line (``-10%``, ``-5.00``) and ``#`` its cost centre.
Off the deal: the deal's own discounts. Per rate: net + tax. Rows: side, gross, revenue account; the debtor
stands on the other side.
"""

from decimal import Decimal

import pytest

from connector.accounting.sale import Discount, DiscountKind, Sale, SaleLine, SupplyKind, TaxMethod
from tests.unit.accounting.invoices import build
from tests.unit.accounting.samples import austrian, line, sale
from tests.unit.accounting.test_bookings import post

METHODS = {"excl": TaxMethod.EXCLUSIVE, "incl": TaxMethod.INCLUSIVE, "none": TaxMethod.NONE}

DOMESTIC = """
what                          | prices | lines                                | off the deal | per rate                            | gross   | rows
one line at 19 %              | excl | 1 × 1000.00 @19                        |          | 19: 1000.00 + 190.00                | 1190.00 | S 1190.00 8400
one line at 7 %               | excl | 1 × 100.00 @7                          |          | 7: 100.00 + 7.00                    | 107.00  | S 107.00 8300
two rates                     | excl | 1 × 100.00 @19; 1 × 50.00 @7           |          | 19: 100.00 + 19.00; 7: 50.00 + 3.50 | 172.50  | S 119.00 8400; S 53.50 8300
tax on the sum: 0.1881        | excl | 1 × 0.33 @19; 1 × 0.33 @19; 1 × 0.33 @19 |        | 19: 0.99 + 0.19                     | 1.18    | S 1.18 8400
half a cent goes up: 0.035    | excl | 1 × 0.50 @7                            |          | 7: 0.50 + 0.04                      | 0.54    | S 0.54 8300
half a cent goes up: 0.105     | excl | 1 × 1.50 @7                            |          | 7: 1.50 + 0.11                      | 1.61    | S 1.61 8300
below half goes down: 0.0342  | excl | 1 × 0.18 @19                           |          | 19: 0.18 + 0.03                     | 0.21    | S 0.21 8400
one cent bears no tax: 0.0019 | excl | 1 × 0.01 @19                           |          | 19: 0.01 + 0.00                     | 0.01    | S 0.01 8400
a third: 33.29667             | excl | 0.333 × 99.99 @19                      |          | 19: 33.30 + 6.33                    | 39.63   | S 39.63 8400
one and a half: 149.985       | excl | 1.5 × 99.99 @19                        |          | 19: 149.99 + 28.50                  | 178.49  | S 178.49 8400
hours                         | excl | 2.75 × 120.00 @19                      |          | 19: 330.00 + 62.70                  | 392.70  | S 392.70 8400
many at less than a cent      | excl | 1000 × 0.0049 @19                      |          | 19: 4.90 + 0.93                     | 5.83    | S 5.83 8400
weighed goods: 99.9945        | excl | 12.345 × 8.10 @7                       |          | 7: 99.99 + 7.00                     | 106.99  | S 106.99 8300
seven of a kind: 19.0057      | excl | 7 × 14.29 @19                          |          | 19: 100.03 + 19.01                  | 119.04  | S 119.04 8400
10 % off the line             | excl | 1 × 100.00 @19 -10%                    |          | 19: 90.00 + 17.10                   | 107.10  | S 107.10 8400
rounded once: 90.0045         | excl | 3 × 33.335 @19 -10%                    |          | 19: 90.00 + 17.10                   | 107.10  | S 107.10 8400
percent with decimals: 66.667 | excl | 1 × 100.00 @19 -33.333%                |          | 19: 66.67 + 12.67                   | 79.34   | S 79.34 8400
an amount is off the line     | excl | 2 × 50.00 @19 -10.00                   |          | 19: 90.00 + 17.10                   | 107.10  | S 107.10 8400
a line given away             | excl | 1 × 100.00 @19 -100%; 1 × 50.00 @19    |          | 19: 50.00 + 9.50                    | 59.50   | S 59.50 8400
given away at another rate    | excl | 1 × 100.00 @7 -100%; 1 × 50.00 @19     |          | 19: 50.00 + 9.50                    | 59.50   | S 59.50 8400
none of it                    | excl | 0 × 500.00 @19; 1 × 80.00 @19          |          | 19: 80.00 + 15.20                   | 95.20   | S 95.20 8400
for nothing                   | excl | 1 × 0.00 @0; 1 × 80.00 @19             |          | 19: 80.00 + 15.20                   | 95.20   | S 95.20 8400
10 % off the deal             | excl | 1 × 100.00 @19; 1 × 100.00 @7          | 10%      | 19: 90.00 + 17.10; 7: 90.00 + 6.30  | 203.40  | S 107.10 8400; S 96.30 8300
3.34, 3.33, 3.33 off          | excl | 1 × 10.00 @19; 1 × 10.00 @19; 1 × 10.00 @7 | 10.00 | 19: 13.33 + 2.53; 7: 6.67 + 0.47  | 23.00   | S 15.86 8400; S 7.14 8300
twice 10 % of the sum         | excl | 1 × 100.00 @19                         | 10% 10%  | 19: 80.00 + 15.20                   | 95.20   | S 95.20 8400
10 % and 5.00                 | excl | 1 × 100.00 @19                         | 10% 5.00 | 19: 85.00 + 16.15                   | 101.15  | S 101.15 8400
line 20 %, then deal 10 %     | excl | 1 × 200.00 @19 -20%                    | 10%      | 19: 144.00 + 27.36                  | 171.36  | S 171.36 8400
line 5.00, then deal 2.00     | excl | 1 × 20.00 @7 -5.00                     | 2.00     | 7: 13.00 + 0.91                     | 13.91   | S 13.91 8300
12.5 % of 79.99 is 10.00      | excl | 1 × 79.99 @19                          | 12.5%    | 19: 69.99 + 13.30                   | 83.29   | S 83.29 8400
a voucher                     | excl | 3 × 20.00 @7; 1 × -5.00 @7             |          | 7: 55.00 + 3.85                     | 58.85   | S 58.85 8300
largest that fits             | excl | 1 × 8403361343.69 @19                  |          | 19: 8403361343.69 + 1596638655.30   | 9999999998.99 | S 9999999998.99 8400
two cost centres              | excl | 1 × 100.00 @19 #1; 1 × 0.10 @19 #2     |          | 19: 100.10 + 19.02                  | 119.12  | S 119.00 8400 #1; S 0.12 8400 #2
three share 19 cents          | excl | 1 × 0.33 @19 #1; 1 × 0.33 @19 #2; 1 × 0.33 @19 #3 | | 19: 0.99 + 0.19                  | 1.18    | S 0.40 8400 #1; S 0.39 8400 #2; S 0.39 8400 #3
gross 119                     | incl | 1 × 119.00 @19                         |          | 19: 100.00 + 19.00                  | 119.00  | S 119.00 8400
gross 100: net 84.0336        | incl | 1 × 100.00 @19                         |          | 19: 84.03 + 15.97                   | 100.00  | S 100.00 8400
gross 107                     | incl | 1 × 107.00 @7                          |          | 7: 100.00 + 7.00                    | 107.00  | S 107.00 8300
shop price: net 25.1849       | incl | 3 × 9.99 @19                           |          | 19: 25.18 + 4.79                    | 29.97   | S 29.97 8400
gross at two rates            | incl | 1 × 100.00 @19; 1 × 50.00 @7           |          | 19: 84.03 + 15.97; 7: 46.73 + 3.27  | 150.00  | S 100.00 8400; S 50.00 8300
gross, 10 % off the deal      | incl | 1 × 119.00 @19; 1 × 107.00 @7          | 10%      | 19: 90.00 + 17.10; 7: 90.00 + 6.30  | 203.40  | S 107.10 8400; S 96.30 8300
gross, 5.27 and 4.73 off      | incl | 1 × 119.00 @19; 1 × 107.00 @7          | 10.00    | 19: 95.57 + 18.16; 7: 95.58 + 6.69  | 216.00  | S 113.73 8400; S 102.27 8300
gross one cent: net 0.0084    | incl | 1 × 0.01 @19                           |          | 19: 0.01 + 0.00                     | 0.01    | S 0.01 8400
gross four cents: net 0.0336  | incl | 1 × 0.04 @19                           |          | 19: 0.03 + 0.01                     | 0.04    | S 0.04 8400
gross 44.991, net 37.8067     | incl | 1 × 49.99 @19 -10%                     |          | 19: 37.81 + 7.18                    | 44.99   | S 44.99 8400
gross 13.27, net 11.1513      | incl | 1 × 10.01 @19; 1 × -0.07 @19; 1 × 3.33 @19 |      | 19: 11.15 + 2.12                    | 13.27   | S 13.27 8400
exempt                        | none | 1 × 500.00 @0                          |          | 0: 500.00 + 0.00                    | 500.00  | S 500.00 8100
returned at another rate      | excl | 1 × 100.00 @19; 1 × -10.00 @7          |          | 19: 100.00 + 19.00; 7: -10.00 + -0.70 | 108.30 | S 119.00 8400; H 10.70 8300
returned at the same rate     | excl | 1 × 100.00 @19; -2 × 10.00 @19         |          | 19: 80.00 + 15.20                   | 95.20   | S 95.20 8400
returned, gross               | incl | 1 × 119.00 @19; 1 × -53.50 @7          |          | 19: 100.00 + 19.00; 7: -50.00 + -3.50 | 65.50 | S 119.00 8400; H 53.50 8300
10 % off, also the returned   | excl | 1 × 100.00 @19; 1 × -20.00 @7          | 10%      | 19: 90.00 + 17.10; 7: -18.00 + -1.26 | 87.84  | S 107.10 8400; H 19.26 8300
8.00 off what is to be paid   | excl | 1 × 100.00 @19; 1 × -20.00 @7          | 8.00     | 19: 92.00 + 17.48; 7: -20.00 + -1.40 | 88.08  | S 109.48 8400; H 21.40 8300
only tax is left to pay       | excl | 1 × 100.00 @19; 1 × -100.00 @7         |          | 19: 100.00 + 19.00; 7: -100.00 + -7.00 | 12.00 | S 119.00 8400; H 107.00 8300
"""  # noqa: E501 - a table to be read

CREDIT_NOTES = """
what                          | prices | lines                                | off the deal | per rate                            | gross   | rows
everything back               | excl | 1 × -100.00 @19                        |          | 19: -100.00 + -19.00                | -119.00 | H 119.00 8400
two pieces back: 6.986        | excl | -2 × 49.90 @7                          |          | 7: -99.80 + -6.99                   | -106.79 | H 106.79 8300
two rates back, gross         | incl | 1 × -119.00 @19; 1 × -53.50 @7         |          | 19: -100.00 + -19.00; 7: -50.00 + -3.50 | -172.50 | H 119.00 8400; H 53.50 8300
one line is kept              | excl | 1 × -100.00 @19; 1 × 10.00 @7          |          | 19: -100.00 + -19.00; 7: 10.00 + 0.70 | -108.30 | H 119.00 8400; S 10.70 8300
bought at 10 % off            | excl | 1 × -100.00 @19                        | 10%      | 19: -90.00 + -17.10                 | -107.10 | H 107.10 8400
half a cent: 0.035            | excl | 1 × -0.50 @7                           |          | 7: -0.50 + -0.04                    | -0.54   | H 0.54 8300
half a cent: 0.105             | excl | 1 × -1.50 @7                           |          | 7: -1.50 + -0.11                    | -1.61   | H 1.61 8300
gross 100 back                | incl | 1 × -100.00 @19                        |          | 19: -84.03 + -15.97                 | -100.00 | H 100.00 8400
"""  # noqa: E501 - a table to be read

IN_DOLLARS = """
lines                                              | USD per EUR | USD and EUR of each row
1 × 100.00 @19                                     | 1.25     | 119.00 = 95.20
1 × 100.00 @19; 1 × 50.00 @7                       | 1.1      | 119.00 = 108.18; 53.50 = 48.64
1 × 100.00 @19; 1 × 50.00 @7                       | 1.6      | 119.00 = 74.37; 53.50 = 33.44
1 × 10.00 @0 #1; 1 × 10.00 @0 #2; 1 × 10.00 @0 #3  | 3        | 10.00 = 3.34; 10.00 = 3.33; 10.00 = 3.33
1 × 100.00 @19; 1 × -10.00 @7                      | 1.6      | 119.00 = 74.38; 10.70 = 6.69
"""


def cases(table: str) -> list:
    _, *rows = table.strip().splitlines()
    return [
        pytest.param(*(cell.strip() for cell in row.split("|")), id=row.split("|")[0].strip()) for row in rows
    ]


def discount(text: str) -> Discount:
    kind = DiscountKind.PERCENTAGE if text.endswith("%") else DiscountKind.AMOUNT
    return Discount(kind, Decimal(text.rstrip("%")))


def line_of(position: int, text: str) -> SaleLine:
    quantity, _, price, rate, *rest = text.split()
    off = [discount(word[1:]) for word in rest if word.startswith("-")]
    centres = [word[1:] for word in rest if word.startswith("#")]
    return line(
        price,
        rate[1:],
        position=position,
        quantity=Decimal(quantity),
        discount=off[0] if off else None,
        cost_centre_1=centres[0] if centres else "",
    )


def deal(lines: str, **changes) -> Sale:
    parsed = [line_of(position, text) for position, text in enumerate(lines.split(";"), start=1)]
    return sale(*parsed, **{"value": "0"} | changes)


def invoiced(prices: str, lines: str, off: str, corrects: str = ""):
    discounts = tuple(discount(word) for word in off.split())
    return build(
        deal(lines, tax_method=METHODS[prices], discounts=discounts, corrects=corrects),
        value_tolerance=Decimal(10) ** 11,
        zero_rate_means="exempt",
        negative_total_means="credit_note",
    )


def per_rate(invoice) -> str:
    sums: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for group in invoice.tax_breakdown:
        net, tax = sums.get(group.tax_rate, (Decimal(0), Decimal(0)))
        sums[group.tax_rate] = (net + group.net, tax + group.tax)
    return "; ".join(f"{rate}: {net} + {tax}" for rate, (net, tax) in sums.items())


def rows(invoice) -> str:
    return "; ".join(
        f"{row.side} {row.amount} {row.contra_account}"
        + (f" #{row.cost_centre_1}" if row.cost_centre_1 else "")
        for row in post(invoice)
    )


@pytest.mark.parametrize(("what", "prices", "lines", "off", "rates", "gross", "booked"), cases(DOMESTIC))
def test_an_invoice_comes_to(what, prices, lines, off, rates, gross, booked):
    invoice = invoiced(prices, lines, off)

    assert (rates, gross, booked) == (per_rate(invoice), str(invoice.gross), rows(invoice))


@pytest.mark.parametrize(("what", "prices", "lines", "off", "rates", "gross", "booked"), cases(CREDIT_NOTES))
def test_a_credit_note_comes_to(what, prices, lines, off, rates, gross, booked):
    invoice = invoiced(prices, lines, off, corrects="PD-17")

    assert (rates, gross, booked) == (per_rate(invoice), str(invoice.gross), rows(invoice))


@pytest.mark.parametrize(("lines", "rate", "expected"), cases(IN_DOLLARS))
def test_in_dollars_the_rows_come_to(lines, rate, expected):
    asked = deal(lines, currency="USD", exchange_rate=Decimal(rate))
    invoice = build(asked, value_tolerance=Decimal(10) ** 11, zero_rate_means="exempt")

    assert expected == "; ".join(f"{row.amount} = {row.base_amount}" for row in post(invoice))


@pytest.mark.parametrize(
    ("asked", "terms", "gross", "booked"),
    [
        ({"value": "1000.00"}, {"value_without_lines_means": "net"}, "1190.00", "S 1190.00 8400"),
        ({"value": "1190.00"}, {"value_without_lines_means": "gross"}, "1190.00", "S 1190.00 8400"),
        (
            {"value": "99.99"},
            {"value_without_lines_means": "net", "rate_without_lines": Decimal(7)},
            "106.99",
            "S 106.99 8300",
        ),
        (
            {"value": "500.00", "buyer": austrian()},
            {"value_without_lines_means": "gross"},
            "500.00",
            "S 500.00 8336",
        ),
        (
            {"value": "500.00", "buyer": austrian(), "supply_kind": SupplyKind.GOODS},
            {"value_without_lines_means": "gross"},
            "500.00",
            "S 500.00 8125",
        ),
        (
            {"value": "500.00"},
            {"value_without_lines_means": "net", "small_business": True},
            "500.00",
            "S 500.00 8192",
        ),
        (
            {"value": "-119.00", "corrects": "PD-17"},
            {"value_without_lines_means": "gross", "negative_total_means": "credit_note"},
            "-119.00",
            "H 119.00 8400",
        ),
    ],
)
def test_a_deal_without_lines_comes_to(asked, terms, gross, booked):
    invoice = build(sale(**asked), **{"rate_without_lines": Decimal(19)} | terms)

    assert (gross, booked) == (str(invoice.gross), rows(invoice))


@pytest.mark.parametrize(("means", "account"), [("exempt", 8100), ("zero_rated", 8290)])
def test_a_domestic_line_without_tax_is_booked_as_the_tenant_says(means, account):
    assert f"S 100.00 {account}" == rows(build(sale(line("100.00", "0")), zero_rate_means=means))


def test_at_least_sixty_deals_are_reckoned():
    assert 60 <= sum(len(cases(table)) for table in (DOMESTIC, CREDIT_NOTES, IN_DOLLARS))
