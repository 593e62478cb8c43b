"""What is over its time: one statement for each kind of row, applied in pieces.

How long something is kept, and why, is decided in :mod:`connector.pipeline.retention_rules`; here stands only
what may go once its time is over. What a legal hold covers never may.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction
from connector.store.erased import ERASED, blank_debtor
from connector.store.evidence_tables import http_log, legal_hold

_ENDED = ("done", "ignored", "cancelled")
"""States in which nothing happens to a run by itself any more."""

_UNBOOKED = ("ignored", "cancelled")

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Expiry:
    """One kind of thing that ends: rows that go, or columns that are emptied."""

    table: sa.Table
    due: Callable[[datetime], Condition]
    """Which rows, given the moment before which everything is over its time."""
    values: Mapping[str, Any] | None = None
    """What the columns become; None: the row is deleted."""


def _held(tenant_id: Any, *runs: Any) -> Condition:
    """Whether a hold covers a tenant, or one of these runs of it."""
    of_run = [legal_hold.c.run_id == run for run in runs]
    return sa.exists().where(
        legal_hold.c.tenant_id == tenant_id,
        legal_hold.c.released_at.is_(None),
        sa.or_(legal_hold.c.run_id.is_(None), *of_run),
    )


def _batch_held(batch_id: Any) -> Condition:
    """Whether a hold covers the tenant of a batch, or a run that it carries."""
    carried = t.run.alias("carried")
    held = legal_hold.alias("held")
    return sa.exists().where(
        t.batch.c.id == batch_id,
        held.c.tenant_id == t.batch.c.tenant_id,
        held.c.released_at.is_(None),
        sa.or_(
            held.c.run_id.is_(None),
            sa.exists().where(carried.c.id == held.c.run_id, carried.c.batch_id == t.batch.c.id),
        ),
    )


def _log_due(before: datetime) -> Condition:
    return sa.and_(http_log.c.at < before, ~_held(http_log.c.tenant_id, http_log.c.run_id))


def _inbox_due(before: datetime) -> Condition:
    return sa.and_(t.inbox.c.received_at < before, ~_held(t.inbox.c.tenant_id, t.inbox.c.run_id))


def _unbooked_due(before: datetime) -> Condition:
    """Copies of deals of which nothing was ever booked; of a deal in parts once all of its runs are old."""
    run, other, sibling = t.run, t.run.alias("other"), t.run.alias("sibling")
    still_moving = sa.exists().where(
        other.c.tenant_id == run.c.tenant_id, other.c.deal_id == run.c.deal_id, other.c.updated_at >= before
    )
    documented = sa.exists().where(
        t.document.c.run_id == sibling.c.id,
        sibling.c.tenant_id == run.c.tenant_id,
        sibling.c.deal_id == run.c.deal_id,
    )
    return sa.and_(
        run.c.state.in_(_UNBOOKED),
        run.c.updated_at < before,
        sa.or_(run.c.bundle.is_not(None), run.c.invoice.is_not(None), run.c.title != ""),
        ~documented,
        ~still_moving,
        ~_held(run.c.tenant_id, run.c.id),
    )


def _of_ended_run(column: sa.Column[Any]) -> Callable[[datetime], Condition]:
    def due(before: datetime) -> Condition:
        run = t.run
        return sa.and_(
            run.c.state.in_(_ENDED),
            run.c.updated_at < before,
            column.is_not(None),
            ~_held(run.c.tenant_id, run.c.id),
        )

    return due


def _compared_due(before: datetime) -> Condition:
    """The invoice that a run of a booked deal had decided and that never was one: compared, or cancelled."""
    own = sa.exists().where(t.document.c.run_id == t.run.c.id)
    return sa.and_(_of_ended_run(t.run.c.invoice)(before), ~own)


def _old_document(before: datetime) -> Condition:
    """Dated and made before: the period begins with the later of the two."""
    document = t.document
    ended = sa.exists().where(t.run.c.id == document.c.run_id, t.run.c.state.in_(_ENDED))
    return sa.and_(
        document.c.created_at < before,
        document.c.document_date < before.date(),
        ended,
        ~_held(document.c.tenant_id, document.c.run_id),
    )


def _pdf_due(before: datetime) -> Condition:
    return sa.and_(_old_document(before), sa.func.length(t.document.c.content) > 0)


def _old_submission(batch_id: Any, before: datetime) -> Condition:
    """Every submission of a batch ended long ago, and so did all of its runs."""
    moving = sa.exists().where(
        t.run.c.batch_id == batch_id, sa.or_(t.run.c.updated_at >= before, t.run.c.state.not_in(_ENDED))
    )
    old = sa.exists().where(t.batch.c.id == batch_id, t.batch.c.updated_at < before)
    return sa.and_(old, ~moving, ~_batch_held(batch_id))


def _of_submission(table: sa.Table) -> Callable[[datetime], Condition]:
    def due(before: datetime) -> Condition:
        return sa.exists().where(
            t.submission.c.id == table.c.submission_id, _old_submission(t.submission.c.batch_id, before)
        )

    return due


def _submission_due(before: datetime) -> Condition:
    return sa.and_(
        _old_submission(t.submission.c.batch_id, before),
        *(
            ~sa.exists().where(table.c.submission_id == t.submission.c.id)
            for table in (t.submission_debtor, t.submission_file)
        ),
    )


def _texts_due(before: datetime) -> Condition:
    run = t.run
    texts = (run.c.title, run.c.reason_message, run.c.reason_cure, run.c.waiting_for)
    return sa.and_(
        run.c.state.in_(_ENDED),
        run.c.updated_at < before,
        sa.or_(*(text != "" for text in texts)),
        ~_held(run.c.tenant_id, run.c.id),
    )


def _debtor_due(before: datetime) -> Condition:
    """Master data that no booking needs any more. The account stays taken: DATEV has postings on it."""
    debtor = t.debtor
    return sa.and_(
        debtor.c.updated_at < before,
        debtor.c.record_hash != ERASED,
        ~sa.exists().where(t.run.c.debtor_id == debtor.c.id, t.run.c.updated_at >= before),
        ~sa.exists().where(t.submission_debtor.c.debtor_id == debtor.c.id),
        ~_held(debtor.c.tenant_id),
    )


HTTP_LOG = Expiry(http_log, _log_due)
INBOX = Expiry(t.inbox, _inbox_due)
TICKETS = Expiry(t.connect_ticket, lambda before: t.connect_ticket.c.expires_at < before)
LOGIN_ATTEMPTS = Expiry(t.login_attempt, lambda before: t.login_attempt.c.expires_at < before)
UNBOOKED = Expiry(t.run, _unbooked_due, {"bundle": sa.null(), "invoice": sa.null(), "title": ""})
DEAL_COPIES = Expiry(t.run, _of_ended_run(t.run.c.bundle), {"bundle": sa.null()})
COMPARED = Expiry(t.run, _compared_due, {"invoice": sa.null()})
INVOICES = Expiry(t.run, _of_ended_run(t.run.c.invoice), {"invoice": sa.null()})
PDFS = Expiry(t.document, _pdf_due, {"content": b""})
DOCUMENTS = Expiry(t.document, _old_document)
SUBMISSION_DEBTORS = Expiry(t.submission_debtor, _of_submission(t.submission_debtor))
SUBMISSION_FILES = Expiry(t.submission_file, _of_submission(t.submission_file))
SUBMISSIONS = Expiry(t.submission, _submission_due)
VAT_CHECKS = Expiry(
    t.vat_check,
    lambda before: sa.and_(t.vat_check.c.checked_at < before, ~_held(t.vat_check.c.tenant_id)),
)
HOLDS = Expiry(legal_hold, lambda before: legal_hold.c.released_at < before)
RUN_TEXTS = Expiry(
    t.run, _texts_due, {"title": "", "reason_message": "", "reason_cure": "", "waiting_for": ""}
)
DEBTORS = Expiry(t.debtor, _debtor_due, blank_debtor())


def count(tx: Transaction, expiry: Expiry, before: datetime) -> int:
    """How many rows are over their time."""
    chosen = sa.select(sa.func.count()).select_from(expiry.table).where(expiry.due(before))
    return int(tx.execute(chosen).scalar_one())


def apply_some(tx: Transaction, expiry: Expiry, before: datetime, limit: int) -> Counter[int]:
    """Delete or empty some rows that are over their time, each locked against whoever works on it.

    :returns: how many of each tenant; under 0 those of tables without one.
    """
    table = expiry.table
    keys = list(table.primary_key)
    chosen = (
        sa.select(*keys).where(expiry.due(before)).limit(limit).with_for_update(of=table, skip_locked=True)
    )
    rows = tx.execute(chosen).all()
    if not rows:
        return Counter()
    these = sa.tuple_(*keys).in_([tuple(row) for row in rows])
    tenant = table.c.get("tenant_id")
    owner = sa.literal(0) if tenant is None else sa.func.coalesce(tenant, 0)
    change = table.delete() if expiry.values is None else table.update().values(**expiry.values)
    return Counter(tx.execute(change.where(these).returning(owner)).scalars())


def held_runs(tx: Transaction, tenant_id: int) -> list[int] | None:
    """The runs of a tenant that a hold covers; None: it covers everything of the tenant."""
    found = tx.execute(
        sa.select(legal_hold.c.run_id).where(
            legal_hold.c.tenant_id == tenant_id, legal_hold.c.released_at.is_(None)
        )
    ).scalars()
    runs = list(found)
    return None if None in runs else [run for run in runs if run is not None]
