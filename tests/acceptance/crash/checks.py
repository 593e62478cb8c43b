"""Whether a deal reached DATEV exactly once, and whether its journal tells the whole story."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.pipeline.states import INVOICE
from connector.store import Transaction, documents
from connector.store import tables as t
from connector.tenants.config import DatevFormat
from tests.acceptance.arrivals import DEBTORS, POSTINGS, SUCCEEDED
from tests.acceptance.crash.deals import Deal

WAY_OF_A_RUN = (
    "received",
    "resolved",
    "debtor_ready",
    "rendered",
    "documented",
    "batched",
    "posted",
    "done",
)
WAY_OF_A_BATCH = ("open", "closed", "submitting", "submitted", "posted")
"""States that every row passes in this order; a batch with new debtors has two more in between."""

RESTING = ("done", "needs_attention", "ignored", "cancelled")
"""States in which nothing goes on by itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a deal."""

    bookings: int
    documents: int
    debtors: int
    runs: int
    problems: tuple[str, ...]


def states_of(tx: Transaction, deals: Iterable[Deal]) -> dict[Deal, list[tuple[str, str]]]:
    """Kind and state of every run of each deal."""
    wanted = {(deal.member.key, deal.id): deal for deal in deals}
    rows = tx.execute(
        sa.select(t.tenant.c.key, t.run.c.deal_id, t.run.c.kind, t.run.c.state)
        .join(t.tenant, t.tenant.c.id == t.run.c.tenant_id)
        .where(t.run.c.deal_id.in_([deal_id for _key, deal_id in wanted]))
    )
    found: dict[Deal, list[tuple[str, str]]] = {deal: [] for deal in wanted.values()}
    for row in rows:
        deal = wanted.get((row.key, row.deal_id))
        if deal is not None:
            found[deal].append((row.kind, row.state))
    return found


def look_at(tx: Transaction, deal: Deal, arrived: Mapping[str, Any]) -> Found:
    """Compare the queue of record with what reached the partners."""
    rows = _invoices(tx, deal)
    if len(rows) != 1:
        return Found(0, 0, 0, len(rows), (f"{len(rows)} runs",))
    (run,) = rows
    problems = (
        [] if run.state == "done" else [f"the run is {run.state} ({run.reason_code or run.waiting_for})"]
    )
    problems += [f"a {kind} is {state}" for kind, state in _asking(tx, deal)]
    document = documents.of_run(tx, run.id)
    if document is None:
        return Found(0, 0, 0, 1, (*problems, "no document"))
    account = str(
        tx.execute(sa.select(t.debtor.c.account).where(t.debtor.c.id == run.debtor_id)).scalar_one()
    )
    own = tx.execute(
        sa.select(sa.func.count())
        .select_from(t.debtor)
        .where(t.debtor.c.tenant_id == run.tenant_id, t.debtor.c.party == f"organization:{deal.id}")
    ).scalar_one()
    count = _of_extf if deal.member.format is DatevFormat.EXTF else _of_dxso
    bookings, pdfs, debtors, wrong = count(deal, arrived, document, account)
    problems += wrong
    problems += _not_one(booking=bookings, document=pdfs, debtor=debtors, own_debtor=own)
    notes = [note for note in arrived["notes"] if document.guid in str(note.get("content"))]
    problems += _not_one(note=len(notes))
    problems += gaps(_told(tx, t.journal.c.run_id == run.id), WAY_OF_A_RUN)
    problems += gaps(
        _told(tx, t.journal.c.batch_id == run.batch_id, t.journal.c.run_id.is_(None)), WAY_OF_A_BATCH
    )
    return Found(bookings, pdfs, debtors, 1, tuple(problems))


def gaps(told: list[tuple[str, str]], way: tuple[str, ...]) -> list[str]:
    """What is missing in a story of changes of state, told as pairs of before and after."""
    found = []
    present = None
    for before, after in told:
        if present is not None and before and before != present:
            found.append(f"the journal leaps from {present} to {before}")
        present = after or present
    passed = [before for before, _after in told[:1] if before] + [after for _before, after in told]
    place = 0
    for state in passed:
        if place < len(way) and state == way[place]:
            place += 1
    if place < len(way):
        found.append(f"the journal does not tell of {way[place]}: {' → '.join(passed)}")
    return found


def _invoices(tx: Transaction, deal: Deal) -> list[Any]:
    chosen = (
        sa.select(t.run)
        .join(t.tenant, t.tenant.c.id == t.run.c.tenant_id)
        .where(t.tenant.c.key == deal.member.key, t.run.c.deal_id == deal.id, t.run.c.kind == INVOICE)
    )
    return list(tx.execute(chosen))


def _asking(tx: Transaction, deal: Deal) -> list[tuple[str, str]]:
    """Corrections that want a person: our own note on the deal must not look like a change of it."""
    runs = states_of(tx, [deal])[deal]
    return [(kind, state) for kind, state in runs if kind != INVOICE and state == "needs_attention"]


def _told(tx: Transaction, *which: Any) -> list[tuple[str, str]]:
    chosen = (
        sa.select(t.journal.c.from_state, t.journal.c.to_state)
        .where(*which, t.journal.c.to_state != "")
        .order_by(t.journal.c.id)
    )
    return [(row.from_state, row.to_state) for row in tx.execute(chosen)]


def _of_extf(
    _deal: Deal, arrived: Mapping[str, Any], document: Any, account: str
) -> tuple[int, int, int, list[str]]:
    files = arrived["extf_files"]
    postings = [
        file
        for file in files
        if file["data_category_id"] == POSTINGS
        and any(row["Belegfeld 1"] == document.document_number for row in file["rows"])
    ]
    debtors = [
        file
        for file in files
        if file["data_category_id"] == DEBTORS
        and any(row["Konto"] == account for row in file["rows"])
        and file["client_id"] == _client(_deal)
    ]
    wrong = [
        f"{f['filename']} ended with {f['result']}"
        for f in (*postings, *debtors)
        if f["result"] != "succeeded"
    ]
    wrong += [
        f"{file['filename']} links to {guid}, which is nowhere"
        for file in postings
        for guid in file["dead_links"]
    ]
    pdfs = [kept for kept in arrived["documents"] if kept["guid"] == document.guid]
    return len(postings), len(pdfs), len(debtors), wrong


def _of_dxso(
    deal: Deal, arrived: Mapping[str, Any], document: Any, _account: str
) -> tuple[int, int, int, list[str]]:
    """The ledger line carries the debtor, so that there are as many debtors as ledgers."""
    jobs = [
        job
        for job in arrived["dxso_jobs"]
        if job["client_id"] == _client(deal)
        and job["finalised_at"]
        and not job["deleted"]
        and any(document.document_number in file["name"] for file in job["files"])
    ]
    names = [file["name"] for job in jobs for file in job["files"]]
    wrong = [f"job {job['id']} ended with {job['status']}" for job in jobs if job["status"] != SUCCEEDED]
    pdfs = [name for name in names if name.endswith(".pdf")]
    ledgers = [name for name in names if name.endswith(".xml") and name != "document.xml"]
    return len(jobs), len(pdfs), len(ledgers), wrong


def _client(deal: Deal) -> str:
    return f"9999998-{deal.member.number}"


def _not_one(**counted: int) -> list[str]:
    return [f"{count} × {what.replace('_', ' ')}" for what, count in counted.items() if count != 1]
