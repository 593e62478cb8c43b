"""What the schema promises, each tried to be broken: the code may forget, the database does not."""

from dataclasses import asdict
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from connector.pipeline import states
from connector.store import Database
from connector.store import tables as t
from tests.integration.store.samples import NOW, OTHER_GUID, THIRD_GUID, Rows, insert

OTHER_PARTY = {"party": "organization:2"}
OTHER_DEAL = {"deal_id": 99}

BROKEN: dict[str, tuple[sa.Table, dict[str, Any]]] = {
    "a delivery is stored once": (t.inbox, {}),
    "a deal has one run of a kind, revision and part": (t.run, {}),
    "a run has one document": (t.document, {"guid": OTHER_GUID, "document_number": "A2"}),
    "a guid is one document's": (t.document, {"run_id": "other_run", "document_number": "A2"}),
    "a number is one document's": (t.document, {"run_id": "other_run", "guid": OTHER_GUID}),
    "a line is booked once": (t.posting, {"key": OTHER_GUID}),
    "a posting key is one posting's": (t.posting, {"line": 2}),
    "an amount is positive": (t.posting, {"line": 2, "key": OTHER_GUID, "amount": 0}),
    "a line is counted from one": (t.posting, {"line": 0, "key": OTHER_GUID}),
    "a reference is one submission's": (t.submission, {"content": "debtors"}),
    "an attempt is made once": (t.submission, {"reference_id": "r2", "state": "failed"}),
    "a submission carries known content": (t.submission, {"content": "other", "reference_id": "r2"}),
    "a month has one open batch": (t.batch, {}),
    "a month begins on a first": (t.batch, {"state": "closed", "month": date(2026, 11, 2)}),
    "a batch takes one of two roads": (t.batch, {"state": "closed", "format": "other"}),
    "a batch fits into a file by its rows": (t.batch, {"state": "closed", "rows": 100_000}),
    "a batch fits into a file by its bytes": (t.batch, {"state": "closed", "posting_bytes": 52_428_801}),
    "a batch's debtors fit into a file": (t.batch, {"state": "closed", "debtor_bytes": 52_428_801}),
    "a batch has a known state": (t.batch, {"state": "done"}),
    "a batch in need of attention has a reason": (t.batch, {"state": "needs_attention"}),
    "an account is one party's": (t.debtor, OTHER_PARTY),
    "a party has one account": (t.debtor, {"account": 10001}),
    "an account is a personal account": (t.debtor, {**OTHER_PARTY, "account": 9999}),
    "a run has a known state": (t.run, {**OTHER_DEAL, "state": "somewhere"}),
    "a run in need of attention has a reason": (t.run, {**OTHER_DEAL, "state": "needs_attention"}),
    "an ignored run names its rule": (t.run, {**OTHER_DEAL, "state": "ignored"}),
    "a batched run has a batch": (t.run, {**OTHER_DEAL, "state": "batched"}),
    "a posted run has a batch": (t.run, {**OTHER_DEAL, "state": "posted"}),
    "a done run has a batch": (t.run, {**OTHER_DEAL, "state": "done"}),
    "a run is an invoice or a correction": (t.run, {**OTHER_DEAL, "kind": "other"}),
    "a tenant's key is its own": (t.tenant, {}),
    "a parked tenant has a reason": (t.tenant, {"key": "b", "parked_at": NOW}),
    "a configuration's version is its own": (t.tenant_config, {}),
    "a sequence begins at one": (t.number_sequence, {"next": 0}),
}


def try_to(database: Database, rows: Rows, table: sa.Table, changes: dict[str, Any]) -> None:
    ids = asdict(rows)
    changes = {
        name: ids.get(value, value) if isinstance(value, str) else value for name, value in changes.items()
    }
    with database.transaction() as tx:
        tx.execute(insert(table, ids, **changes))


