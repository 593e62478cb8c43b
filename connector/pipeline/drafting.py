"""From a deal as it was read to its invoice and postings: the pure middle of the product.

The pipeline and ``preview`` go through the same functions, so that what is shown is what is booked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from connector.accounting.bookings import build_postings
from connector.accounting.document_numbers import (
    check_document_number,
    clean_document_number,
    number_from_pattern,
)
from connector.accounting.exchange_rates import Published, with_exchange_rate
from connector.accounting.identity import document_guid
from connector.accounting.installments import installment_invoice
from connector.accounting.invoice import Invoice
from connector.accounting.invoicing import build_invoice
from connector.accounting.parts import (
    Part,
    has_part,
    is_in_parts,
    part_problems,
    plan_parts,
    sale_of_part,
    undivided,
)
from connector.accounting.posting import Posting
from connector.accounting.sale import Sale
from connector.errors import DataError, Problem
from connector.invoice.choose import is_made_by_us
from connector.invoice.contents import check_contents, check_print, check_sale
from connector.pipedrive.sale import document_number_from, read_sale
from connector.pipeline.booking_tables import BookingTables
from connector.tenants.config import NumberConfig, NumberSource, TenantConfig, UnsafeCharacters

PART_GONE = "part_gone"
"""Code: the deal has no such instalment or period any more."""

_NOT_WHOLE = Problem(
    "invoiced_in_parts",
    "The deal is invoiced in parts: it has instalments or recurring lines.",
    "installments",
    "Remove instalments and recurrence from the deal in Pipedrive if it is one invoice.",
)


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What a document's identity is a function of."""

    tenant_key: str
    deal_id: int
    kind: str
    revision: int
    part: int
    billed: Part | None = None
    """The part of a deal that is invoiced in parts; None: the whole deal."""

    @property
    def document_guid(self) -> str:
        """The GUID under which DATEV keeps the document."""
        return document_guid(self.tenant_key, self.deal_id, self.kind, self.revision, self.part)


@dataclass(frozen=True, slots=True)
class _Written:
    """The document number as the deal has it."""

    number: str
    why: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_draft_sale(
    bundle: Mapping[str, Any],
    config: TenantConfig,
    identity: RunIdentity,
    *,
    drawn: int | None = None,
    number: str = "",
    published: Published | None = None,
) -> Sale:
    """The deal as a sale with its document number and exchange rate.

    :param drawn: the number drawn from the tenant's sequence; None keeps its place, ``{next}``.
    :param number: the number that the document has already; it never changes.
    :param published: the stored reference rates; None where there are none to ask.
    :raises DataError: with every problem of the deal.
    """
    written = _Written(number)
    if not number and config.numbers.source is NumberSource.FIELD:
        written = _written_number(bundle, config.numbers)
    try:
        sale = read_sale(bundle, config=config.sale, terms=config.terms, document_number=written.number)
    except DataError as e:
        raise DataError(dict.fromkeys((*written.problems, *e.problems))) from e
    billed = _billed(sale, config, identity)
    return _numbered(billed, written, config, identity, drawn=drawn, number=number, published=published)


def read_undivided_sale(
    bundle: Mapping[str, Any],
    config: TenantConfig,
    identity: RunIdentity,
    *,
    number: str = "",
    published: Published | None = None,
) -> Sale:
    """A deal whose parts cannot be told, as one sale: never booked, but what else is wrong with it is heard.

    :raises DataError: as :func:`read_draft_sale`, of which the parameters are.
    """
    sale = undivided(read_sale(bundle, config=config.sale, terms=config.terms, document_number=""))
    from_field = config.numbers.source is NumberSource.FIELD
    written = _written_number(bundle, config.numbers) if from_field and not number else _Written(number)
    first = replace(identity, part=1, billed=Part("", sale.document_date))
    return _numbered(sale, written, config, first, number=number, published=published)


