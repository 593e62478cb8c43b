"""A right row of each table, to be spoilt in one column."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from connector.store import Transaction
from connector.store import tables as t

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
FIRST_GUID = "00000000-0000-4000-8000-000000000001"
OTHER_GUID = "00000000-0000-4000-8000-000000000002"
THIRD_GUID = "00000000-0000-4000-8000-000000000003"


@dataclass(frozen=True)
class Rows:
    """Ids of the rows that are there already."""

    tenant: int
    run: int
    other_run: int
    debtor: int
    batch: int
    document: int


_WRITTEN = {"created_at": NOW, "updated_at": NOW}

_RIGHT: Mapping[str, Mapping[str, Any]] = {
    "tenant": {"key": "acme", "name": "Acme", "go_live_at": NOW, "config_version": 1, "created_at": NOW},
    "tenant_config": {
        "version": 1,
        "document": {},
        "source_text": "",
        "applied_at": NOW,
        "applied_by": "test",
    },
    "run": {"deal_id": 7, "kind": "invoice", "state": "received", **_WRITTEN},
    "debtor": {"account": 10000, "party": "organization:1", "record": {}, "record_hash": "h", **_WRITTEN},
    "batch": {
        "fiscal_year": date(2026, 1, 1),
        "month": date(2026, 11, 1),
        "format": "extf",
        "state": "open",
        **_WRITTEN,
    },
    "document": {
        "guid": FIRST_GUID,
        "document_number": "A1",
        "document_date": date(2026, 11, 1),
        "origin": "made",
        "file_name": "a.pdf",
        "content": b"x",
        "sha256": "s",
        "created_at": NOW,
    },
    "posting": {
        "line": 1,
        "key": FIRST_GUID,
        "amount": 1,
        "account": 10000,
        "contra_account": 8400,
        "row": {},
    },
    "inbox": {"source": "webhook", "event_id": "e1", "deal_id": 7, "received_at": NOW, "facts": {}},
    "submission": {
        "content": "postings",
        "attempt": 1,
        "reference_id": "r1",
        "file_name": "f",
        "file": b"x",
        "sha256": "s",
        "state": "intended",
        "intended_at": NOW,
    },
    "journal": {"at": NOW, "event": "e", "actor": "a"},
    "number_sequence": {"name": "s", "next": 1},
}

_PARENTS = {"posting": "document", "submission": "batch"}
"""Table → the table it hangs on, where that is not the tenant."""


def insert(table: sa.Table, ids: Mapping[str, int], **changes: Any) -> sa.Insert:
    """A row of this table, right but for the changes."""
    parent = _PARENTS.get(table.name, "tenant")
    link = {f"{parent}_id": ids[parent]} if parent in ids and table is not t.tenant else {}
    if table is t.document:
        link["run_id"] = ids["run"]
    return table.insert().values(**{**link, **_RIGHT[table.name], **changes})


def fill(tx: Transaction) -> Rows:
    """One right row of each table, and a second run."""
    ids: dict[str, int] = {}
    for table in (t.tenant, t.run, t.debtor, t.batch, t.document):
        statement = insert(table, ids).returning(table.c.id)
        ids[table.name] = int(tx.execute(statement).scalar_one())
    for table in (t.tenant_config, t.posting, t.inbox, t.submission, t.journal):
        tx.execute(insert(table, ids))
    other = tx.execute(insert(t.run, ids, deal_id=8).returning(t.run.c.id)).scalar_one()
    return Rows(ids["tenant"], ids["run"], int(other), ids["debtor"], ids["batch"], ids["document"])
