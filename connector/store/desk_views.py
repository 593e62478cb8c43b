"""What the desk's rooms show, each by few statements that stay quick with many runs. Always of one tenant."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP

from connector.store import tables as t
from connector.store.engine import Transaction

HIGHEST_ID = 2**63 - 1
"""Of a bigint: a larger number in a search or an address means nothing that we have."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How much came in, how much went out."""

    by_state: dict[str, int]
    received_today: int
    received_month: int
    posted_today: int
    posted_month: int
    oldest_waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Runs that wait for a person for the same reason."""

    code: str
    message: str
    """Of the run that waits longest."""
    cure: str
    run_id: int
    """The run that waits longest."""
    runs: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Traffic:
    """When each partner was heard of last."""

    pipedrive_at: datetime | None
    datev_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run as one line of the list."""

    id: int
    deal_id: int
    title: str
    kind: str
    part: int
    part_key: str
    state: str
    waiting_for: str
    reason_code: str
    reason_message: str
    ignore_rule: str
    created_at: datetime
    updated_at: datetime
    document_number: str | None
    debtor_account: int | None
    amount: Decimal | None
    """Sum of the postings (gross); negative for a credit note."""
    currency: str | None


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list, newest first."""

    runs: list[ListedRun]
    newer: bool
    """Whether there are runs above the first."""
    older: bool
    """Whether there are runs below the last."""


def flow(
    tx: Transaction,
    tenant_id: int,
    *,
    today: datetime,
    month: datetime,
    booked_today: date,
    waiting_states: Collection[str],
) -> Flow:
    """The figures of one tenant.

    :param today, month: where the day and the month began.
    :param booked_today: a part that is dated later does not wait yet.
    """
    states = tx.execute(
        sa.select(t.run.c.state, sa.func.count())
        .where(t.run.c.tenant_id == tenant_id)
        .group_by(t.run.c.state)
    )
    by_state = {row[0]: row[1] for row in states}
    received_month, received_today = tx.execute(
        sa.select(sa.func.count(), sa.func.count().filter(t.run.c.created_at >= today)).where(
            t.run.c.tenant_id == tenant_id, t.run.c.created_at >= month
        )
    ).one()
    posted_month, posted_today = tx.execute(
        sa.select(sa.func.count(), sa.func.count().filter(t.submission.c.finished_at >= today))
        .select_from(t.submission)
        .join(t.batch, t.batch.c.id == t.submission.c.batch_id)
        .join(t.run, t.run.c.batch_id == t.batch.c.id)
        .where(
            t.submission.c.state == "succeeded",
            t.submission.c.content != "debtors",
            t.submission.c.finished_at >= month,
            t.batch.c.tenant_id == tenant_id,
            t.run.c.state.in_(("posted", "done")),
        )
    ).one()
    oldest = tx.execute(
        sa.select(sa.func.min(t.run.c.created_at)).where(
            t.run.c.tenant_id == tenant_id,
            t.run.c.state.in_(waiting_states),
            sa.or_(t.run.c.part_date.is_(None), t.run.c.part_date <= booked_today),
        )
    ).scalar_one()
    return Flow(by_state, received_today, received_month, posted_today, posted_month, oldest)


def causes(tx: Transaction, tenant_id: int, *, limit: int) -> list[Cause]:
    """What needs a person, by reason; the reason with the most runs first."""
    waiting = (
        sa.select(
            t.run.c.id,
            t.run.c.reason_code,
            t.run.c.reason_message,
            t.run.c.reason_cure,
            t.run.c.updated_at,
            sa.func.count().over(partition_by=t.run.c.reason_code).label("runs"),
            sa.func.row_number()
            .over(partition_by=t.run.c.reason_code, order_by=(t.run.c.updated_at, t.run.c.id))
            .label("place"),
        )
        .where(t.run.c.tenant_id == tenant_id, t.run.c.state == "needs_attention")
        .subquery()
    )
    chosen = (
        sa.select(
            waiting.c.reason_code,
            waiting.c.reason_message,
            waiting.c.reason_cure,
            waiting.c.id,
            waiting.c.runs,
            waiting.c.updated_at,
        )
        .where(waiting.c.place == 1)
        .order_by(waiting.c.runs.desc(), waiting.c.updated_at)
        .limit(limit)
    )
    return [Cause(*row) for row in tx.execute(chosen)]


def traffic(tx: Transaction, tenant_id: int) -> Traffic:
    """When each partner was heard of last: Pipedrive by a delivery or a sweep, DATEV by an answer."""
    arrived = tx.execute(
        sa.select(t.inbox.c.received_at)
        .where(t.inbox.c.tenant_id == tenant_id)
        .order_by(t.inbox.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    answered = tx.execute(
        sa.select(sa.func.greatest(t.submission.c.accepted_at, t.submission.c.finished_at, type_=_MOMENT))
        .join(t.batch, t.batch.c.id == t.submission.c.batch_id)
        .where(t.batch.c.tenant_id == tenant_id, t.submission.c.accepted_at.is_not(None))
        .order_by(t.submission.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return Traffic(arrived, answered)


def page(
    tx: Transaction,
    tenant_id: int,
    *,
    states: Collection[str] = (),
    search: str = "",
    before: int | None = None,
    after: int | None = None,
    size: int,
) -> ListPage:
    """A page of a tenant's runs, newest first, found by its neighbours' ids and not by counting.

    :param search: a deal's number or a document's, as written on it.
    :param before: only runs older than this id.
    :param after: only runs newer than this id: the page above.
    """
    chosen = sa.select(t.run.c.id).where(t.run.c.tenant_id == tenant_id)
    if states:
        chosen = chosen.where(t.run.c.state.in_(states))
    if search:
        chosen = chosen.where(_found(tenant_id, search))
    if after is not None:
        chosen = chosen.where(t.run.c.id > after).order_by(t.run.c.id)
    else:
        chosen = chosen.order_by(t.run.c.id.desc())
        if before is not None:
            chosen = chosen.where(t.run.c.id < before)
    # One more than is shown tells whether there is another page.
    found = list(tx.execute(chosen.limit(size + 1)).scalars())
    more = len(found) > size
    ids = found[:size]
    runs = [ListedRun(*row) for row in tx.execute(_listed(ids))] if ids else []
    if after is not None:
        return ListPage(runs, newer=more, older=bool(ids))
    return ListPage(runs, newer=before is not None, older=more)


def _found(tenant_id: int, search: str) -> sa.ColumnElement[bool]:
    numbered = (
        sa.select(t.document.c.run_id)
        .where(
            t.document.c.tenant_id == tenant_id, t.document.c.document_number.in_({search, search.upper()})
        )
        .scalar_subquery()
    )
    matches: list[sa.ColumnElement[bool]] = [t.run.c.id.in_(numbered)]
    if search.isascii() and search.isdigit() and int(search) <= HIGHEST_ID:
        matches.append(t.run.c.deal_id == int(search))
    return sa.or_(*matches)


_MOMENT = TIMESTAMP(timezone=True)


def _listed(ids: list[int]) -> sa.Select[Any]:
    row = t.posting.c.row
    signed = sa.case((row["side"].astext == "S", t.posting.c.amount), else_=-t.posting.c.amount)
    booked = (
        sa.select(
            t.document.c.run_id,
            sa.func.sum(signed).label("amount"),
            sa.func.min(row["currency"].astext).label("currency"),
        )
        .join(t.posting, t.posting.c.document_id == t.document.c.id)
        .where(t.document.c.run_id.in_(ids))
        .group_by(t.document.c.run_id)
        .subquery()
    )
    own = (
        "id",
        "deal_id",
        "title",
        "kind",
        "part",
        "part_key",
        "state",
        "waiting_for",
        "reason_code",
        "reason_message",
        "ignore_rule",
        "created_at",
        "updated_at",
    )
    return (
        sa.select(
            *(t.run.c[name] for name in own),
            t.document.c.document_number,
            t.debtor.c.account,
            booked.c.amount,
            booked.c.currency,
        )
        .outerjoin(t.document, t.document.c.run_id == t.run.c.id)
        .outerjoin(t.debtor, t.debtor.c.id == t.run.c.debtor_id)
        .outerjoin(booked, booked.c.run_id == t.run.c.id)
        .where(t.run.c.id.in_(ids))
        .order_by(t.run.c.id.desc())
    )


def run_of_tenant(tx: Transaction, tenant_id: int, run_id: int) -> bool:
    """Whether this run is one of the tenant's."""
    if not 0 < run_id <= HIGHEST_ID:
        return False
    return (
        tx.execute(
            sa.select(t.run.c.id).where(t.run.c.id == run_id, t.run.c.tenant_id == tenant_id)
        ).scalar_one_or_none()
        is not None
    )
