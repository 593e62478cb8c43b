"""Finding and erasing what is held about one organization or person of a tenant."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction
from connector.store.erased import ERASED, blank_debtor
from connector.store.evidence_tables import http_log

_ENDED = ("done", "ignored", "cancelled")


@dataclass(frozen=True, slots=True)
class AboutRun:
    """A run that somebody's data is in."""

    id: int
    deal_id: int
    state: str
    reason_code: str
    title: str
    updated_at: datetime
    batch_id: int | None
    bundle: Any
    invoice: Any
    document_id: int | None
    document_origin: str | None
    document_date: date | None
    document_made_at: datetime | None
    deal_is_booked: bool
    """Whether this run, or another of its deal, has a document: then its story is a booking's."""

    @property
    def ended(self) -> bool:
        """Whether nothing happens to it by itself any more."""
        return self.state in _ENDED


def same_party(tx: Transaction, tenant_id: int, party: str) -> set[str]:
    """A party with all that were merged into it, or that it was merged into."""
    merged = t.merged_party
    rows = tx.execute(
        sa.select(merged.c.party, merged.c.into_party).where(
            merged.c.tenant_id == tenant_id,
            sa.or_(merged.c.party == party, merged.c.into_party == party),
        )
    )
    return {party, *(name for row in rows for name in row)}


def runs_about(tx: Transaction, tenant_id: int, parties: Collection[str]) -> list[AboutRun]:
    """Every run in whose deal, invoice or debtor one of the parties is, oldest first."""
    run, document, other = t.run, t.document, t.run.alias("other")
    debtors = sa.select(t.debtor.c.id).where(t.debtor.c.tenant_id == tenant_id, t.debtor.c.party.in_(parties))
    named = [run.c.debtor_id.in_(debtors), run.c.invoice["buyer"]["key"].astext.in_(parties)]
    for party in parties:
        entity, _colon, number = party.partition(":")
        link = "org_id" if entity == "organization" else "person_id"
        named += [run.c.bundle["deal"][link].astext == number, run.c.bundle[entity]["id"].astext == number]
    booked = sa.exists().where(
        other.c.tenant_id == run.c.tenant_id,
        other.c.deal_id == run.c.deal_id,
        other.c.id == t.document.alias("booked").c.run_id,
    )
    columns: list[sa.ColumnElement[Any]] = [
        *(run.c.id, run.c.deal_id, run.c.state, run.c.reason_code, run.c.title, run.c.updated_at),
        *(run.c.batch_id, run.c.bundle, run.c.invoice),
        *(document.c.id, document.c.origin, document.c.document_date, document.c.created_at),
        booked,
    ]
    chosen = (
        sa.select(*columns)
        .select_from(run.outerjoin(document, document.c.run_id == run.c.id))
        .where(run.c.tenant_id == tenant_id, sa.or_(*named))
        .order_by(run.c.id)
    )
    return [AboutRun(*row) for row in tx.execute(chosen)]


def debtors_of(tx: Transaction, tenant_id: int, parties: Collection[str]) -> list[dict[str, Any]]:
    """The accounts of the parties, every column."""
    table = t.debtor
    return _plain(tx, table, table.c.tenant_id == tenant_id, table.c.party.in_(parties))


