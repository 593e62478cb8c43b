"""What does not hang on a line's tax is told beside it, and what mending the tax will mend is not."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connector.accounting.billing import Installment
from connector.accounting.invoicing import build_invoice
from connector.accounting.sale import CaseAccount, Discount, DiscountKind, Sale, TaxMethod
from connector.errors import DataError
from tests.unit.accounting.invoices import codes
from tests.unit.accounting.samples import austrian, chart, line, rules, sale, terms

WRONG_RATE = "rate_not_german"


def in_rates(*amounts: str) -> tuple[Installment, ...]:
    return tuple(
        Installment(number, Decimal(amount), date(2026, 12, number))
        for number, amount in enumerate(amounts, start=1)
    )


def message(whole: Sale, code: str) -> str:
    with pytest.raises(DataError) as caught:
        build_invoice(whole, terms=terms(), chart=chart(), rules=rules())
    (found,) = [problem.message for problem in caught.value.problems if problem.code == code]
    return found


def test_tax_value_and_instalments_are_told_in_one_round() -> None:
    whole = sale(line("100.00", "5"), value="500", installments=in_rates("50", "-5"))

    assert [
        WRONG_RATE,
        "installment_not_positive",
        "value_differs_from_lines",
        "installments_differ",
    ] == codes(whole)
    assert ["installment_not_positive", "value_differs_from_lines", "installments_differ"] == codes(
        replace(whole, lines=(line("100.00", "19"),))
    )


def test_a_missing_vat_id_does_not_hide_a_wrong_value() -> None:
    foreign = sale(line("100.00", "0"), value="500", buyer=austrian(vat_id=""))

    assert ["vat_id_missing", "value_differs_from_lines"] == codes(foreign)
    assert "The deal's value is 500, but its lines come to 100.00 (net), whatever their tax." == message(
        foreign, "value_differs_from_lines"
    )


@pytest.mark.parametrize("value", ["100.00", "105.00", "107.00", "119.00", "127.00", "99.95"])
def test_a_value_that_mending_the_tax_may_explain_is_no_further_error(value: str) -> None:
    assert [WRONG_RATE] == codes(sale(line("100.00", "5"), value=value))


@pytest.mark.parametrize("value", ["99.94", "127.06", "-100", "0"])
def test_a_value_that_no_tax_explains_is_one(value: str) -> None:
    assert [WRONG_RATE, "value_differs_from_lines"] == codes(sale(line("100.00", "5"), value=value))


def test_gross_prices_leave_the_tax_no_say_in_the_value() -> None:
    inclusive = sale(line("100.00", "5"), value="105", tax_method=TaxMethod.INCLUSIVE)

    assert [WRONG_RATE, "value_differs_from_lines"] == codes(inclusive)
    assert [WRONG_RATE] == codes(replace(inclusive, stated_value=Decimal(100)))


@pytest.mark.parametrize(
    ("value", "told"), [("90", False), ("100", False), ("107.10", False), ("89.94", True), ("127.06", True)]
)
def test_the_value_may_or_may_not_contain_the_deals_discount(value: str, *, told: bool) -> None:
    whole = sale(
        line("100.00", "5"), value=value, discounts=(Discount(DiscountKind.PERCENTAGE, Decimal(10)),)
    )

    assert [WRONG_RATE, *["value_differs_from_lines"][: int(told)]] == codes(whole)


@pytest.mark.parametrize(
    ("amounts", "told"), [(("50", "50"), False), (("59.50", "59.50"), False), (("10", "10"), True)]
)
def test_instalments_are_compared_as_far_as_the_sums_are_known(
    amounts: tuple[str, ...], *, told: bool
) -> None:
    whole = sale(line("100.00", "5"), installments=in_rates(*amounts))

    assert [WRONG_RATE, *["installments_differ"][: int(told)]] == codes(whole)


@pytest.mark.parametrize("rate", ["19", "5"])
def test_instalments_of_the_deals_value_do_not_differ_a_second_time(rate: str) -> None:
    told = codes(sale(line("100.00", rate), value="500", installments=in_rates("250", "250")))

    assert ["value_differs_from_lines"] == [code for code in told if code != WRONG_RATE]


def test_a_number_that_cannot_stand_does_not_hide_a_wrong_value() -> None:
    whole = sale(line("100.00"), value="500", document_number="RE 1")

    assert ["document_number_characters", "value_differs_from_lines"] == codes(whole)


def test_a_credit_note_without_its_invoice_is_told_beside_its_tax() -> None:
    assert [WRONG_RATE, "total_negative"] == codes(sale(line("-100.00", "5")))
    assert [WRONG_RATE] == codes(sale(line("100.00", "5"), line("-100.00", "19", position=2)))


def test_what_cannot_be_priced_is_not_added_up() -> None:
    whole = sale(line("100.00", "5", discount=Discount(DiscountKind.PERCENTAGE, Decimal(200))), value="500")

    assert ["discount_out_of_range", WRONG_RATE] == codes(whole)


@pytest.mark.parametrize(
    ("mapped", "code"),
    [(9999, "account_unknown"), (1400, "account_collective"), (8720, "account_not_for_revenue")],
)
def test_a_wrong_mapped_account_is_told_beside_a_rate_that_no_rule_takes(mapped: int, code: str) -> None:
    assert [WRONG_RATE, code] == codes(sale(line(rate="5", revenue_account=mapped)))


@pytest.mark.parametrize("mapped", [8400, 8300, 8336, 8125, 8200])
def test_an_account_that_some_tax_case_takes_is_not_told_before_the_case_is_known(mapped: int) -> None:
    assert [WRONG_RATE] == codes(sale(line(rate="5", revenue_account=mapped)))


def test_accounts_of_single_cases_wait_for_their_case() -> None:
    single = (CaseAccount("domestic", 8400, "product code A"),)

    assert [WRONG_RATE] == codes(sale(line(rate="5", revenue_account=9999, case_accounts=single)))
