"""Proving that the journal is what it was: every chain walked and reckoned anew, the first break named."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from connector.pipeline.sealing import seal_journal
from connector.pipeline.services import Services
from connector.store import Transaction, journal_seals, tenants
from connector.store.journal_hash import GENESIS, JournalFacts, row_hash, text_digest
from connector.store.journal_seals import CUT, TEXTS_ERASED, Link
from connector.store.patience import be_patient, look_at_one_moment
from connector.store.tenants import TenantRow

LATE = timedelta(minutes=15)
"""A row may be entered this long after the moment it names: clocks differ a little and transactions last."""

UNSEALED_FOR = timedelta(minutes=15)
"""A row without a seal for longer tells that nobody seals: beat or the ops worker stand still."""

_MOST_ROWS_NAMED = 20
"""Of rows entered late; the first ones are enough to look."""


_MOST_UNSEALED = 100_000
"""Counted no further: the figure is a sign that nobody seals."""


class Kind(StrEnum):
    """What was done to a chain."""

    CHANGED = "changed"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a chain does not hold."""

    kind: Kind
    seq: int
    journal_id: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest hash of a tenant's chain: noted elsewhere, it proves that nothing was cut off later."""

    tenant: str
    seq: int
    hash: str
    """Hexadecimal."""

    def __str__(self) -> str:
        return f"{self.tenant}:{self.seq}:{self.hash}"


@dataclass(slots=True)
class Verified:
    """What walking one tenant's chain has shown."""

    tenant: str
    rows: int = 0
    """Sealed rows that hold, one after the other."""
    head: Head | None = None
    broken: Break | None = None
    removed: int = 0
    """Rows that retention has removed from the beginning."""
    erased: int = 0
    """Rows whose text was erased on a person's demand."""
    unsealed: int = 0
    unsealed_since: datetime | None = None
    late: list[int] = field(default_factory=list)
    """Journal ids of rows that name a moment well before rows that were there already."""