def debtors_of_runs(tx: Transaction, run_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The accounts that runs are booked on, every column."""
    booked_on = sa.select(t.run.c.debtor_id).where(t.run.c.id.in_(run_ids))
    return _plain(tx, t.debtor, t.debtor.c.id.in_(booked_on))


def rows_of_runs(
    tx: Transaction, table: sa.Table, run_ids: Sequence[int], *, without: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The rows of a table with a ``run_id`` that belong to these runs (``run`` itself by its id)."""
    column = table.c.id if table is t.run else table.c.run_id
    return _plain(tx, table, column.in_(run_ids), without=without)


def postings_of_documents(tx: Transaction, document_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The postings behind documents."""
    return _plain(tx, t.posting, t.posting.c.document_id.in_(document_ids))


def files_of_batches(tx: Transaction, batch_ids: Iterable[int]) -> list[dict[str, Any]]:
    """Names and states of the files in which batches were handed over; the files hold others' data, too."""
    return _plain(tx, t.submission, t.submission.c.batch_id.in_(list(batch_ids)), without=("file", "answer"))


def vat_checks_of(tx: Transaction, tenant_id: int, vat_ids: Collection[str]) -> list[dict[str, Any]]:
    """What the registries said of VAT ids."""
    table = t.vat_check
    return _plain(tx, table, table.c.tenant_id == tenant_id, table.c.vat_id.in_(vat_ids))


def listed_accounts(tx: Transaction, tenant_id: int, accounts: Collection[int]) -> list[dict[str, Any]]:
    """What the adviser's list says of accounts."""
    table = t.adviser_account
    return _plain(tx, table, table.c.tenant_id == tenant_id, table.c.account.in_(accounts))


def replace_copies(tx: Transaction, run_id: int, *, bundle: Any, invoice: Any) -> None:
    """Put what is left of a deal's copy and of its invoice in their places, and blank the run's title."""
    left = {
        name: sa.null() if value is None else value
        for name, value in (("bundle", bundle), ("invoice", invoice))
    }
    tx.execute(t.run.update().where(t.run.c.id == run_id).values(title="", **left))


def blank_unbooked_runs(tx: Transaction, run_ids: Sequence[int]) -> int:
    """Empty everything of runs that led to no booking; the stub stays, so that no deal starts anew.

    :returns: how many had anything.
    """
    run = t.run
    texts = (run.c.title, run.c.reason_message, run.c.reason_cure, run.c.waiting_for)
    done = tx.execute(
        run.update()
        .where(
            run.c.id.in_(run_ids),
            run.c.state.in_(_ENDED),
            sa.or_(run.c.bundle.is_not(None), run.c.invoice.is_not(None), *(text != "" for text in texts)),
        )
        .values(
            bundle=sa.null(), invoice=sa.null(), title="", reason_message="", reason_cure="", waiting_for=""
        )
    )
    return int(done.rowcount)


def blank_debtors(tx: Transaction, debtor_ids: Sequence[int]) -> int:
    """Empty the master data; the accounts stay taken. Returns how many had any."""
    table = t.debtor
    done = tx.execute(
        table.update()
        .where(table.c.id.in_(debtor_ids), table.c.record_hash != ERASED)
        .values(**blank_debtor())
    )
    return int(done.rowcount)


def change_debtor(tx: Transaction, debtor_id: int, changes: Mapping[str, str]) -> None:
    """Change single fields of master data; it is not sent again for that."""
    merged = t.debtor.c.record.concat(sa.cast(dict(changes), t.debtor.c.record.type))
    tx.execute(t.debtor.update().where(t.debtor.c.id == debtor_id).values(record=merged))


def transferred(tx: Transaction, debtor_ids: Sequence[int]) -> set[int]:
    """Those of these debtors that were part of a file for DATEV."""
    table = t.submission_debtor
    chosen = sa.select(table.c.debtor_id).where(table.c.debtor_id.in_(debtor_ids)).distinct()
    return set(tx.execute(chosen).scalars())


def blank_listed_accounts(tx: Transaction, tenant_id: int, accounts: Collection[int]) -> int:
    """Empty what the adviser's list says of accounts, until its next import. Returns how many had any."""
    table = t.adviser_account
    texts = ("name", "name_key", "vat_id", "postal_code", "city", "country")
    done = tx.execute(
        table.update()
        .where(
            table.c.tenant_id == tenant_id,
            table.c.account.in_(accounts),
            sa.or_(*(table.c[name] != "" for name in texts)),
        )
        .values(dict.fromkeys(texts, ""))
    )
    return int(done.rowcount)


def delete_vat_checks(tx: Transaction, tenant_id: int, vat_ids: Collection[str]) -> int:
    """Delete what the registries said of VAT ids that no booking needs. Returns how many rows."""
    table = t.vat_check
    done = tx.execute(table.delete().where(table.c.tenant_id == tenant_id, table.c.vat_id.in_(vat_ids)))
    return int(done.rowcount)


def drop_error_bodies(tx: Transaction, run_ids: Sequence[int], batch_ids: Sequence[int]) -> int:
    """Empty the bodies of refusals in the log of calls. Returns how many there were."""
    done = tx.execute(
        http_log.update()
        .where(
            sa.or_(http_log.c.run_id.in_(run_ids), http_log.c.batch_id.in_(batch_ids)),
            http_log.c.error_body.is_not(None),
        )
        .values(error_body=sa.null())
    )
    return int(done.rowcount)


def journal_ids(tx: Transaction, run_ids: Sequence[int]) -> list[int]:
    """The journal rows of runs that have a text."""
    table = t.journal
    chosen = sa.select(table.c.id).where(
        table.c.run_id.in_(run_ids), sa.or_(table.c.message != "", table.c.details != {})
    )
    return list(tx.execute(chosen.order_by(table.c.id)).scalars())


def _plain(
    tx: Transaction, table: sa.Table, *conditions: sa.ColumnElement[bool], without: Collection[str] = ()
) -> list[dict[str, Any]]:
    columns = [column for column in table.c if column.name not in without]
    chosen = sa.select(*columns).where(*conditions).order_by(*table.primary_key)
    return [dict(row) for row in tx.execute(chosen).mappings()]
