"""What a chain itself says was taken out of it, and whether that can be: cuts, texts of persons.

Whoever may write the database may also write rows that permit such a removal. So none is believed for its
words alone: a cut must be of rows that the tenant can have had ten years before, an erasure must stand beside
the demand it answers and leave alone what no erasure takes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeGuard

from connector.clock import berlin_date
from connector.pipeline.audit_findings import LATE, Break, Head, Kind, TextsErased, ranges
from connector.pipeline.retention_rules import Years
from connector.store import Transaction, journal_seals
from connector.store.journal_seals import CUT, PERSON_ERASED, TEXTS_ERASED, Link
from connector.store.journal_witnesses import never_to_be_erased, tenant_since

LAW = Years(10)
"""No journal row goes before (§147 (3) AO); settings lengthen the period only."""

_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Cut:
    """The removal of a chain's beginning, as a row of the chain tells of it."""

    through: int
    """The last number that was removed."""
    hash: bytes
    """There."""
    before: datetime
    """Every removed row was older."""


@dataclass(slots=True)
class Removals:
    """Everything that one chain says was taken out of it."""

    cuts: list[Cut] = field(default_factory=list)
    erasures: list[TextsErased] = field(default_factory=list)
    """Each with the demand beside it."""
    named: set[int] = field(default_factory=set)
    """Journal ids of the rows that are told to have lost their texts, rightly or not."""
    problems: list[Break] = field(default_factory=list)
    """Rows that tell of removals which the program never made."""

    def cut_before(self, seq: int) -> Cut | None:
        """The cut behind which a chain begins with this number."""
        return next((cut for cut in self.cuts if cut.through == seq - 1), None)


def read_removals(tx: Transaction, tenant_id: int, now: datetime) -> Removals:
    """Read and judge what a tenant's chain says was removed.

    :param now: the clock of whoever asks: a row may claim any moment.
    """
    found = Removals()
    since = tenant_since(tx, tenant_id)
    for link in journal_seals.sealed_rows(tx, tenant_id, CUT):
        cut, doubt = _cut(link), ""
        if cut is None:
            doubt = "in words that retention never writes"
        elif cut.before > LAW.before(min(_moment(link), link.seal.sealed_at, now)):
            doubt = "although their ten years were not over"
        elif since >= cut.before:
            day = berlin_date(since)
            doubt = f"although the tenant exists since {day} only: their ten years cannot have been over"
        if cut is not None and not doubt:
            found.cuts.append(cut)
        else:
            found.problems.append(_by_hand(link, f"says that rows were removed, {doubt}"))
    _read_erasures(tx, tenant_id, found)
    return found


def lost_to_a_cut(heads: Iterable[Head], cut: Cut, now: datetime) -> Break | None:
    """A noted head that no cut takes rightly: its hash is another, or its ten years are not over."""
    for head in sorted(heads, key=lambda head: head.seq):
        if head.seq == cut.through and head.hash != cut.hash.hex():
            message = f"The cut gives another hash for number {head.seq} than the noted one."
            return Break(Kind.CHANGED, head.seq, None, message)
        if head.day is not None and head.day >= berlin_date(LAW.before(now)):
            message = (
                f"The rows up to the noted head {head.seq} of {head.day} were removed, "
                "and their ten years are not over."
            )
            return Break(Kind.DELETED, head.seq, None, message)
    return None


def _cut(link: Link) -> Cut | None:
    details = _details(link)
    through = details.get("through")
    hashed = _hash(details.get("hash"))
    before = _aware(details.get("before"))
    if not _is_number(through) or not 1 <= through < link.seal.seq or hashed is None or before is None:
        return None
    return Cut(through, hashed, before)


def _read_erasures(tx: Transaction, tenant_id: int, found: Removals) -> None:
    demands = {
        (demand.row.at, demand.row.actor): demand.row.message
        for demand in journal_seals.sealed_rows(tx, tenant_id, PERSON_ERASED)
        if demand.row
    }
    for link in journal_seals.sealed_rows(tx, tenant_id, TEXTS_ERASED):
        rows = _details(link).get("rows")
        if link.row is None or not isinstance(rows, list) or not all(map(_is_number, rows)):
            what = "says that texts were erased, in words that no erasure writes"
            found.problems.append(_by_hand(link, what))
            continue
        found.named.update(rows)
        demand = demands.get((link.row.at, link.row.actor))
        if demand is None:
            found.problems.append(
                _by_hand(
                    link,
                    f"says that the texts of the journal rows {ranges(rows)} were erased, "
                    "and no demand of a person stands beside it",
                )
            )
            continue
        found.erasures.append(TextsErased(link.row.id, link.row.at, link.row.actor, demand, tuple(rows)))
        needed = never_to_be_erased(tx, tenant_id, rows, booked_before=link.row.at - LATE)
        if needed:
            found.problems.append(
                _by_hand(
                    link,
                    f"says that texts were erased that no erasure takes: the journal rows {ranges(needed)} "
                    "are of no deal, or of one that was booked",
                )
            )


def _by_hand(link: Link, what: str) -> Break:
    journal_id = link.seal.journal_id
    return Break(Kind.INSERTED, link.seal.seq, journal_id, f"The journal row {journal_id} {what}.")


def _moment(link: Link) -> datetime:
    return link.row.at if link.row else link.seal.sealed_at


def _details(link: Link) -> Mapping[str, Any]:
    """Somebody who writes by hand may put any JSON there."""
    details = link.row.details if link.row else {}
    return details if isinstance(details, Mapping) else {}


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _hash(value: Any) -> bytes | None:
    return bytes.fromhex(value) if isinstance(value, str) and _HASH.fullmatch(value) else None


def _aware(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None
