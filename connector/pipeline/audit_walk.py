"""One tenant's chain, link by link: the first place at which it does not hold."""

from collections.abc import Iterable
from datetime import datetime

from connector.clock import berlin_date
from connector.pipeline.audit_findings import LATE, UNSEALED_FOR, Break, Head, Kind
from connector.pipeline.audit_removals import Removals, lost_to_a_cut
from connector.store import Transaction, journal_seals
from connector.store.journal_hash import GENESIS, JournalFacts, row_hash, text_digest
from connector.store.journal_seals import Link, Seal

_MOST_ROWS_NAMED = 20
"""Of rows entered late; the first ones are enough to look."""


class Walk:
    """A walk along one tenant's chain."""

    def __init__(
        self, tx: Transaction, tenant_id: int, expected: Iterable[Head], removals: Removals, now: datetime
    ) -> None:
        self._tx = tx
        self._tenant_id = tenant_id
        self._expected = list(expected)
        self._not_met = {head.seq for head in self._expected}
        self._removals = removals
        self._now = now
        self._before_previous = GENESIS
        self._latest: datetime | None = None
        self.previous = GENESIS
        self.seq = 0
        self.rows = self.erased = self.removed = 0
        self.late: list[int] = []
        self.sealed_late = 0
        self.sealed_late_since: datetime | None = None
        self.undated_heads: list[int] = []
        self.removed_before: datetime | None = None
        self.newest: JournalFacts | None = None

    def take(self, link: Link) -> Break | None:
        """The next link of the chain; what is wrong with it, or None."""
        seal = link.seal
        if self.seq == 0:
            broken = self._begin(seal.seq)
            if broken:
                return broken
        if seal.seq != self.seq + 1:
            return Break(Kind.DELETED, self.seq + 1, None, f"The seals before number {seal.seq} are gone.")
        if link.row is None:
            return Break(
                Kind.DELETED, seal.seq, seal.journal_id, f"The journal row {seal.journal_id} is gone."
            )
        broken = self._place(link, link.row) or self._text(link, link.row)
        if broken:
            return broken
        self._note_sealing(seal, link.row)
        broken = self._noted_head(seal)
        if broken:
            return broken
        self._before_previous, self.previous, self.seq = self.previous, seal.hash, seal.seq
        self.rows += 1
        self.newest = link.row
        self.note_time(link.row)
        return None

    def head(self, tenant_key: str) -> Head | None:
        """Where the walk has come to."""
        if self.newest is None:
            return None
        return Head(tenant_key, self.seq, self.previous.hex(), berlin_date(self.newest.at))

    def cut_off(self) -> Break | None:
        """Noted heads that the chain does not reach."""
        missing = [seq for seq in self._not_met if seq > self.removed]
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

    def _begin(self, seq: int) -> Break | None:
        """Where the chain begins: with number 1, or behind the newest of its cuts."""
        ahead = [cut.through for cut in self._removals.cuts if cut.through >= seq]
        if ahead:
            message = f"A row tells that the rows up to number {max(ahead)} were removed, and they are there."
            return Break(Kind.INSERTED, seq, None, message)
        return self._begin_behind_cut(seq) if seq > 1 else None

    def _begin_behind_cut(self, seq: int) -> Break | None:
        cut = self._removals.cut_before(seq)
        if cut is None:
            told = next((f". {problem.message}" for problem in self._removals.problems), None)
            why = told or ", and no removal was noted."
            return Break(Kind.DELETED, 1, None, f"The rows before number {seq} are gone{why}")
        heads = [head for head in self._expected if head.seq <= cut.through]
        dated = {head.seq for head in heads if head.day}
        self.undated_heads = sorted({head.seq for head in heads} - dated)
        self.previous, self.seq, self.removed = cut.hash, cut.through, cut.through
        self.removed_before = cut.before
        return lost_to_a_cut(heads, cut, self._now)

    def _noted_head(self, seal: Seal) -> Break | None:
        """What was noted up to here is what is there: nothing of it was sealed anew since."""
        if seal.seq not in self._not_met:
            return None
        self._not_met.discard(seal.seq)
        noted = {head.hash for head in self._expected if head.seq == seal.seq}
        if noted != {seal.hash.hex()}:
            return Break(
                Kind.CHANGED,
                seal.seq,
                seal.journal_id,
                f"The hash at number {seal.seq} is another than the noted one: the chain was written anew.",
            )
        self.sealed_late, self.sealed_late_since = 0, None
        return None

    def _note_sealing(self, seal: Seal, row: JournalFacts) -> None:
        if seal.sealed_at - row.at > UNSEALED_FOR:
            self.sealed_late += 1
            self.sealed_late_since = min(self.sealed_late_since or row.at, row.at)

    def _text(self, link: Link, row: JournalFacts) -> Break | None:
        if link.seal.salt is not None:
            same = text_digest(link.seal.salt, row.message, row.details) == link.seal.text_digest
            what = f"Message or details of the journal row {row.id} were changed."
        else:
            same = not row.message and not row.details and row.id in self._removals.named
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
