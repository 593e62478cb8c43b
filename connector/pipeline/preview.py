"""What would be booked for a deal: the pipeline's own decisions without its side effects.

Nothing is drawn, stored or sent. A number of the tenant's own sequence has ``NEXT`` in the place of the
counter (``NEXT+1`` that of a deal's second part), and a debtor account that would be the next free one is
shown as an example: that of today where a database is at hand, else the first of the range. Both are marked
``provisional``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from connector.accounting.debtor import DebtorRecord
from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.document_numbers import NEXT_PLACEHOLDER
from connector.accounting.exchange_rates import Published
from connector.accounting.invoice import Invoice
from connector.accounting.parts import Part
from connector.accounting.posting import Posting
from connector.accounting.sale import Sale
from connector.clock import berlin_date
from connector.codec import to_plain
from connector.errors import DataError, Problem
from connector.invoice.choose import matching_pdfs, naming, pdf_missing
from connector.pipedrive.bundle import deal_problems, json_safe, status_problems
from connector.pipedrive.shapes import id_of
from connector.pipeline.booking_tables import BookingTables
from connector.pipeline.drafting import (
    RunIdentity,
    decide_invoice,
    decide_postings,
    is_printed,
    parts_of,
    read_draft_sale,
    read_undivided_sale,
)
from connector.pipeline.hand_over.files import check_rendering
from connector.pipeline.ignore import ignoring_rule
from connector.pipeline.preview_files import NEXT_IN_FILES, Booked, file_of, next_in_files, with_number
from connector.pipeline.preview_known import Known, account_of
from connector.pipeline.states import INVOICE
from connector.pipeline.steps.reading import not_won
from connector.pipeline.steps.resolve import facts_of
from connector.tenants.config import DatevFormat, TenantConfig

POSTED = "posted"
NEEDS_ATTENTION = "needs_attention"
IGNORED = "ignored"

_NO_DEAL = Problem(
    "deal_missing", "The bundle holds no deal.", "deal", 'Add "deal": {…} as Pipedrive\'s API answers it.'
)


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
    provisional_number: bool = False
    """The document number is only an example: that of the sequence is drawn when the deal is carried."""
    postings: tuple[Posting, ...] = ()
    parts: tuple["PreviewPart", ...] = ()
    """Of a deal that is invoiced in parts, by date; invoice and postings above are those of the first."""


@dataclass(frozen=True, slots=True)
class PreviewPart:
    """One invoice of a deal that has several."""

    number: int
    """1, 2, …: ``{part}`` in the document number."""
    part: Part
    decided: Preview


class _Read(Protocol):
    """How a bundle becomes a sale (:func:`connector.pipeline.drafting.read_draft_sale`)."""

    def __call__(
        self,
        bundle: Mapping[str, Any],
        config: TenantConfig,
        identity: RunIdentity,
        *,
        number: str = "",
        published: Published | None = None,
    ) -> Sale: ...


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
    # A bundle written by hand may leave the status out; Pipedrive never does.
    found = _Gathered([*(status_problems(deal) if "status" in deal else ()), *deal_problems(deal)])
    not_booked = None if found.problems else _not_booked(deal, config)
    if not_booked:
        return Preview(IGNORED, (not_booked,))
    identity = known.identity or RunIdentity(config.key, _deal_id(deal), INVOICE, 0, 0)
    known = replace(known, identity=identity)
    decide_one = partial(
        _decide_one, bundle, config, tables, created_at=created_at, xsd_dir=xsd_dir, published=published
    )
    try:
        parts = () if identity.billed else parts_of(bundle, config, today=berlin_date(created_at))
    except DataError as e:
        whole = decide_one(known, _Gathered([*found.problems, *e.problems]), read=read_undivided_sale)
        return Preview(NEEDS_ATTENTION, whole.reasons)
    if not parts:
        return decide_one(known, found)
    decided = []
    for number, part in enumerate(parts, start=1):
        billed = replace(known, identity=replace(identity, part=number, billed=part))
        decided.append(PreviewPart(number, part, decide_one(billed, _Gathered(list(found.problems)))))
    reasons = tuple(dict.fromkeys(reason for one in decided for reason in one.decided.reasons))
    outcome = NEEDS_ATTENTION if reasons else POSTED
    return replace(decided[0].decided, outcome=outcome, reasons=reasons, parts=tuple(decided))


def _decide_one(
    bundle: Mapping[str, Any],
    config: TenantConfig,
    tables: BookingTables,
    known: Known,
    found: _Gathered,
    *,
    created_at: datetime,
    xsd_dir: Path | None,
    published: Published | None,
    read: _Read = read_draft_sale,
) -> Preview:
    """One invoice: that of the whole deal, or of one part.

    :param read: makes a sale of the bundle; another one where the parts of the deal cannot be told.
    """
    provisional = False
    identity = known.identity or RunIdentity(config.key, 0, INVOICE, 0, 0)
    try:
        sale = read(bundle, config, identity, number=known.number, published=published)
        account, provisional = account_of(sale.buyer, config, known, found.problems)
        printed = is_printed(bundle, config, sale, identity)
        _gather(found, sale, config, tables, identity, account, printed=printed)
    except DataError as e:
        found.problems += e.problems
    number = found.invoice.document_number if found.invoice and identity.billed else ""
    found.problems += _pdf_problems(bundle.get("files"), config, number)
    if found.invoice and found.debtor and found.postings and not found.problems:
        found.problems += _rendering_problems(found, config, created_at, xsd_dir)
    problems = tuple(dict.fromkeys(found.problems))
    outcome = NEEDS_ATTENTION if problems else POSTED
    invoice, postings = found.invoice, found.postings
    undrawn = invoice is not None and NEXT_PLACEHOLDER in invoice.document_number
    if invoice:
        invoice, postings = with_number(invoice, postings, next_in_files(identity.part))
    return Preview(outcome, problems, invoice, found.debtor, provisional, undrawn, postings)


def preview_file(
    decided: Preview,
    config: TenantConfig,
    file_format: DatevFormat,
    *,
    created_at: datetime,
    xsd_dir: Path | None,
) -> bytes:
    """The file that would be handed over: an EXTF posting batch, or a ZIP with the files of a DXSO job.

    Of a deal in parts it holds all of them (:func:`connector.pipeline.preview_files.file_of`).

    The PDF in the ZIP is drawn from the deal, also where it has one of its own: a bundle holds no files.

    :raises DataError: there is nothing to hand over; with the reasons.
    """
    if decided.outcome != POSTED or decided.invoice is None or decided.debtor is None:
        raise DataError(decided.reasons)
    booked = [
        Booked(one.invoice, one.debtor, one.postings)
        for one in ([part.decided for part in decided.parts] or [decided])
        if one.invoice and one.debtor
    ]
    return file_of(booked, config, file_format, created_at=created_at, xsd_dir=xsd_dir)


def as_plain(decided: Preview) -> dict[str, Any]:
    """JSON-safe values; amounts are strings. Only a deal that is invoiced in parts has ``parts``."""
    plain = _facts(decided)
    if decided.parts:
        plain["parts"] = [
            {
                "part": one.number,
                "key": one.part.key,
                "date": one.part.date.isoformat(),
                **_facts(one.decided),
            }
            for one in decided.parts
        ]
    return plain


def _facts(decided: Preview) -> dict[str, Any]:
    return {
        "outcome": decided.outcome,
        "reasons": [problem.as_dict() for problem in decided.reasons],
        "invoice": _invoice_facts(decided.invoice, decided.provisional_number) if decided.invoice else None,
        "debtor": _debtor_facts(decided.debtor, decided.provisional) if decided.debtor else None,
        "postings": [_posting_facts(posting) for posting in decided.postings],
    }


def _not_booked(deal: Mapping[str, Any], config: TenantConfig) -> Problem | None:
    """Why the deal is left alone before anything is decided."""
    status = not_won({"deal": {"status": "won", **deal}})
    if status == "deleted":
        return Problem("deal_deleted", "The deal is deleted.", "is_deleted", "Nothing to do.")
    if status:
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
    return id_of(deal.get("id")) or 0


def _gather(
    found: _Gathered,
    sale: Sale,
    config: TenantConfig,
    tables: BookingTables,
    identity: RunIdentity,
    account: int | None,
    *,
    printed: bool,
) -> None:
    try:
        found.invoice = decide_invoice(sale, config, tables, draft=True, printed=printed)
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


def _pdf_problems(files: Any, config: TenantConfig, number: str) -> list[Problem]:
    """Whether the deal lacks a PDF that it needs; a bundle without its files does not tell.

    :param number: of the part whose PDF it must be; empty: the deal has one invoice.
    """
    pattern = config.documents.file_pattern
    if config.documents.make_invoice or not isinstance(files, list):
        return []
    records = [file for file in files if isinstance(file, Mapping)]
    records = naming(records, number) if number else records
    return [] if matching_pdfs(records, pattern) else [pdf_missing(pattern, number)]


def _rendering_problems(
    found: _Gathered, config: TenantConfig, created_at: datetime, xsd_dir: Path | None
) -> Sequence[Problem]:
    """What DATEV's format would refuse, as the pipeline asks before it joins a batch."""
    if found.invoice is None or found.debtor is None:
        return ()
    invoice, postings = with_number(found.invoice, found.postings, NEXT_IN_FILES)
    try:
        check_rendering(config, invoice, postings, found.debtor, created_at=created_at, xsd_dir=xsd_dir)
    except DataError as e:
        return e.problems
    return ()


def _invoice_facts(invoice: Invoice, provisional: bool) -> dict[str, Any]:
    return {
        "number": invoice.document_number,
        "provisional": provisional,
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
