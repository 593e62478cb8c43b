"""What must hold for a sale before anything is computed: number, currency, dates, buyer.

All problems are collected, because mending them one at a time costs the people a day each.
"""

from collections.abc import Iterator
from decimal import Decimal

from connector.accounting.currencies import HOME_CURRENCY, ISO_4217, THREE_DECIMALS
from connector.accounting.document_numbers import check_document_number
from connector.accounting.exchange_rates import RATE_FIELD
from connector.accounting.party import Address
from connector.accounting.sale import DiscountKind, Sale
from connector.accounting.terms import BookingTerms
from connector.errors import Problem

RATE_STEP = Decimal("0.000001")
"""EXTF field 4: at most 6 decimals; a finer rate could not be written, so it is rounded before use."""

_RATE_LIMIT = Decimal("9999.9999995")
"""EXTF field 4: 4 digits before the comma; from here on a rate is rounded to five."""

BOOKABLE_YEARS = range(1900, 2100)
"""Years that EXTF writes (DATEV's patterns take 19JJ and 20JJ); at the calendar's ends reckoning fails."""

FAR_DAYS = 3660
"""Ten years: no payment term and no service is told so far from its invoice; a wrong digit in the year is."""

COST_CENTRE_LENGTH = 36
"""EXTF fields 37 and 38, DXSO ``costCategoryId``."""


def sale_problems(sale: Sale, terms: BookingTerms, *, draft: bool) -> Iterator[Problem]:
    """Everything about the sale as a whole that keeps it from becoming an invoice."""
    yield from sale.problems
    number_problem = check_document_number(sale.document_number, draft=draft)
    known = {problem.code for problem in sale.problems}
    if number_problem and number_problem.code not in known:
        yield number_problem
    yield from _currency_problems(sale)
    yield from _date_problems(sale, terms)
    if not sale.buyer.name.strip():
        yield Problem(
            "buyer_name_missing",
            "The customer has no name.",
            field="name",
            cure="Link the deal to an organization or person with a name.",
        )
    centres = [(line.cost_centre_1, line.cost_centre_2) for line in sale.lines]
    if not sale.lines:
        centres.append((sale.allocation.cost_centre_1, sale.allocation.cost_centre_2))
    for centre in dict.fromkeys(centre for pair in centres for centre in pair):
        yield from cost_centre_problems(centre)


def address_problems(address: Address) -> Iterator[Problem]:
    """What the buyer's address lacks for an invoice; the country is asked for where the tax is decided."""
    for field, written in (("street", address.street), ("city", address.city)):
        if not written.strip():
            yield Problem(
                f"buyer_{field}_missing",
                f"The invoice lacks the buyer's {field} (§14 (4) no. 1 UStG).",
                f"buyer.address.{field}",
                "Fill it on the organization or person in Pipedrive.",
            )


def cost_centre_problems(centre: str) -> Iterator[Problem]:
    """A cost centre is a number that DATEV knows: cut or spelled otherwise it would be another one."""
    if len(centre) > COST_CENTRE_LENGTH:
        yield Problem(
            "cost_centre_too_long",
            f"The cost centre {centre!r} has more than {COST_CENTRE_LENGTH} characters.",
            field="cost_centre",
            cure="Use the cost centre's number as DATEV knows it.",
        )
    strangers = [sign for sign in centre if not sign.isprintable() or not _is_cp1252(sign)]
    if strangers or centre != centre.strip():
        what = f"the character {strangers[0]!r}" if strangers else "a blank at one end"
        yield Problem(
            "cost_centre_characters",
            f"The cost centre {centre!r} holds {what}, which DATEV's files cannot carry.",
            field="cost_centre",
            cure="Use the cost centre's number as DATEV knows it, without signs from outside Western Europe.",
        )


def _is_cp1252(sign: str) -> bool:
    try:
        sign.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def currency_code_problems(currency: str) -> Iterator[Problem]:
    """Whether DATEV can book in a currency at all."""
    if currency not in ISO_4217:
        yield Problem(
            "currency_unknown",
            f"The deal's currency {currency!r} is none of ISO 4217; DATEV books no custom currencies.",
            field="currency",
            cure="Change the deal to EUR or another official currency.",
        )
    if currency in THREE_DECIMALS:
        yield Problem(
            "currency_decimals",
            f"{currency} has three decimals; DATEV's amounts have two.",
            field="currency",
            cure="Change the deal to EUR or book it by hand.",
        )


