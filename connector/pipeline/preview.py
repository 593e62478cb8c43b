"""What would be booked for a deal: the pipeline's own decisions without its side effects.

Nothing is drawn, stored or sent. A number of the tenant's own sequence stays ``{next}``; a debtor account
that would be the next free one is shown as the first of the range, marked ``provisional``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from connector.accounting.debtor import DebtorRecord
from connector.accounting.debtor_records import build_debtor_record, parse_debtor_number
from connector.accounting.document_numbers import NEXT_PLACEHOLDER
from connector.accounting.exchange_rates import Published
from connector.accounting.fiscal_year import fiscal_year_start, month_of
from connector.accounting.invoice import Invoice
from connector.accounting.party import Party
from connector.accounting.posting import Posting
from connector.accounting.sale import Sale
from connector.codec import to_plain
from connector.datev.dxso.package import DxsoDocument, DxsoFile
from connector.errors import DataError, Problem
from connector.invoice.choose import matching_pdfs, pdf_missing
from connector.invoice.pdf import make_invoice_pdf
from connector.pipedrive.bundle import deal_problems, json_safe
from connector.pipeline.booking_tables import BookingTables
from connector.pipeline.drafting import RunIdentity, decide_invoice, decide_postings, read_draft_sale
from connector.pipeline.hand_over.files import (
    USUAL_FOLDER,
    check_rendering,
    ledger_package,
    package_zip,
    postings_file,
)
from connector.pipeline.ignore import ignoring_rule
from connector.pipeline.steps.resolve import facts_of
from connector.tenants.config import DatevFormat, DebtorStrategy, TenantConfig

POSTED = "posted"
NEEDS_ATTENTION = "needs_attention"
IGNORED = "ignored"

NEXT_IN_FILES = "NEXT"
"""Stands for ``{next}`` in a previewed file, because DATEV's formats know no braces."""

