"""From an invoice to the rows that DATEV books: debtor against revenue, gross, one row per group."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from connector.accounting.chart import Chart
from connector.accounting.identity import posting_key
from connector.accounting.invoice import Invoice, TaxGroup
from connector.accounting.money import cents, quotient, round_to_total
from connector.accounting.posting import Posting, Side
from connector.accounting.posting_checks import ORDER_NUMBER_LENGTH, POSTING_TEXT_LENGTH, posting_problems
from connector.accounting.posting_texts import fill_pattern
from connector.accounting.terms import BookingTerms
from connector.accounting.transliterate import fit, is_cp1252
from connector.errors import DataError

EXTRA_CONTENT_LENGTH = 210
"""EXTF fields 49, 51 … (Zusatzinformation - Inhalt)."""


def build_postings(
    invoice: Invoice,
    *,
    terms: BookingTerms,
    chart: Chart,
    deal_id: int,
    debtor_account: int,
    document_guid: str,
    draft: bool = False,
) -> tuple[Posting, ...]:
    """Make the rows of an invoice. Their signed amounts add up to its gross exactly.

    A ``draft`` shows rows whose document number is not drawn yet.

    The debtor stands first on side S, the revenue account is the contra account, and the amount is
    gross, because DATEV splits the tax off by account or key. Groups of nothing make no row; a group below
    nothing (a returned line, every group of a credit note) stands on side H, with the same account and key.

    Raises:
        DataError: a row would be refused or booked wrongly; every problem of every row.
    """
    groups = [group for group in invoice.tax_breakdown if group.gross]
    bases = _base_amounts(groups, invoice)
    postings = tuple(
        _posting(
            invoice,
            group,
            base_amount=base_amount,
            line=line,
            terms=terms,
            deal_id=deal_id,
            debtor_account=debtor_account,
            document_guid=document_guid,
        )
        for line, (group, base_amount) in enumerate(zip(groups, bases, strict=True), start=1)
    )
    problems = posting_problems(
        postings, invoice, chart=chart, account_length=terms.account_length, draft=draft
    )
    if problems:
        raise DataError(problems)
    return postings


def _base_amounts(groups: Sequence[TaxGroup], invoice: Invoice) -> tuple[Decimal | None, ...]:
    """EUR of each group, signed, adding up to the EUR of the invoice; None for an invoice in EUR.

    DATEV checks each row's own three figures, to a cent: that leaves room for rows that also add up.
    """
    rate = invoice.exchange_rate
    if rate is None:
        return (None,) * len(groups)
    exact = [quotient(group.gross, rate) for group in groups]
    return round_to_total(exact, cents(quotient(invoice.gross, rate)))


def _posting(
    invoice: Invoice,
    group: TaxGroup,
    *,
    base_amount: Decimal | None,
    line: int,
    terms: BookingTerms,
    deal_id: int,
    debtor_account: int,
    document_guid: str,
) -> Posting:
    return Posting(
        line=line,
        key=posting_key(document_guid, line),
        amount=abs(group.gross),
        side=Side.DEBIT if group.gross > 0 else Side.CREDIT,
        account=debtor_account,
        contra_account=group.revenue_account,
        tax_key=group.tax_key,
        currency=invoice.currency,
        exchange_rate=invoice.exchange_rate,
        base_amount=None if base_amount is None else abs(base_amount),
        document_number=invoice.document_number,
        document_date=invoice.document_date,
        service_date=_supplied_on(invoice) if terms.write_service_date else None,
        due_date=invoice.due_date if terms.write_due_date else None,
        posting_text=_posting_text(invoice, terms, deal_id),
        tax_rate=group.tax_rate,
        eu_vat=group.eu_vat,
        eu_rate=group.eu_rate,
        origin_country=group.origin_country,
        cost_centre_1=group.cost_centre_1,
        cost_centre_2=group.cost_centre_2,
        document_link=document_guid,
        order_number=_order_number(invoice),
        extra=_extra(invoice, deal_id),
        why=(*group.why, *invoice.why),
    )


def _supplied_on(invoice: Invoice) -> date | None:
    """The last day of a service period: tax arises once the service is carried out, and a rate is that of
    this day (§ 13 (1) no. 1 a, § 27 (1) UStG)."""
    return invoice.service_period_end or invoice.service_date


def _posting_text(invoice: Invoice, terms: BookingTerms, deal_id: int) -> str:
    text = fill_pattern(
        terms.posting_text,
        {
            "number": invoice.document_number,
            "buyer": invoice.buyer.name,
            "title": invoice.title,
            "deal_id": str(deal_id),
        },
    )
    return fit(text, POSTING_TEXT_LENGTH)


def _order_number(invoice: Invoice) -> str:
    """A number cut short or spelled otherwise is another number: it stands only in the extra information."""
    return invoice.order_number if _fits_as_it_is(invoice.order_number) else ""


def _fits_as_it_is(order_number: str) -> bool:
    return len(order_number) <= ORDER_NUMBER_LENGTH and is_cp1252(order_number)


def _extra(invoice: Invoice, deal_id: int) -> tuple[tuple[str, str], ...]:
    """Where the row comes from, in the pairs that DATEV keeps for such things (fields 48-87)."""
    pairs = [("Pipedrive Deal", str(deal_id)), ("Kunde", fit(invoice.buyer.name, EXTRA_CONTENT_LENGTH))]
    if invoice.corrects:
        pairs.append(("Korrigierte Rechnung", fit(invoice.corrects, EXTRA_CONTENT_LENGTH)))
    if not _fits_as_it_is(invoice.order_number):
        pairs.append(("Auftragsnummer", fit(invoice.order_number, EXTRA_CONTENT_LENGTH)))
    return tuple((kind, content) for kind, content in pairs if content)