def _currency_problems(sale: Sale) -> Iterator[Problem]:
    yield from currency_code_problems(sale.currency)
    if sale.currency not in ISO_4217:
        return
    if sale.currency == HOME_CURRENCY:
        return
    rate = sale.exchange_rate
    if rate is None and any(problem.field == RATE_FIELD for problem in sale.problems):
        return
    if rate is None:
        yield Problem(
            "exchange_rate_missing",
            f"The deal is in {sale.currency}, and no exchange rate is known.",
            field="exchange_rate",
            cure=f"Enter the exchange rate on the deal: how many {sale.currency} are 1 EUR; or let the "
            "tenant take rates from a table or the European Central Bank (exchange.source).",
        )
    elif not rate.is_finite() or not RATE_STEP <= rate < _RATE_LIMIT:
        yield Problem(
            "exchange_rate_out_of_range",
            f"The exchange rate {rate} cannot be written: DATEV takes 0.000001 to 9999.999999.",
            field="exchange_rate",
            cure=f"Correct the exchange rate: how many {sale.currency} are 1 EUR.",
        )


def _date_problems(sale: Sale, terms: BookingTerms) -> Iterator[Problem]:
    if sale.document_date.year not in BOOKABLE_YEARS:
        yield Problem(
            "document_date_beyond_reason",
            f"The document date {sale.document_date} lies beyond all reason.",
            field="document_date",
            cure="Correct the document date.",
        )
    elif sale.won_on and abs((sale.document_date - sale.won_on).days) > terms.document_date_within_days:
        yield Problem(
            "document_date_far_from_won",
            f"The document date {sale.document_date} lies more than {terms.document_date_within_days} days "
            f"from {sale.won_on}, the day on which the deal was won.",
            field="document_date",
            cure="Correct the document date; if it is right, raise booking.document_date_within_days.",
        )
    yield from _far_date_problems(sale)
    if sale.due_date and sale.due_date < sale.document_date:
        yield Problem(
            "due_date_before_document",
            f"The due date {sale.due_date} lies before the document date {sale.document_date}.",
            field="due_date",
            cure="Correct the due date or the document date.",
        )
    if sale.service_period_end and (sale.service_date is None or sale.service_period_end < sale.service_date):
        yield Problem(
            "service_period_backwards",
            f"The service period ends on {sale.service_period_end} without beginning before that.",
            field="service_date",
            cure="Correct the service period.",
        )


def _far_date_problems(sale: Sale) -> Iterator[Problem]:
    for field, name, days in (
        ("service_date", "service date", (sale.service_date, sale.service_period_end)),
        ("due_date", "due date", (sale.due_date,)),
    ):
        far = [day for day in days if day and abs((day - sale.document_date).days) > FAR_DAYS]
        if far:
            yield Problem(
                f"{field}_far_from_document",
                f"The {name} {far[0]} lies more than ten years from the document date {sale.document_date}.",
                field=field,
                cure=f"Correct the {name} or the document date.",
            )


def combination_problem(sale: Sale, terms: BookingTerms) -> Problem | None:
    """Discounts of which nothing tells how they combine; asked where the deal's value does not confirm it.

    Amounts simply add up; a percentage beside another discount may be of the sum, or of what is left.
    """
    given = [one for one in sale.discounts if one.value]
    if len(given) < 2 or all(one.kind is DiscountKind.AMOUNT for one in given):
        return None
    if terms.several_discounts == "of_the_sum":
        return None
    return Problem(
        "discounts_unclear",
        f"The deal has {len(given)} discounts of its own, and its value of {sale.stated_value} does not tell "
        "how they combine.",
        field="discount",
        cure="Make them one discount, or let the tenant take each of the sum of the lines "
        '(booking.several_discounts = "of_the_sum").',
    )
