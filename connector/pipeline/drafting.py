"""From a deal as it was read to its invoice and postings: the pure middle of the product.

The pipeline and ``preview`` go through the same functions, so that what is shown is what is booked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.accounting.bookings import build_postings
from connector.accounting.document_numbers import number_from_pattern
from connector.accounting.identity import document_guid
from connector.accounting.invoice import Invoice
from connector.accounting.invoicing import build_invoice
from connector.accounting.posting import Posting
from connector.accounting.sale import Sale
from connector.errors import DataError
from connector.invoice.contents import check_contents
from connector.pipedrive.sale import document_number_from, read_sale
from connector.pipeline.booking_tables import BookingTables
from connector.tenants.config import NumberSource, TenantConfig


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


def read_draft_sale(
    bundle: Mapping[str, Any],
    config: TenantConfig,
    identity: RunIdentity,
    *,
    drawn: int | None = None,
    number: str = "",
) -> Sale:
    """The deal as a sale with its document number.

    :param drawn: the number drawn from the tenant's sequence; None keeps its place, ``{next}``.
    :param number: the number that the document has already; it never changes.
    :raises DataError: with every problem of the deal.
    """
    sale = read_sale(
        bundle,
        config=config.sale,
        terms=config.terms,
        document_number=number or _number_of_field(bundle, config),
    )
    if sale.document_number or config.numbers.source is NumberSource.FIELD:
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


def _number_of_field(bundle: Mapping[str, Any], config: TenantConfig) -> str:
    if config.numbers.source is not NumberSource.FIELD:
        return ""
    return document_number_from(bundle, config.numbers)