@pytest.mark.parametrize("promise", BROKEN)
def test_the_database_keeps_the_promise(database: Database, rows: Rows, promise: str) -> None:
    table, changes = BROKEN[promise]

    with pytest.raises(IntegrityError):
        try_to(database, rows, table, changes)


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        (t.debtor, {**OTHER_PARTY, "collective": True}),
        (t.debtor, {**OTHER_PARTY, "account": 10001}),
        (t.batch, {"state": "closed"}),
        (t.batch, {"month": date(2026, 12, 1)}),
        (t.run, {"kind": "correction"}),
        (t.run, {"part": 1, "part_key": "installment:1", "part_date": date(2026, 12, 1)}),
        (t.run, {"revision": 1}),
        (t.inbox, {"source": "sweep"}),
        (t.posting, {"reversal": True, "key": OTHER_GUID}),
        (t.document, {"run_id": "other_run", "guid": THIRD_GUID, "document_number": "A3"}),
    ],
)
def test_the_database_lets_pass_what_is_right(
    database: Database, rows: Rows, table: sa.Table, changes: dict[str, Any]
) -> None:
    try_to(database, rows, table, changes)


@pytest.mark.parametrize(
    ("content", "ended", "allowed"),
    [
        ("postings", "failed", True),
        ("postings", "abandoned", True),
        ("postings", "succeeded", False),
        ("postings", "accepted", False),
        ("postings", "intended", False),
        ("ledger", "succeeded", False),
        ("debtors", "succeeded", True),
        ("debtors", "accepted", False),
    ],
)
def test_a_next_attempt_is_possible_only_once_the_last_one_is_over(
    database: Database, rows: Rows, content: str, ended: str, allowed: bool
) -> None:
    with database.transaction() as tx:
        tx.execute(t.submission.update().values(content=content, state=ended))
    following = {"content": content, "attempt": 2, "reference_id": "r2"}

    if allowed:
        try_to(database, rows, t.submission, following)
    else:
        with pytest.raises(IntegrityError):
            try_to(database, rows, t.submission, following)


@pytest.mark.parametrize("table", [t.journal, t.tenant_config], ids=lambda table: table.name)
@pytest.mark.parametrize("change", ["delete", "update"])
def test_evidence_is_only_ever_added(database: Database, rows: Rows, table: sa.Table, change: str) -> None:
    statement = table.delete() if change == "delete" else table.update().values(tenant_id=rows.tenant)

    with pytest.raises(DBAPIError, match=f"{table.name} is append-only"), database.transaction() as tx:
        tx.execute(statement)


@pytest.mark.parametrize("table", ["journal", "journal_seal"])
def test_evidence_is_not_emptied_at_once_either(database: Database, rows: Rows, table: str) -> None:
    with pytest.raises(DBAPIError, match=f"{table} is append-only"), database.transaction() as tx:
        tx.execute(sa.text(f"TRUNCATE {table}"))


@pytest.mark.parametrize("key", ["", "Acme", "-acme", "a" * 41, "a_b", "a b"])
def test_a_tenants_key_is_fit_for_addresses(database: Database, rows: Rows, key: str) -> None:
    with pytest.raises(IntegrityError):
        try_to(database, rows, t.tenant, {"key": key})


@pytest.mark.parametrize(
    ("constraint", "known"),
    [("run_state_check", states.RUN_STATES), ("batch_state_check", states.BATCH_STATES)],
)
def test_the_schemas_states_are_the_codes_states(
    database: Database, constraint: str, known: tuple[str, ...]
) -> None:
    with database.transaction() as tx:
        text = tx.execute(
            sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
            {"name": constraint},
        ).scalar_one()

    assert sorted(known) == sorted(text.split("'")[1::2])


@pytest.mark.parametrize(
    ("index", "known"), [("run_due", states.RUN_WORKING), ("batch_due", states.BATCH_WORKING)]
)
def test_the_sweeps_indexes_cover_the_working_states(
    database: Database, index: str, known: tuple[str, ...]
) -> None:
    with database.transaction() as tx:
        text = tx.execute(
            sa.text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": index}
        ).scalar_one()

    assert sorted(known) == sorted(text.split("'")[1::2])