def current_heads(services: Services, tenant_key: str | None = None) -> list[Head]:
    """The heads of all chains, or of one, once everything is sealed."""
    seal_journal(services, everything=True)
    with services.database.transaction() as tx:
        return [
            Head(tenant.key, head.seq, head.hash.hex())
            for tenant in _chosen(tx, tenant_key)
            if (head := journal_seals.head(tx, tenant.id))
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
            found.append(_verified(tx, tenant, noted.pop(tenant.key, [])))
    # A tenant is never deleted: one that a noted head names and the database does not know is cut off whole.
    found += [_gone(key, heads) for key, heads in noted.items() if tenant_key in (None, key)]
    return found


def _chosen(tx: Transaction, tenant_key: str | None) -> list[TenantRow]:
    return [row for row in tenants.all_tenants(tx) if tenant_key in (None, row.key)]


def _verified(tx: Transaction, tenant: TenantRow, expected: Iterable[Head]) -> Verified:
    result = Verified(tenant.key)
    walk = _Walk(tx, tenant.id, {head.seq: head for head in expected})
    for link in journal_seals.chain(tx, tenant.id):
        result.broken = walk.take(link)
        if result.broken:
            break
    result.broken = result.broken or walk.cut_off()
    result.rows, result.erased, result.removed = walk.rows, walk.erased, walk.removed
    if walk.rows and not result.broken:
        result.head = Head(tenant.key, walk.seq, walk.previous.hex())
    open_rows = journal_seals.unsealed(tx, look_back=None, limit=_MOST_UNSEALED, tenant_id=tenant.id)
    result.unsealed = len(open_rows)
    result.unsealed_since = min((row.at for row in open_rows), default=None)
    for row in open_rows:
        walk.note_time(row)
    result.late = walk.late
    return result


def _gone(tenant_key: str, heads: Sequence[Head]) -> Verified:
    seq = max(head.seq for head in heads)
    message = f"The noted head {seq} is of a tenant that the database does not know."
    return Verified(tenant_key, broken=Break(Kind.TRUNCATED, seq, None, message))


class _Walk:
    """One tenant's chain, link by link."""

    def __init__(self, tx: Transaction, tenant_id: int, expected: Mapping[int, Head]) -> None:
        self._tx = tx
        self._tenant_id = tenant_id
        self._expected = dict(expected)
        self._may_be_erased = frozenset(self._named_as_erased())
        self._before_previous = GENESIS
        self._latest: datetime | None = None
        self.previous = GENESIS
        self.seq = 0
        self.rows = self.erased = self.removed = 0
        self.late: list[int] = []

    def take(self, link: Link) -> Break | None:
        """The next link of the chain; what is wrong with it, or None."""
        seal = link.seal
        if self.seq == 0 and seal.seq > 1 and not self._begin_behind_cut(seal.seq):
            return Break(
                Kind.DELETED,
                1,
                None,
                f"The rows before number {seal.seq} are gone, and no removal was noted.",
            )
        if seal.seq != self.seq + 1:
            return Break(Kind.DELETED, self.seq + 1, None, f"The seals before number {seal.seq} are gone.")
        if link.row is None:
            return Break(
                Kind.DELETED, seal.seq, seal.journal_id, f"The journal row {seal.journal_id} is gone."
            )
        broken = self._place(link, link.row) or self._text(link, link.row)
        if broken:
            return broken
        noted = self._expected.pop(seal.seq, None)
        if noted and noted.hash != seal.hash.hex():
            return Break(
                Kind.CHANGED,
                seal.seq,
                seal.journal_id,
                f"The hash at number {seal.seq} is another than the noted one: the chain was written anew.",
            )
        self._before_previous, self.previous, self.seq = self.previous, seal.hash, seal.seq
        self.rows += 1
        self.note_time(link.row)
        return None

    def cut_off(self) -> Break | None:
        """Noted heads that the chain does not reach; those before its beginning went by the law's terms."""
        missing = [seq for seq in self._expected if seq > self.removed]
        if not missing:
            return None
        seq = max(missing)
        return Break(
            Kind.TRUNCATED, seq, None, f"The chain ends at number {self.seq}, before the noted head {seq}."
        )

    def note_time(self, row: JournalFacts) -> None:
        """A row that names an earlier moment than rows before it was entered late, or a clock was wrong."""
        if self._latest and row.at < self._latest - LATE and len(self.late) < _MOST_ROWS_NAMED:
            self.late.append(row.id)
        self._latest = max(self._latest or row.at, row.at)

    def _begin_behind_cut(self, seq: int) -> bool:
        for row in journal_seals.sealed_rows(self._tx, self._tenant_id, CUT):
            if row.details.get("through") == seq - 1:
                self.previous = bytes.fromhex(str(row.details.get("hash", "")))
                self.seq = self.removed = seq - 1
                return True
        return False

    def _named_as_erased(self) -> Iterator[int]:
        for row in journal_seals.sealed_rows(self._tx, self._tenant_id, TEXTS_ERASED):
            yield from row.details.get("rows", ())

    def _text(self, link: Link, row: JournalFacts) -> Break | None:
        if link.seal.salt is not None:
            same = text_digest(link.seal.salt, row.message, row.details) == link.seal.text_digest
            what = f"Message or details of the journal row {row.id} were changed."
        else:
            same = not row.message and not row.details and row.id in self._may_be_erased
            what = f"The text of the journal row {row.id} was taken out, and no erasure names it."
            self.erased += same
        return None if same else Break(Kind.CHANGED, link.seal.seq, row.id, what)

    def _place(self, link: Link, row: JournalFacts) -> Break | None:
        seal = link.seal
        if row_hash(self.previous, seal.seq, row, seal.text_digest) == seal.hash:
            return None
        if row_hash(self._before_previous, seal.seq - 1, row, seal.text_digest) == seal.hash:
            return Break(
                Kind.INSERTED, seal.seq - 1, None, f"The row at number {seal.seq - 1} was put in between."
            )
        return self._moved(link, row) or Break(
            Kind.CHANGED,
            seal.seq,
            row.id,
            f"The journal row {row.id} does not fit the hash before it: "
            "it was changed, or a row before it was removed.",
        )

    def _moved(self, link: Link, row: JournalFacts) -> Break | None:
        """Whether another row belongs to this place: the two were exchanged, or this one was put in."""
        here, before = link.seal, b""
        for other in journal_seals.chain(self._tx, self._tenant_id):
            there = other.seal
            if there.seq > here.seq and other.row is not None:
                by_content = row_hash(self.previous, here.seq, other.row, here.text_digest)
                by_seal = row_hash(self.previous, here.seq, other.row, there.text_digest)
                returned = (row_hash(h, there.seq, row, here.text_digest) for h in (there.hash, before))
                if here.hash in (by_content, by_seal) or (by_seal == there.hash and here.hash in returned):
                    return Break(
                        Kind.REORDERED,
                        here.seq,
                        row.id,
                        f"At number {here.seq} stands the journal row {row.id}, not row {other.row.id}.",
                    )
                if by_seal == there.hash:
                    return Break(
                        Kind.INSERTED, here.seq, row.id, f"The journal row {row.id} was put in between."
                    )
            before = there.hash
        return None
