"""Making invoices in tests, and reading what was refused."""

from decimal import Decimal

import pytest

from connector.accounting.invoicing import build_invoice
from connector.accounting.sale import Discount, DiscountKind, Sale
from connector.errors import DataError
from tests.unit.accounting import samples

D = Decimal


def build(deal: Sale, chart: str = "skr03", draft: bool = False, **terms):
    return build_invoice(
        deal,
        terms=samples.terms(chart=chart, **terms),
        chart=samples.chart(chart),
        rules=samples.rules(),
        draft=draft,
    )


def codes(deal: Sale, **terms) -> list[str]:
    with pytest.raises(DataError) as caught:
        build(deal, **terms)
    assert all(problem.message and problem.cure for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


def percent(value: str) -> Discount:
    return Discount(DiscountKind.PERCENTAGE, D(value))


def amount(value: str) -> Discount:
    return Discount(DiscountKind.AMOUNT, D(value))