_NO_DEAL = Problem(
    "deal_missing", "The bundle holds no deal.", "deal", 'Add "deal": {…} as Pipedrive\'s API answers it.'
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is decided already and does not change any more."""

    identity: RunIdentity | None = None
    """None: that of the deal's first invoice."""
    debtor_account: int | None = None
    """The account that the buyer has."""
    number: str = ""
    """The document number that the run has."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that was decided until it ended."""

    outcome: str
    """``posted``, ``needs_attention`` or ``ignored``."""
    reasons: tuple[Problem, ...] = ()
    invoice: Invoice | None = None
    debtor: DebtorRecord | None = None
    provisional: bool = False
    """The debtor account is only an example."""
    postings: tuple[Posting, ...] = ()


@dataclass(slots=True)
class _Gathered:
    """What is known so far, and what is wrong with it."""

    problems: list[Problem] = field(default_factory=list)
    invoice: Invoice | None = None
    debtor: DebtorRecord | None = None
    postings: tuple[Posting, ...] = ()


def preview(
    bundle: Mapping[str, Any],
    config: TenantConfig,
    tables: BookingTables,
    known: Known | None = None,
    *,
    created_at: datetime,
    xsd_dir: Path | None = None,
) -> dict[str, Any]:
    """The preview as plain values: ``outcome``, ``reasons``, ``invoice``, ``debtor``, ``postings``."""
    return as_plain(decide(bundle, config, tables, known, created_at=created_at, xsd_dir=xsd_dir))


def decide(
    bundle: Mapping[str, Any],
    config: TenantConfig,
    tables: BookingTables,
    known: Known | None = None,
    *,
    created_at: datetime,
    xsd_dir: Path | None = None,
    published: Published | None = None,
) -> Preview:
    """Go through the pipeline's decisions and gather every problem on the way.

    :param known: what is decided already, where the preview is that of a run.
    :param published: reference rates of foreign currencies; None where none are at hand.
    :param created_at: stands in the header of a trial rendering.
    """
    known = known or Known()
    bundle = json_safe(bundle)
    deal = bundle.get("deal")
    if not isinstance(deal, Mapping):
        return Preview(NEEDS_ATTENTION, (_NO_DEAL,))
    found = _Gathered(deal_problems(deal))
    not_booked = None if found.problems else _not_booked(deal, config)
    if not_booked:
        return Preview(IGNORED, (not_booked,))
    provisional = False
    try:
        identity = known.identity or RunIdentity(config.key, _deal_id(deal), "invoice", 0, 0)
        sale = read_draft_sale(bundle, config, identity, number=known.number, published=published)
        account, provisional = _account(sale.buyer, config, known.debtor_account, found.problems)
        _gather(found, sale, config, tables, identity, account)
    except DataError as e:
        found.problems += e.problems
    found.problems += _pdf_problems(bundle.get("files"), config)
    if found.invoice and found.debtor and found.postings and not found.problems:
        found.problems += _rendering_problems(found, config, created_at, xsd_dir)
    problems = tuple(dict.fromkeys(found.problems))
    outcome = NEEDS_ATTENTION if problems else POSTED
    return Preview(outcome, problems, found.invoice, found.debtor, provisional, found.postings)


def preview_file(
    decided: Preview,
    config: TenantConfig,
    file_format: DatevFormat,
    *,
    created_at: datetime,
    xsd_dir: Path | None,
) -> bytes:
    """The file that would be handed over: an EXTF posting batch, or a ZIP with the files of a DXSO job.

    The PDF in the ZIP is drawn from the deal, also where it has one of its own: a bundle holds no files.

    :raises DataError: there is nothing to hand over; with the reasons.
    """
    if decided.outcome != POSTED or decided.invoice is None or decided.debtor is None:
        raise DataError(decided.reasons)
    invoice, postings = _with_number(decided.invoice, decided.postings, NEXT_IN_FILES)
    month = month_of(invoice.document_date)
    if file_format is DatevFormat.EXTF:
        start = (config.datev.fiscal_year_start_month, config.datev.fiscal_year_start_day)
        return postings_file(
            config,
            fiscal_year=fiscal_year_start(invoice.document_date, *start),
            month=month,
            created_at=created_at,
            postings=postings,
        )
    package = ledger_package(
        config,
        month=month,
        folder_name=USUAL_FOLDER,
        created_at=created_at,
        documents=[
            DxsoDocument(
                guid=postings[0].document_link,
                number=invoice.document_number,
                date=invoice.document_date,
                debtor=decided.debtor,
                postings=postings,
            )
        ],
        xsd_dir=xsd_dir,
    )
    pdf = make_invoice_pdf(invoice, seller=config.seller, created_at=created_at)
    return package_zip(package, [DxsoFile(name, pdf) for _guid, name in package.pdf_names])


def as_plain(decided: Preview) -> dict[str, Any]:
    """JSON-safe values; amounts are strings."""
    return {
        "outcome": decided.outcome,
        "reasons": [problem.as_dict() for problem in decided.reasons],
        "invoice": _invoice_facts(decided.invoice) if decided.invoice else None,
        "debtor": _debtor_facts(decided.debtor, decided.provisional) if decided.debtor else None,
        "postings": [_posting_facts(posting) for posting in decided.postings],
    }


def _not_booked(deal: Mapping[str, Any], config: TenantConfig) -> Problem | None:
    """Why the deal is left alone before anything is decided."""
    status = deal.get("status", "won")
    if status != "won":
        return Problem(
            "deal_not_won", f"The deal is {status}, not won.", "status", "Nothing to do until it is won."
        )
    rule = ignoring_rule(config, facts_of(deal))
    if rule is None:
        return None
    return Problem(
        "ignored_by_rule",
        f"Left alone by the rule: {rule}.",
        "ignore",
        "Nothing to do; if it is to be booked, change the rule in the tenant's file.",
    )


def _deal_id(deal: Mapping[str, Any]) -> int:
    """The deal's id as far as it can be read; what is wrong with it is said by whoever reads the deal."""
    found = str(deal.get("id"))
    return int(found) if found.isascii() and found.isdigit() else 0


def _account(
    buyer: Party, config: TenantConfig, known: int | None, problems: list[Problem]
) -> tuple[int | None, bool]:
    """The debtor account, and whether it is only an example; None where the customer names no usable one.

    The adviser's list is not asked: it lies in the database, and a preview needs none.
    """
    debtors = config.debtors
    if debtors.strategy is DebtorStrategy.COLLECTIVE and debtors.collective_account is not None:
        return debtors.collective_account, False
    by_list = debtors.strategy is DebtorStrategy.LIST
    if debtors.strategy is DebtorStrategy.FIELD or (by_list and buyer.debtor_number):
        named = parse_debtor_number(buyer.debtor_number, config.terms.account_length)
        if isinstance(named, Problem):
            problems.append(named)
            return None, False
        return named, False
    return (known, False) if known is not None else (debtors.first, True)


def _gather(
    found: _Gathered,
    sale: Sale,
    config: TenantConfig,
    tables: BookingTables,
    identity: RunIdentity,
    account: int | None,
) -> None:
    try:
        found.invoice = decide_invoice(sale, config, tables, draft=True)
    except DataError as e:
        found.problems += e.problems
    if account is None:
        return
    try:
        found.debtor = build_debtor_record(sale.buyer, account)
    except DataError as e:
        found.problems += e.problems
    if found.invoice:
        found.postings = decide_postings(found.invoice, config, tables, identity, account, draft=True)


def _pdf_problems(files: Any, config: TenantConfig) -> list[Problem]:
    """Whether the deal lacks a PDF that it needs; a bundle without its files does not tell."""
    pattern = config.documents.file_pattern
    if config.documents.make_invoice or not isinstance(files, list):
        return []
    records = [file for file in files if isinstance(file, Mapping)]
    return [] if matching_pdfs(records, pattern) else [pdf_missing(pattern)]


def _rendering_problems(
    found: _Gathered, config: TenantConfig, created_at: datetime, xsd_dir: Path | None
) -> Sequence[Problem]:
    """What DATEV's format would refuse, as the pipeline asks before it joins a batch."""
    if found.invoice is None or found.debtor is None:
        return ()
    invoice, postings = _with_number(found.invoice, found.postings, NEXT_IN_FILES)
    try:
        check_rendering(config, invoice, postings, found.debtor, created_at=created_at, xsd_dir=xsd_dir)
    except DataError as e:
        return e.problems
    return ()


def _with_number(
    invoice: Invoice, postings: tuple[Posting, ...], stand_in: str
) -> tuple[Invoice, tuple[Posting, ...]]:
    """Both with a number that a file can hold."""
    number = invoice.document_number.replace(NEXT_PLACEHOLDER, stand_in)
    return (
        replace(invoice, document_number=number),
        tuple(
            replace(
                posting,
                document_number=number,
                posting_text=posting.posting_text.replace(NEXT_PLACEHOLDER, stand_in),
            )
            for posting in postings
        ),
    )


def _invoice_facts(invoice: Invoice) -> dict[str, Any]:
    return {
        "number": invoice.document_number,
        "date": invoice.document_date.isoformat(),
        "service_date": _day(invoice.service_date),
        "service_period_end": _day(invoice.service_period_end),
        "due_date": _day(invoice.due_date),
        "corrects": invoice.corrects,
        "currency": invoice.currency,
        "net": str(invoice.net),
        "tax": str(invoice.tax),
        "gross": str(invoice.gross),
        "tax_breakdown": to_plain(invoice.tax_breakdown),
        "lines": to_plain(invoice.lines),
    }


def _debtor_facts(record: DebtorRecord, provisional: bool) -> dict[str, Any]:
    return {**to_plain(record), "provisional": provisional}


def _posting_facts(posting: Posting) -> dict[str, Any]:
    plain = to_plain(posting)
    return {name: plain[name] for name in _POSTING_FACTS}


_POSTING_FACTS = (
    "amount",
    "side",
    "account",
    "contra_account",
    "tax_key",
    "currency",
    "exchange_rate",
    "base_amount",
    "document_number",
    "document_date",
    "service_date",
    "due_date",
    "posting_text",
    "eu_vat",
    "eu_rate",
    "cost_centre_1",
    "cost_centre_2",
    "document_link",
    "why",
)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
