"""Deleting what is over its time: in pieces, told in the journal, and never what a hold covers."""

from dataclasses import dataclass
from datetime import datetime

from connector.http import StepBudget
from connector.log import get_logger
from connector.pipeline.audit import current_heads
from connector.pipeline.retention_rules import BOOK_LAW, JOURNAL, RULES, Period, Rule, Years
from connector.pipeline.sealing import seal_now
from connector.pipeline.services import Services
from connector.store import Transaction, journal, journal_seals, retention, tenants
from connector.store.journal_seals import CUT
from connector.store.patience import be_patient
from connector.store.tenants import TenantRow

log = get_logger(__name__)

_ACTOR = "retention"

AT_ONCE = 500
"""Rows of one transaction: short enough that nobody waits for their locks."""


CUT_AT_ONCE = 20_000
"""Journal rows removed in one transaction: a second's work, under one row that tells of it."""

_ALL = 10**12
"""More rows than any journal has."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a rule has deleted or emptied, or would."""

    name: str
    what: str
    period: Period
    source: str
    before: datetime
    rows: int


def terms(services: Services) -> list[Ended]:
    """Every rule with its period as it is set; nothing is counted."""
    return [_ended(services, rule, 0) for rule in RULES] + [_journal_ended(services, 0)]


def due_now(services: Services) -> list[Ended]:
    """What is over its time at this moment; nothing is changed. What only hangs on it is not counted yet."""
    now, found = services.clock.now(), []
    with services.database.transaction() as tx:
        be_patient(tx)
        for rule in RULES:
            before = rule.period(services.settings.retention).before(now)
            found.append(_ended(services, rule, retention.count(tx, rule.expiry, before)))
        cut = sum(_cut_rows(services, tx, tenant) for tenant in tenants.all_tenants(tx))
    return [*found, _journal_ended(services, cut)]


def apply_retention(services: Services, budget: StepBudget | None = None) -> list[Ended]:
    """Delete what is over its time. Safe to be killed anywhere: every piece is a transaction of its own.

    :param budget: the time it may take; what is left then is the next run's.
    """
    found = [_ended(services, rule, _apply(services, rule, budget)) for rule in RULES]
    with services.database.transaction() as tx:
        known = tenants.all_tenants(tx)
    cut = sum(_cut(services, tenant, budget) for tenant in known)
    done = [*found, _journal_ended(services, cut)]
    for one in done:
        if one.rows:
            log.info("retention", rule=one.name, rows=one.rows, before=one.before.isoformat())
    return done


def keep_house(services: Services) -> None:
    """The daily work: everything sealed, the chains' heads told to the log, what is over its time deleted.

    A log that is shipped elsewhere is a place where the heads are safe from whoever can write the database.
    """
    for head in current_heads(services):
        log.info("journal_head", tenant=head.tenant, number=head.seq, hash=head.hash, day=str(head.day or ""))
    apply_retention(services, services.step_budget())


def _apply(services: Services, rule: Rule, budget: StepBudget | None) -> int:
    now = services.clock.now()
    before = rule.period(services.settings.retention).before(now)
    rows = 0
    while budget is None or budget.remaining():
        with services.database.transaction() as tx:
            be_patient(tx)
            done = retention.apply_some(tx, rule.expiry, before, AT_ONCE)
            if rule.lawful:
                for tenant_id, count in done.items():
                    if tenant_id:
                        _tell(tx, tenant_id, now, rule, before, count)
        rows += done.total()
        if done.total() < AT_ONCE:
            break
    return rows


def _tell(tx: Transaction, tenant_id: int, now: datetime, rule: Rule, before: datetime, count: int) -> None:
    journal.write(
        tx,
        tenant_id=tenant_id,
        at=now,
        event="retention",
        actor=_ACTOR,
        message=f"Deleted, their time was over: {count} × {rule.what}.",
        details={"rule": rule.name, "rows": count, "before": before.isoformat(), "source": rule.source},
    )


def _cut_rows(services: Services, tx: Transaction, tenant: TenantRow) -> int:
    found = _cut_point(services, tx, tenant, _ALL)
    return found[1] if found else 0


def _cut_point(
    services: Services, tx: Transaction, tenant: TenantRow, most: int
) -> tuple[journal_seals.Seal, int] | None:
    held = retention.held_runs(tx, tenant.id)
    if held is None:
        return None
    before = _journal_period(services).before(services.clock.now())
    return journal_seals.cut_through(tx, tenant.id, before=before, held_runs=held, most=most)


def _cut(services: Services, tenant: TenantRow, budget: StepBudget | None) -> int:
    rows = 0
    while budget is None or budget.remaining():
        done = _cut_some(services, tenant)
        rows += done
        if done < CUT_AT_ONCE:
            break
    return rows


def _cut_some(services: Services, tenant: TenantRow) -> int:
    """Remove the old beginning of a chain, after the chain itself has noted where it is cut."""
    now = services.clock.now()
    with services.database.transaction() as tx:
        be_patient(tx)
        seal_now(services, tx, tenant.id)
        point = _cut_point(services, tx, tenant, CUT_AT_ONCE)
        if point is None:
            return 0
        last, rows = point
        journal.write(
            tx,
            tenant_id=tenant.id,
            at=now,
            event=CUT,
            actor=_ACTOR,
            message=f"The journal's first {rows} rows were removed: their ten years were over.",
            details={
                "through": last.seq,
                "hash": last.hash.hex(),
                "rows": rows,
                "before": _journal_period(services).before(now).isoformat(),
            },
        )
        seal_now(services, tx, tenant.id)
        return journal_seals.remove_through(tx, tenant.id, last.seq)


def _journal_period(services: Services) -> Years:
    return Years(services.settings.retention.book_years)


def _ended(services: Services, rule: Rule, rows: int) -> Ended:
    period = rule.period(services.settings.retention)
    return Ended(rule.name, rule.what, period, rule.source, period.before(services.clock.now()), rows)


def _journal_ended(services: Services, rows: int) -> Ended:
    period = _journal_period(services)
    before = period.before(services.clock.now())
    return Ended(JOURNAL, "the story of every run", period, BOOK_LAW, before, rows)
