"""From a sale to an invoice: exact amounts."""

from datetime import date

import pytest

from connector.accounting.invoicing import build_invoice
from connector.accounting.party import CustomerStatus
from connector.accounting.sale import Sale, SupplyKind, TaxMethod
from connector.errors import DataError
from tests.unit.accounting import samples
from tests.unit.accounting.invoices import D, amount, build, codes, percent
from tests.unit.accounting.samples import austrian, buyer, line, sale

INCLUSIVE = TaxMethod.INCLUSIVE


def sums(invoice) -> tuple[str, str, str]:
    return str(invoice.net), str(invoice.tax), str(invoice.gross)


def test_tax_is_added_to_exclusive_prices():
    invoice = build(sale(line("1000.00")))

    assert ("1000.00", "190.00", "1190.00") == sums(invoice)
    (group,) = invoice.tax_breakdown
    assert (8400, "", D(19)) == (group.revenue_account, group.tax_key, group.tax_rate)
    assert "→ 8400, no key: automatic account" == group.why[-1]


def test_tax_is_taken_out_of_inclusive_prices_and_the_gross_stays():
    invoice = build(sale(line("100.00"), line("0.07", position=2), tax_method=INCLUSIVE))

    assert ("84.09", "15.98", "100.07") == sums(invoice)
    assert [D("84.03"), D("0.06")] == [one.net for one in invoice.lines]


def test_tax_is_computed_on_the_sum_of_a_rate_not_line_by_line():
    # Line by line: 3 × round(0.0627) = 0.18; on the sum: round(0.1881) = 0.19
    invoice = build(sale(*(line("0.33", position=n) for n in (1, 2, 3))))

    assert ("0.99", "0.19", "1.18") == sums(invoice)


def test_rates_are_booked_apart():
    invoice = build(sale(line("100.00"), line("50.00", "7", position=2)))

    assert ("150.00", "22.50", "172.50") == sums(invoice)
    assert [(8400, D("119.00")), (8300, D("53.50"))] == [
        (group.revenue_account, group.gross) for group in invoice.tax_breakdown
    ]


def test_cost_centres_are_booked_apart_and_share_the_tax_of_their_rate():
    lines = [line("0.33", position=n, cost_centre_1=str(n)) for n in (1, 2, 3)]

    invoice = build(sale(*lines))

    assert D("0.19") == invoice.tax
    assert [D("0.07"), D("0.06"), D("0.06")] == [group.tax for group in invoice.tax_breakdown]
    assert ["1", "2", "3"] == [group.cost_centre_1 for group in invoice.tax_breakdown]


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "net"),
    [
        ("1.5", "99.99", None, "149.99"),  # 149.985 rounds half up
        ("3", "33.335", percent("10"), "90.00"),  # rounded once, at the end: 90.0045
        ("2", "50.00", amount("10"), "90.00"),  # an amount is per line, not per unit
        ("0.333", "100", percent("0"), "33.30"),
        ("1", "100", percent("33.333"), "66.67"),
    ],
)
def test_a_line_is_quantity_times_price_less_its_discount(quantity, price, discount, net):
    one = line(price, quantity=D(quantity), discount=discount)

    assert D(net) == build(sale(one, value=net)).net


def test_a_line_says_its_discount_in_words():
    one = line("100.00", discount=percent("12.50"))
    two = line("100.00", position=2, discount=amount("3.5"))

    invoice = build(sale(one, two, value="164.00", discounts=(amount("20"),)))

    assert ["12,5 %; anteiliger Nachlass 9,51", "3,50; anteiliger Nachlass 10,49"] == [
        printed.discount_text for printed in invoice.lines
    ]


def test_a_deal_discount_is_shared_out_over_the_lines_to_the_cent():
    lines = [line("10.00", position=n) for n in (1, 2)] + [line("10.00", "7", position=3)]

    invoice = build(sale(*lines, discounts=(amount("10.00"),), value="20.00"))

    assert [D("6.66"), D("6.67"), D("6.67")] == [printed.net for printed in invoice.lines]
    assert D("10.00") == invoice.discount_total
    assert [D("13.33"), D("6.67")] == [group.net for group in invoice.tax_breakdown]


