"""From a deal as it was read to its invoice and postings: the pure middle of the product.

The pipeline and ``preview`` go through the same functions, so that what is shown is what is booked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.accounting.bookings import build_postings
from connector.accounting.document_numbers import clean_document_number, number_from_pattern
from connector.accounting.exchange_rates import Published, with_exchange_rate
from connector.accounting.identity import document_guid
from connector.accounting.invoice import Invoice
from connector.accounting.invoicing import build_invoice
from connector.accounting.posting import Posting
from connector.accounting.sale import Sale
from connector.errors import DataError, Problem
from connector.invoice.contents import check_contents
from connector.pipedrive.sale import document_number_from, read_sale
from connector.pipeline.booking_tables import BookingTables
from connector.tenants.config import NumberConfig, NumberSource, TenantConfig, UnsafeCharacters


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What a document's identity is a function of."""

    tenant_key: str
    deal_id: int
    kind: str
    revision: int
    part: int

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


def decide_invoice(
    sale: Sale, config: TenantConfig, tables: BookingTables, *, draft: bool = False
) -> Invoice:
    """The invoice with every tax decided.

    :param draft: the document number may still hold the place of the sequence.
    :raises DataError: with every problem of the invoice, or of what the law wants on it.
    """
    invoice = build_invoice(sale, terms=config.terms, chart=tables.chart, rules=tables.rules, draft=draft)
    problems = check_contents(invoice, config.seller)
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


def _written_number(bundle: Mapping[str, Any], numbers: NumberConfig) -> _Written:
    """The number that stands on the deal, cleaned where the tenant wants that."""
    try:
        written = document_number_from(bundle, numbers)
    except DataError as e:
        return _Written("", problems=e.problems)
    cleaned = clean_document_number(written) if numbers.unsafe_characters is UnsafeCharacters.CLEAN else ""
    if not cleaned or cleaned == written:
        # Where nothing of it can be kept, it is refused as it stands.
        return _Written(written)
    why = f"document number {cleaned}: the deal has {written!r}, cleaned for DATEV's Belegfeld 1"
    return _Written(cleaned, why=(why,))
