"""Proving that the journal is what it was: every chain walked and reckoned anew, the first break named."""

from collections.abc import Sequence
from datetime import datetime

from connector.clock import berlin_date
from connector.pipeline.audit_findings import Break, Head, Kind, Verified
from connector.pipeline.audit_removals import Removals, read_removals
from connector.pipeline.audit_walk import Walk
from connector.pipeline.sealing import seal_journal
from connector.pipeline.services import Services
from connector.store import Transaction, journal_seals, journal_witnesses, tenants
from connector.store.patience import be_patient, look_at_one_moment
from connector.store.tenants import TenantRow

_MOST_UNSEALED = 100_000
"""Counted no further: the figure is a sign that nobody seals."""

_MOST_RUNS_NAMED = 20
"""Of runs that nothing tells of; the first ones are enough to look."""


def current_heads(services: Services, tenant_key: str | None = None) -> list[Head]:
    """The heads of all chains, or of one, once everything is sealed."""
    seal_journal(services, everything=True)
    with services.database.transaction() as tx:
        return [
            Head(tenant.key, seal.seq, seal.hash.hex(), berlin_date(at) if at else None)
            for tenant in _chosen(tx, tenant_key)
            if (seal := journal_seals.head(tx, tenant.id))
            for at in [journal_seals.moment_of(tx, seal.journal_id)]
        ]


def verify(
    services: Services, tenant_key: str | None = None, *, expected: Sequence[Head] = ()
) -> list[Verified]:
    """Walk the chains of all tenants, or of one.

    :param expected: heads noted earlier; a chain that lacks one has lost its end.
    """
    noted: dict[str, list[Head]] = {}
    for head in expected:
        noted.setdefault(head.tenant, []).append(head)
    found = []
    with services.database.transaction() as tx:
        look_at_one_moment(tx)
        be_patient(tx)
        for tenant in _chosen(tx, tenant_key):
            found.append(_verified(tx, tenant, noted.pop(tenant.key, []), services.clock.now()))
    # A tenant is never deleted: one that a noted head names and the database does not know is cut off whole.
    found += [_gone(key, heads) for key, heads in noted.items() if tenant_key in (None, key)]
    return found


def _chosen(tx: Transaction, tenant_key: str | None) -> list[TenantRow]:
    return [row for row in tenants.all_tenants(tx) if tenant_key in (None, row.key)]


def _verified(tx: Transaction, tenant: TenantRow, expected: Sequence[Head], now: datetime) -> Verified:
    """One tenant's chain. Whatever stands in it, the other tenants' are verified as well."""
    result = Verified(tenant.key)
    try:
        removals = read_removals(tx, tenant.id, now)
        walk = Walk(tx, tenant.id, expected, removals, now)
        result.broken = _first_break(tx, tenant, walk, removals)
        _tell_walk(result, walk)
        result.erasures = removals.erasures
        result.untold_runs = journal_witnesses.untold_runs(
            tx, tenant.id, since=walk.removed_before, most=_MOST_RUNS_NAMED
        )
        _count_unsealed(tx, tenant, walk, result)
    except journal_seals.UNREADABLE as e:
        message = f"A row behind it cannot be read ({type(e).__name__}), and the program writes none like it."
        result.broken = result.broken or Break(Kind.INSERTED, result.rows + 1, None, message)
    return result


def _first_break(tx: Transaction, tenant: TenantRow, walk: Walk, removals: Removals) -> Break | None:
    for link in journal_seals.chain(tx, tenant.id):
        broken = walk.take(link)
        if broken:
            return broken
    return walk.cut_off() or next(iter(removals.problems), None)


def _tell_walk(result: Verified, walk: Walk) -> None:
    result.rows, result.erased, result.removed = walk.rows, walk.erased, walk.removed
    result.sealed_late, result.sealed_late_since = walk.sealed_late, walk.sealed_late_since
    result.undated_heads, result.late = walk.undated_heads, walk.late
    if not result.broken:
        result.head = walk.head(result.tenant)


def _count_unsealed(tx: Transaction, tenant: TenantRow, walk: Walk, result: Verified) -> None:
    rows = journal_seals.unsealed(tx, look_back=None, limit=_MOST_UNSEALED, tenant_id=tenant.id)
    result.unsealed = len(rows)
    result.unsealed_since = min((row.at for row in rows), default=None)
    for row in rows:
        walk.note_time(row)


def _gone(tenant_key: str, heads: Sequence[Head]) -> Verified:
    seq = max(head.seq for head in heads)
    message = f"The noted head {seq} is of a tenant that the database does not know."
    return Verified(tenant_key, broken=Break(Kind.TRUNCATED, seq, None, message))