def test_several_deal_discounts_each_apply_to_the_sum_of_the_lines():
    invoice = build(
        sale(line("100.00"), discounts=(percent("10"), percent("10"), amount("5")), value="75.00")
    )

    assert D("75.00") == invoice.net


def test_a_deal_discount_on_inclusive_prices_is_told_net():
    invoice = build(sale(line("119.00"), discounts=(amount("11.90"),), value="107.10", tax_method=INCLUSIVE))

    assert ("90.00", "17.10", "107.10") == sums(invoice)
    assert D("10.00") == invoice.discount_total


def test_unit_prices_are_printed_net_even_from_inclusive_prices():
    (printed,) = build(sale(line("100.00"), tax_method=INCLUSIVE)).lines

    assert D("84.033613") == printed.unit_price


def test_a_free_line_is_printed_and_opens_no_tax_group():
    free = line("0.00", "0", position=2, name="Dreingabe")

    invoice = build(sale(line("100.00"), free))

    assert ["Beratung", "Dreingabe"] == [printed.name for printed in invoice.lines]
    assert [D("100.00")] == [group.net for group in invoice.tax_breakdown]
    assert (D("0.00"), D(19)) == (invoice.lines[1].net, invoice.lines[1].tax_rate)


def test_a_negative_line_reduces_its_group():
    invoice = build(sale(line("100.00"), line("-20.00", position=2, name="Gutschein")))

    assert ("80.00", "15.20", "95.20") == sums(invoice)


def test_inclusive_lines_with_a_negative_one_still_add_up():
    deal = sale(line("10.01"), line("-0.07", position=2), line("3.33", position=3), tax_method=INCLUSIVE)

    invoice = build(deal)

    assert D("13.27") == invoice.gross
    assert invoice.net == sum(printed.net for printed in invoice.lines)


def test_one_cent_makes_an_invoice():
    assert ("0.01", "0.00", "0.01") == sums(build(sale(line("0.01"))))
    assert ("0.01", "0.00", "0.01") == sums(build(sale(line("0.01"), tax_method=INCLUSIVE)))


def test_reverse_charge_charges_nothing_and_names_the_vat_id():
    invoice = build(sale(line("1000.00", "0"), buyer=austrian()))

    (group,) = invoice.tax_breakdown
    assert ("1000.00", "0.00", "1000.00") == sums(invoice)
    assert (8336, "", "ATU13585627") == (group.revenue_account, group.tax_key, group.eu_vat)
    assert ("Steuerschuldnerschaft des Leistungsempfängers",) == group.notes


def test_accounts_follow_chart_and_account_length():
    (group,) = build(sale(line()), chart="skr04", account_length=6).tax_breakdown

    assert 440000 == group.revenue_account


@pytest.mark.parametrize(
    ("mapped", "rate", "party", "expected"),
    [
        (8401, "19", buyer(), (8401, "")),
        (8200, "19", buyer(), (8200, "3")),
        (8200, "7", buyer(), (8200, "2")),
        (8200, "0", austrian(), (8200, "47")),
        # The mapping is that of the domestic sale: abroad the account of the case is the right one.
        (8401, "0", austrian(), (8336, "")),
        (8200, "0", buyer("CH"), (8338, "")),
    ],
)
def test_a_mapped_account_is_used_where_it_carries_the_case(mapped, rate, party, expected):
    (group,) = build(sale(line("10.00", rate, revenue_account=mapped), buyer=party)).tax_breakdown

    assert expected == (group.revenue_account, group.tax_key)


@pytest.mark.parametrize(("means", "expected"), [("net", "1190.00"), ("gross", "1000.00")])
def test_a_deal_without_lines_follows_the_settings(means, expected):
    deal = sale(value="1000.00")

    invoice = build(deal, value_without_lines_means=means, rate_without_lines=D(19))

    assert D(expected) == invoice.gross
    assert ["Projekt Alpha"] == [printed.name for printed in invoice.lines]


