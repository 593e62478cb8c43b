"""Numbers for monitoring, each by one statement."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from connector.errors import DatabaseUnavailableError
from connector.store import desk_sessions, refused_deliveries
from connector.store.engine import Transaction
from connector.store.tables import batch, connection, run, submission, tenant, tenant_watch

RUN_AT_REST = ("awaiting_release", "batched", "done", "needs_attention", "ignored", "cancelled")
"""States in which no step of the run itself is due, whatever its ``due_at`` says."""

BATCH_AT_REST = ("open", "posted", "needs_attention")


@dataclass(frozen=True, slots=True)
class LoginEnd:
    """When a login ends."""

    tenant_key: str
    partner: str
    kind: str
    state: str
    access_expires_at: datetime
    refresh_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Watched:
    """How one watch of a tenant stands."""

    tenant_key: str
    watch: str
    since: datetime
    """When it was last looked at whole; before the first time, the tenant's beginning here."""
    found: int
    has_problem: bool


@dataclass(frozen=True, slots=True)
class Measures:
    """One reading of everything."""

    runs: dict[tuple[str, str], int]
    """By tenant key and state."""
    batches: dict[tuple[str, str], int]
    """By tenant key and state; ``cancelled``: it waits, but all its runs were cancelled."""
    oldest_due_run: datetime | None
    oldest_due_batch: datetime | None
    unreconciled: int
    """Submissions of which nobody knows yet whether DATEV took them."""
    parked: dict[str, bool]
    """By tenant key."""
    logins: list[LoginEnd]
    refused: dict[str, int]
    """Deliveries that proved no origin, by tenant key; empty: to tenants that do not exist."""
    refused_logins: dict[str, int] = field(default_factory=dict)
    """Attempts to log in at the desk that failed, by reason."""
    watched: list[Watched] = field(default_factory=list)
    """Reconciliation and our hooks at Pipedrive, of tenants that were looked after at all."""


def read(tx: Transaction, *, now: datetime) -> Measures:
    """Read all measures."""
    return Measures(
        runs=_by_state(tx, run, run.c.state),
        batches=_by_state(tx, batch, sa.case((_GIVEN_UP, "cancelled"), else_=batch.c.state)),
        oldest_due_run=_oldest_due(tx, run, RUN_AT_REST, now),
        oldest_due_batch=_oldest_due(tx, batch, BATCH_AT_REST, now),
        unreconciled=tx.execute(
            sa.select(sa.func.count())
            .select_from(submission)
            .join(batch, batch.c.id == submission.c.batch_id)
            .where(submission.c.state == "intended", ~_GIVEN_UP)
        ).scalar_one(),
        parked={row.key: row.parked for row in tx.execute(_PARKED)},
        logins=[LoginEnd(*row) for row in tx.execute(_LOGINS)],
        refused={key: refused.deliveries for key, refused in refused_deliveries.by_tenant(tx).items()},
        refused_logins=desk_sessions.refused_by_reason(tx),
        watched=[Watched(*row) for row in tx.execute(_WATCHED)],
    )


def schema_version(tx: Transaction) -> str:
    """The migration that the database stands at; empty where it was never migrated."""
    known = tx.execute(sa.text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar_one()
    if not known:
        return ""
    return tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none() or ""


def try_writing(tx: Transaction) -> None:
    """Make PostgreSQL write to its disk, and keep nothing of it: more rows than its working memory holds.

    Not a row of a table: rolled back or not, it would leave rubbish behind at every probe, and on a full disk
    it may still find room in a page that is already there.

    :raises DatabaseUnavailableError: the disk is full or broken, or the server takes no writing (a standby).
    """
    tx.execute(sa.text("SET LOCAL work_mem = '64kB'"))
    tx.execute(sa.text("SELECT count(*) FROM generate_series(1, 10000)"))
    if tx.execute(sa.text("SHOW transaction_read_only")).scalar_one() == "on":
        raise DatabaseUnavailableError("The database takes no writing: it is a standby or set to read only.")


def newest_schema() -> str:
    """The migration that this program was written for."""
    return ScriptDirectory(str(Path(__file__).parent / "migrations")).get_current_head() or ""


_GIVEN_UP = sa.and_(
    batch.c.state == "needs_attention",
    ~sa.exists().where(run.c.batch_id == batch.c.id, run.c.state != "cancelled"),
)
"""Nobody is waited for: a human has cancelled every run that the batch had."""

_PARKED = sa.select(tenant.c.key, tenant.c.parked_at.is_not(None).label("parked"))

_LOGINS = (
    sa.select(
        tenant.c.key,
        connection.c.partner,
        connection.c.kind,
        connection.c.state,
        connection.c.access_expires_at,
        connection.c.refresh_expires_at,
    )
    .join(tenant, tenant.c.id == connection.c.tenant_id)
    .order_by(tenant.c.key, connection.c.partner, connection.c.kind)
)


_WATCHED = (
    sa.select(
        tenant.c.key,
        tenant_watch.c.watch,
        sa.func.coalesce(tenant_watch.c.finished_at, tenant.c.created_at),
        tenant_watch.c.found,
        tenant_watch.c.problem_code != "",
    )
    .join(tenant, tenant.c.id == tenant_watch.c.tenant_id)
    .order_by(tenant.c.key, tenant_watch.c.watch)
)


def _by_state(tx: Transaction, table: sa.Table, state: sa.ColumnElement[str]) -> dict[tuple[str, str], int]:
    labelled = state.label("state")
    counted = sa.select(tenant.c.key, labelled).join(table, tenant.c.id == table.c.tenant_id).subquery()
    rows = tx.execute(
        sa.select(counted.c.key, counted.c.state, sa.func.count()).group_by(counted.c.key, counted.c.state)
    )
    return {(key, state): count for key, state, count in rows}


def _oldest_due(tx: Transaction, table: sa.Table, at_rest: tuple[str, ...], now: datetime) -> datetime | None:
    return tx.execute(
        sa.select(sa.func.min(table.c.due_at))
        .join(tenant, tenant.c.id == table.c.tenant_id)
        .where(table.c.due_at <= now, table.c.state.not_in(at_rest), tenant.c.parked_at.is_(None))
    ).scalar_one()