def plan_deal(
    bundle: Mapping[str, Any],
    config: TenantConfig,
    tables: BookingTables,
    identity: RunIdentity,
    *,
    today: date,
    published: Published | None = None,
) -> tuple[Part, ...]:
    """The parts in which a deal is invoiced, by date; none if it is invoiced whole, or cannot be read at all.

    Every part is drafted as of the day of winning, so that a person hears now what is wrong with a later one;
    a rate of exchange of its own day is not known yet.

    :param identity: that of the deal's own run.
    :raises DataError: with every problem of the parts.
    """
    sale = _readable(bundle, config)
    if sale is None or not is_in_parts(sale):
        return ()
    try:
        parts = plan_parts(sale, config.terms, today=today)
    except DataError as e:
        others = _undivided_problems(bundle, config, tables, identity, published)
        raise DataError(dict.fromkeys((*e.problems, *others))) from e
    from_field = config.numbers.source is NumberSource.FIELD
    written = _written_number(bundle, config.numbers) if from_field else _Written("")
    problems: dict[Problem, None] = {}
    for ordinal, part in enumerate(parts, start=1):
        billed = replace(identity, part=ordinal, billed=Part(part.key, sale.document_date))
        try:
            draft = _numbered(_billed(sale, config, billed), written, config, billed, published=published)
            printed = is_printed(bundle, config, draft, billed)
            decide_invoice(draft, config, tables, draft=True, printed=printed)
        except DataError as e:
            problems |= dict.fromkeys(e.problems)
    if problems:
        raise DataError(problems)
    return parts


def _undivided_problems(
    bundle: Mapping[str, Any],
    config: TenantConfig,
    tables: BookingTables,
    identity: RunIdentity,
    published: Published | None,
) -> Sequence[Problem]:
    try:
        sale = read_undivided_sale(bundle, config, identity, published=published)
        printed = is_printed(bundle, config, sale, identity)
        decide_invoice(sale, config, tables, draft=True, printed=printed)
    except DataError as e:
        return e.problems
    return ()


def parts_of(bundle: Mapping[str, Any], config: TenantConfig, *, today: date) -> tuple[Part, ...]:
    """The parts by date, not drafted; none if the deal is invoiced whole, or cannot be read at all.

    :raises DataError: with everything that keeps the parts from being told.
    """
    sale = _readable(bundle, config)
    return plan_parts(sale, config.terms, today=today) if sale is not None and is_in_parts(sale) else ()


def _readable(bundle: Mapping[str, Any], config: TenantConfig) -> Sale | None:
    """None: whoever drafts the whole deal tells its problems together with those of its number."""
    try:
        return read_sale(bundle, config=config.sale, terms=config.terms, document_number="")
    except DataError:
        return None


def is_printed(bundle: Mapping[str, Any], config: TenantConfig, sale: Sale, identity: RunIdentity) -> bool:
    """Whether we make this invoice: a part's own PDF names the part's number, a whole deal's any."""
    number = sale.document_number if identity.billed else ""
    return is_made_by_us(bundle.get("files"), config.documents, number)


def decide_invoice(
    sale: Sale, config: TenantConfig, tables: BookingTables, *, draft: bool = False, printed: bool = True
) -> Invoice:
    """The invoice with every tax decided.

    :param draft: the document number may still hold the place of the sequence.
    :param printed: we make the PDF, so our typeface must have all its letters.
    :raises DataError: with every problem of the invoice, or of what the law wants on it.
    """
    try:
        invoice = build_invoice(sale, terms=config.terms, chart=tables.chart, rules=tables.rules, draft=draft)
        if sale.installment:
            invoice = installment_invoice(invoice, sale)
    except DataError as e:
        told = {problem.code for problem in e.problems}
        beside = [*check_sale(sale, config.seller), *(check_print(sale, config.seller) if printed else ())]
        raise DataError([*e.problems, *(found for found in beside if found.code not in told)]) from e
    problems = check_contents(invoice, config.seller)
    if printed:
        problems += check_print(invoice, config.seller)
    if problems:
        raise DataError(problems)
    return invoice