def test_a_deal_without_lines_charges_no_german_tax_abroad():
    invoice = build(
        sale(value="1000.00", buyer=austrian()), value_without_lines_means="gross", rate_without_lines=D(19)
    )

    assert ("1000.00", "0.00", "1000.00") == sums(invoice)


@pytest.mark.parametrize("country", ["CH", "AT"])
@pytest.mark.parametrize(
    ("kind", "abroad"), [(SupplyKind.SERVICE, ("CH", "AT")), (SupplyKind.GOODS, ("AT",))]
)
def test_a_deal_without_lines_takes_the_tenants_rate_where_german_tax_is_charged_abroad(
    country, kind, abroad
):
    deal = sale(value="1000.00", buyer=buyer(country, status=CustomerStatus.CONSUMER))
    invoice = build(
        deal,
        value_without_lines_means="net",
        rate_without_lines=D(19),
        default_supply_kind=kind,
    )

    taxed = country in abroad
    assert ("1000.00", "190.00" if taxed else "0.00", "1190.00" if taxed else "1000.00") == sums(invoice)


def test_a_deal_without_lines_abroad_waits_for_the_rate_that_it_is_taxed_at():
    deal = sale(value="1000.00", buyer=buyer("CH", status=CustomerStatus.CONSUMER))

    assert ["rate_without_lines_missing"] == codes(deal, value_without_lines_means="net")


def test_what_is_wrong_with_a_deal_without_lines_is_said_of_the_deal():
    deal = sale(value="1000.00")

    with pytest.raises(DataError, match=r"^The deal states 16 % tax"):
        build(deal, value_without_lines_means="net", rate_without_lines=D(16))


def test_a_value_of_zero_without_lines_comes_to_nothing_whatever_it_means():
    assert ["total_zero"] == codes(sale(value="0"))


def yen(price: str) -> Sale:
    return sale(line(price, "0"), currency="JPY", exchange_rate=D(160), value=price, buyer=buyer("CH"))


def test_an_amount_with_a_fraction_in_a_currency_without_one_parks():
    assert ("119.00", "0.00", "119.00") == sums(build(yen("119")))
    assert ["currency_without_cents"] == codes(yen("119.65"))


def test_the_due_date_follows_the_payment_days_unless_a_field_names_one():
    assert date(2026, 12, 4) == build(sale(line()), payment_days=14).due_date
    assert date(2026, 12, 24) == build(sale(line(), due_date=date(2026, 12, 24)), payment_days=14).due_date
    assert build(sale(line())).due_date is None


def test_an_exchange_rate_is_kept_with_six_decimals_and_only_abroad():
    dollars = sale(line(), currency="USD", exchange_rate=D("1.08765432"))

    assert D("1.087654") == build(dollars).exchange_rate
    assert build(sale(line(), exchange_rate=D("1.08"))).exchange_rate is None


def test_a_draft_may_go_without_a_number():
    assert "" == build(sale(line(), document_number=""), draft=True).document_number
    assert "RE-{next}" == build(sale(line(), document_number="RE-{next}"), draft=True).document_number
    assert ["document_number_characters"] == codes(sale(line(), document_number="RE-{next}"))


def test_the_chart_must_be_that_of_the_terms():
    with pytest.raises(ValueError, match="books by skr04, not by skr03"):
        build_invoice(
            sale(line()), terms=samples.terms(chart="skr04"), chart=samples.chart(), rules=samples.rules()
        )


def test_a_line_reduced_to_nothing_is_printed_beside_the_others():
    given_away = line("100.00", position=2, discount=percent("100"))
    paid_back = line("50.00", position=3, discount=amount("50.00"))

    invoice = build(sale(line("300.00"), given_away, paid_back, value="300.00"))

    assert [D("300.00"), D("0.00"), D("0.00")] == [printed.net for printed in invoice.lines]


def test_an_amount_may_be_more_than_a_hundred():
    assert D("850.00") == build(sale(line("1000.00", discount=amount("150")), value="850")).net


def test_the_largest_invoice_has_ten_digits():
    assert D("9999999999.99") == build(sale(line("9999999999.99"), tax_method=INCLUSIVE)).gross
