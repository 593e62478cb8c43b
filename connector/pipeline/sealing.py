"""Sealing: giving committed journal rows their place in their tenant's chain of hashes.

Done a moment after the commit, not within it: a chain that every transition extends itself is a lock on which
all workers of a tenant wait for each other's disk (ADR 8 has the measurement). A row is unsealed for one
interval of the beat at most, and ``audit verify`` counts those.
"""

import os

from connector.log import get_logger
from connector.pipeline.services import Services
from connector.store import Transaction, journal_seals
from connector.store.journal_hash import GENESIS, SALT_BYTES, JournalFacts, row_hash, text_digest
from connector.store.journal_seals import Seal
from connector.store.patience import be_patient

log = get_logger(__name__)

AT_ONCE = 1_000
"""Rows sealed in one transaction: some 50 ms of work, and what a killed sealer has to do again."""

LOOK_BACK = 20_000
"""Ids below the highest sealed one that are looked at each time: a transaction that commits later than 20,000
journal rows after its own is found by the daily look at all rows."""


def seal_journal(services: Services, *, everything: bool = False) -> int:
    """Seal what has none yet; safe to be killed anywhere and to be run by several at once.

    :param everything: look at all rows, not only at the newest ids.
    :returns: how many rows were sealed.
    """
    sealed = 0
    while True:
        with services.database.transaction() as tx:
            if not journal_seals.lock(tx):
                return sealed
            if everything:
                be_patient(tx)
            done = _seal_some(services, tx, look_back=None if everything else LOOK_BACK)
        sealed += done
        if done < AT_ONCE:
            break
    if sealed:
        log.info("journal_sealed", rows=sealed)
    return sealed


def seal_now(services: Services, tx: Transaction, tenant_id: int) -> None:
    """Seal all that this transaction sees of a tenant, its own rows included."""
    journal_seals.wait_for_lock(tx)
    while _seal_some(services, tx, look_back=None, tenant_id=tenant_id) == AT_ONCE:
        pass


def _seal_some(
    services: Services, tx: Transaction, *, look_back: int | None, tenant_id: int | None = None
) -> int:
    rows = _unsealed(tx, look_back, tenant_id)
    heads: dict[int, Seal | None] = {}
    made: list[Seal] = []
    for row in rows:
        if row.tenant_id not in heads:
            heads[row.tenant_id] = journal_seals.head(tx, row.tenant_id)
        sealed = _after(heads[row.tenant_id], row, services)
        heads[row.tenant_id] = sealed
        made.append(sealed)
    journal_seals.add(tx, made)
    return len(made)


def _unsealed(tx: Transaction, look_back: int | None, tenant_id: int | None) -> list[JournalFacts]:
    """The rows to seal. One that somebody has put in and that cannot be read must not stop all the others."""
    try:
        return journal_seals.unsealed(tx, look_back=look_back, limit=AT_ONCE, tenant_id=tenant_id)
    except journal_seals.UNREADABLE:
        log.exception("journal_row_unreadable")
        return journal_seals.readable_unsealed(tx, look_back=look_back, limit=AT_ONCE, tenant_id=tenant_id)


def _after(head: Seal | None, row: JournalFacts, services: Services) -> Seal:
    salt = os.urandom(SALT_BYTES)
    digest = text_digest(salt, row.message, row.details)
    seq = head.seq + 1 if head else 1
    previous = head.hash if head else GENESIS
    hashed = row_hash(previous, seq, row, digest)
    return Seal(row.tenant_id, seq, row.id, salt, digest, hashed, services.clock.now())
