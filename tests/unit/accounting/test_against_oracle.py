"""Any lines, discounts and methods: to the cent what a slow second reckoning says, and rows that add up."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connector.accounting.money import cents
from connector.accounting.posting import Side
from connector.accounting.sale import Discount, DiscountKind, Sale, TaxMethod
from connector.errors import DataError
from tests.unit.accounting.invoices import D, build, percent
from tests.unit.accounting.oracle import sums_per_rate
from tests.unit.accounting.samples import line, sale
from tests.unit.accounting.test_bookings import post

TERMS = {
    "negative_total_means": "credit_note",
    "zero_rate_means": "exempt",
    "value_tolerance": D(10) ** 12,
}


def _line(draw, method: TaxMethod) -> dict:
    quantity = draw(
        st.one_of(
            st.sampled_from([D(1), D(0), D(-1), D("0.333"), D("2.5")]),
            st.decimals("-50", "500", places=3),
        )
    )
    price = draw(
        st.one_of(
            st.sampled_from([D("0.01"), D("99.99"), D("-20"), D("0.005"), D("1.50"), D("-2.50"), D("4.50")]),
            st.decimals("-500", "9999.999", places=3),
        )
    )
    full = quantity * price
    discounts = [st.none(), st.decimals(0, 100, places=6).map(lambda value: percent(str(value)))]
    if full > 0:
        fixed = st.decimals(0, full, places=2).filter(lambda value: value <= full)
        discounts.append(fixed.map(lambda value: Discount(DiscountKind.AMOUNT, value)))
    return {
        "quantity": quantity,
        "unit_price": price,
        "tax_rate": D(0) if method is TaxMethod.NONE else draw(st.sampled_from([D(19), D(7), D(0)])),
        "discount": draw(st.one_of(discounts)),
        "cost_centre_1": draw(st.sampled_from(["", "1", "2"])),
    }


@st.composite
def sales(draw) -> Sale:
    method = draw(st.sampled_from(TaxMethod))
    lines = tuple(
        line(position=position, **_line(draw, method)) for position in range(1, draw(st.integers(1, 7)) + 1)
    )
    discounts = draw(
        st.lists(
            st.one_of(
                st.decimals(0, 40, places=3).map(lambda value: percent(str(value))),
                st.decimals(0, 50, places=2).map(lambda value: Discount(DiscountKind.AMOUNT, value)),
            ),
            max_size=2,
        )
    )
    return sale(
        *lines,
        discounts=tuple(discounts),
        tax_method=method,
        value="0",
        currency=draw(st.sampled_from(["EUR", "USD"])),
        exchange_rate=draw(st.decimals("0.2", "200", places=6)),
    )


def _built(deal: Sale):
    """As an invoice, or as a credit note where it comes to less than nothing; None: refused by right."""
    for corrects in ("", "PD-17"):
        try:
            return build(Sale(**{**_values(deal), "corrects": corrects}), **TERMS)
        except DataError as e:
            refused = {problem.code for problem in e.problems}
        if refused != {"corrected_document_missing"}:
            break
    assert refused <= {"total_zero", "discount_exceeds_amount", "discount_of_credit_note"}
    return None


def _values(deal: Sale) -> dict:
    return {name: getattr(deal, name) for name in Sale.__slots__}


@settings(max_examples=150, deadline=None)
@given(sales())
def test_every_sum_is_that_of_the_second_reckoning(deal: Sale):
    invoice = _built(deal)
    assume(invoice is not None)
    expected = {rate: sums for rate, sums in sums_per_rate(deal).items() if sums.net or sums.tax}

    found: dict[Fraction, tuple[int, int]] = {}
    for group in invoice.tax_breakdown:
        net, tax = found.get(Fraction(group.tax_rate), (0, 0))
        found[Fraction(group.tax_rate)] = (net + int(group.net * 100), tax + int(group.tax * 100))

    assert {rate: (sums.net, sums.tax) for rate, sums in expected.items()} == {
        rate: sums for rate, sums in found.items() if any(sums)
    }
    assert sum(sums.gross for sums in expected.values()) == int(invoice.gross * 100)


@settings(max_examples=150, deadline=None)
@given(sales())
def test_rows_of_whatever_sign_add_up_to_the_invoice(deal: Sale):
    invoice = _built(deal)
    assume(invoice is not None)
    rate = invoice.exchange_rate
    # A row of less than half a cent in euro is refused, which other tests look at.
    assume(
        rate is None or all(abs(group.gross) >= rate / 100 for group in invoice.tax_breakdown if group.gross)
    )

    rows = post(invoice, **TERMS)

    assert invoice.gross == sum((_signed(row) for row in rows), Decimal(0))
    assert invoice.net == sum(printed.net for printed in invoice.lines)
    assert all(row.amount > 0 for row in rows)
    if rate is not None:
        base = sum(_sign(row) * row.base_amount for row in rows)
        assert abs(cents(invoice.gross / rate) - base) <= _slack(rows)
        assert all(abs(row.base_amount - row.amount / rate) <= D("0.01") for row in rows)


def _sign(row) -> int:
    return 1 if row.side is Side.DEBIT else -1


def _signed(row) -> Decimal:
    return _sign(row) * row.amount


def _slack(rows) -> Decimal:
    """Rows of a single cent cannot give one: only among those may the sum miss one."""
    return sum((D("0.01") for row in rows if row.base_amount <= D("0.01")), Decimal(0))