def decide_postings(
    invoice: Invoice,
    config: TenantConfig,
    tables: BookingTables,
    identity: RunIdentity,
    debtor_account: int,
    *,
    draft: bool = False,
) -> tuple[Posting, ...]:
    """The rows behind the invoice.

    :param draft: the document number may still hold the place of the sequence.
    :raises DataError: with every row that the chart refuses.
    """
    return build_postings(
        invoice,
        terms=config.terms,
        chart=tables.chart,
        deal_id=identity.deal_id,
        debtor_account=debtor_account,
        document_guid=identity.document_guid,
        draft=draft,
    )


def _numbered(
    sale: Sale,
    written: _Written,
    config: TenantConfig,
    identity: RunIdentity,
    *,
    drawn: int | None = None,
    number: str = "",
    published: Published | None = None,
) -> Sale:
    """What is sold with this document, with number and exchange rate."""
    number_problem = None if number else _part_number_problem(config.numbers, written, identity)
    if number_problem:
        written = replace(written, problems=(number_problem,))
    sale = replace(sale, why=written.why, problems=written.problems)
    sale = with_exchange_rate(sale, config.exchange, published)
    if sale.document_number or written.problems:
        return sale
    return replace(
        sale,
        document_number=number_from_pattern(
            config.numbers.pattern,
            deal_id=identity.deal_id,
            part=identity.part,
            year=sale.document_date.year,
            next=drawn,
        ),
    )


def _billed(sale: Sale, config: TenantConfig, identity: RunIdentity) -> Sale:
    """What is invoiced with this document: the whole deal, or one part of it."""
    part = identity.billed
    if part is None:
        if is_in_parts(sale):
            raise DataError([_NOT_WHOLE])
        return sale
    problems = part_problems(sale, config.terms)
    if problems:
        raise DataError(problems)
    if not has_part(sale, part.key):
        raise DataError(
            [
                Problem(
                    PART_GONE,
                    f"The deal has no part {part.key} (any more).",
                    "installments",
                    "Put it back in Pipedrive, or cancel the run.",
                )
            ]
        )
    return sale_of_part(sale, part)


def _part_number_problem(numbers: NumberConfig, written: _Written, identity: RunIdentity) -> Problem | None:
    """Every part has a number of its own; one that all would share is found before any is used."""
    if identity.billed is None:
        return None
    one_field = numbers.source is NumberSource.FIELD and (numbers.required or bool(written.number))
    if not one_field and any(name in numbers.pattern for name in ("{part", "{next")):
        return None
    what = f"the deal's field {numbers.field!r}" if one_field else f"the pattern {numbers.pattern!r}"
    return Problem(
        "document_number_same_for_all_parts",
        f"The deal is invoiced in parts, and {what} gives all of them the same document number.",
        "numbers.pattern",
        'Put {part} into the tenant\'s number pattern, such as "PD-{deal_id}-{part}", or use a sequence.',
    )


def _written_number(bundle: Mapping[str, Any], numbers: NumberConfig) -> _Written:
    """The number that stands on the deal, cleaned where the tenant wants that."""
    try:
        written = document_number_from(bundle, numbers)
    except DataError as e:
        return _Written("", problems=e.problems)
    cleaned = clean_document_number(written) if numbers.unsafe_characters is UnsafeCharacters.CLEAN else ""
    if not cleaned or cleaned == written:
        # Where nothing of it can be kept, it is refused as it stands. A draft's check would take {next} for
        # the place of a sequence, which a number that a person wrote has none of.
        problem = check_document_number(written) if written else None
        return _Written(written, problems=(problem,) if problem else ())
    why = f"document number {cleaned}: the deal has {written!r}, cleaned for DATEV's Belegfeld 1"
    return _Written(cleaned, why=(why,))
