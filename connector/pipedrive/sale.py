"""From a bundle to a sale: every name looked up, every custom field read, all problems at once."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connector.accounting.installments import installment_amount_problems
from connector.accounting.pricing import pricing_problems
from connector.accounting.sale import Discount, DiscountKind, Sale, TaxMethod
from connector.accounting.sale_checks import address_problems, currency_code_problems
from connector.accounting.terms import BookingTerms
from connector.clock import berlin_date
from connector.errors import DataError, Problem
from connector.pipedrive.belonging import belonging_problems
from connector.pipedrive.bundle import time_unreadable, value_problem
from connector.pipedrive.buyer import read_buyer
from connector.pipedrive.field_reader import FieldReader
from connector.pipedrive.field_values import DateRange, UnreadableValueError, number
from connector.pipedrive.moments import moment
from connector.pipedrive.sale_billing import read_installments
from connector.pipedrive.sale_lines import LineReader
from connector.pipedrive.shapes import custom_field_problems, id_of, list_problems, records_of
from connector.tenants.config import NumberConfig, SaleConfig


def read_sale(
    bundle: Mapping[str, Any], *, config: SaleConfig, terms: BookingTerms, document_number: str
) -> Sale:
    """The sale behind a won deal.

    :param bundle: as :mod:`connector.pipedrive.bundle` describes it; parts may be missing, numbers may be
        numbers, strings or Decimals.
    :param document_number: decided by the caller (:func:`document_number_from`, a pattern or a sequence).
    :raises DataError: with every problem of the deal.
    """
    problems: list[Problem] = []
    reader = FieldReader(bundle, problems)
    deal = _deal(bundle)
    problems += [*list_problems(bundle), *custom_field_problems(bundle), *belonging_problems(bundle)]
    fields = config.fields
    currency = reader.written(deal, "currency", "deal's currency")
    if not currency:
        reader.report(
            "currency_missing", "The deal has no currency.", "currency", "Choose the deal's currency."
        )
    buyer = read_buyer(bundle, config, reader)
    lines = LineReader(bundle, config, terms, reader)
    service = reader.days("deal", deal, fields.service_date)
    sale_lines = lines.read(currency)
    installments = read_installments(bundle, reader)
    in_parts = bool(installments) or any(line.recurrence for line in sale_lines)
    # Parts have dates of their own; the deal's one field for the date can be that of none of them.
    document_date = _document_date(deal, "" if in_parts else fields.document_date, reader)
    tax_method = lines.tax_method()
    discounts = _discounts(bundle, reader)
    stated_value = _stated_value(deal, reader)
    due_date = _due_date(deal, "" if in_parts else fields.due_date, document_date, terms, reader)
    title = reader.written(deal, "title", "deal's title")
    exchange_rate = _exchange_rate(deal, fields.exchange_rate, reader)
    order_number = reader.text("deal", deal, fields.order_number)
    corrects = reader.text("deal", deal, fields.corrects_document)
    reverse_charge = reader.flag("deal", deal, fields.reverse_charge)
    special_scheme = reader.text("deal", deal, fields.special_scheme)
    allocation = lines.allocation()
    if problems or buyer is None or document_date is None:
        # Else it would be told only once everything above is mended.
        problems += currency_code_problems(currency) if currency else ()
        problems += pricing_problems(sale_lines, discounts, complete=not lines.dropped)
        problems += installment_amount_problems(installments)
        if buyer is not None and buyer.address.city + buyer.address.postal_code + buyer.address.street:
            # Of an empty address, or one that cannot be read, enough is said.
            problems += address_problems(buyer.address)
        raise DataError(problems)
    return Sale(
        deal_id=_deal_id(deal),
        title=title,
        currency=currency,
        tax_method=tax_method or TaxMethod.EXCLUSIVE,
        lines=sale_lines,
        discounts=discounts,
        buyer=buyer,
        stated_value=stated_value,
        document_number=document_number,
        document_date=document_date,
        service_date=service.start if service else None,
        service_period_end=_period_end(service),
        due_date=due_date,
        order_number=order_number,
        domestic_reverse_charge=reverse_charge,
        special_scheme=special_scheme,
        exchange_rate=exchange_rate,
        corrects=corrects,
        won_on=_day_of(deal, "won_time"),
        first_won_on=_day_of(deal, "first_won_time"),
        installments=installments,
        allocation=allocation,
        supply_kind=None if sale_lines else lines.kind_of_deal,
    )


def document_number_from(bundle: Mapping[str, Any], config: NumberConfig) -> str:
    """The document number that the deal's own field names (``NumberSource.FIELD``).

    :returns: as it is written there; empty where the field is empty and needs not be filled.
    :raises DataError: the field does not exist, is ambiguous or is empty on this deal.
    """
    problems: list[Problem] = []
    reader = FieldReader(bundle, problems)
    found = reader.text("deal", _deal(bundle), config.field)
    if not found and not problems and config.required:
        reader.report(
            "document_number_missing",
            f"The deal's field {config.field!r} for the document number is empty.",
            config.field,
            "Enter the invoice number on the deal.",
        )
    if problems:
        raise DataError(problems)
    return found


def _deal(bundle: Mapping[str, Any]) -> Mapping[str, Any]:
    deal = bundle.get("deal")
    if not isinstance(deal, Mapping):
        raise DataError([Problem("deal_missing", "The bundle has no deal.", "deal", "Read the deal again.")])
    _deal_id(deal)
    return deal


def _deal_id(deal: Mapping[str, Any]) -> int:
    found = id_of(deal.get("id"))
    if found is not None:
        return found
    raise DataError([Problem("deal_id_missing", "The deal has no id.", "deal.id", "Read the deal again.")])


def _document_date(deal: Mapping[str, Any], wanted: str, reader: FieldReader) -> date | None:
    if wanted:
        before = reader.problem_count()
        found = reader.day("deal", deal, wanted)
        if found is None and reader.problem_count() == before:
            reader.report(
                "document_date_missing",
                f"The deal's field {wanted!r} for the document date is empty.",
                wanted,
                "Enter the date on the deal.",
            )
        return found
    try:
        won = moment(deal.get("won_time"))
    except ValueError:
        reader.merge(DataError([time_unreadable(deal, "won_time")]))
        return None
    if won is None:
        reader.report(
            "won_time_missing",
            "The deal has no time at which it was won, so it has no document date.",
            "won_time",
            "Mark the deal as won in Pipedrive.",
        )
        return None
    return berlin_date(won)


def _day_of(deal: Mapping[str, Any], key: str) -> date | None:
    """The day of winning where it can be read: a document date of its own does not depend on it."""
    try:
        won = moment(deal.get(key))
    except ValueError:
        return None
    return berlin_date(won) if won else None


def _due_date(
    deal: Mapping[str, Any],
    wanted: str,
    document_date: date | None,
    terms: BookingTerms,
    reader: FieldReader,
) -> date | None:
    found = reader.day("deal", deal, wanted)
    if found is None and document_date is not None and terms.payment_days is not None:
        found = document_date + timedelta(days=terms.payment_days)
    if found and document_date and found < document_date:
        reader.report(
            "due_date_before_document",
            f"The due date {found} lies before the document date {document_date}.",
            wanted,
            "Correct the due date on the deal.",
        )
    return found


def _period_end(service: DateRange | None) -> date | None:
    return service.end if service and service.end != service.start else None


def _exchange_rate(deal: Mapping[str, Any], wanted: str, reader: FieldReader) -> Decimal | None:
    found = reader.number("deal", deal, wanted)
    if found is not None and found <= 0:
        reader.report(
            "exchange_rate_invalid",
            f"The exchange rate {found} is not positive.",
            wanted,
            "Enter foreign units per 1 EUR.",
        )
        return None
    return found


def _stated_value(deal: Mapping[str, Any], reader: FieldReader) -> Decimal:
    value = deal.get("value")
    if value is None:
        reader.report("value_missing", "The deal has no value.", "value", "Enter the deal's value.")
        return Decimal(0)
    problem = value_problem(value)
    if problem:
        reader.merge(DataError([problem]))
        return Decimal(0)
    return number(value)


def _discounts(bundle: Mapping[str, Any], reader: FieldReader) -> tuple[Discount, ...]:
    found = []
    for record in records_of(bundle, "discounts"):
        try:
            kind = DiscountKind(str(record.get("type")))
            amount = number(record.get("amount"))
            description = reader.written(record, "description", "discount's description")
        except (ValueError, UnreadableValueError):
            reader.report(
                "discount_unreadable",
                f"The deal's discount {record.get('description') or record.get('id')!r:.60} cannot be read.",
                "discounts",
                "Enter the discount again.",
            )
            continue
        if amount:
            found.append(Discount(kind, amount, description))
    return tuple(found)
