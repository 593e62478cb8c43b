"""Retention: nothing goes before its time, everything goes after it, and a hold stops all of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from connector.accounting.debtor import DebtorRecord
from connector.codec import from_plain, to_plain
from connector.errors import NotFoundError, PermanentError, SettingsError
from connector.pipeline import retention as pipeline_retention
from connector.pipeline.audit import verify
from connector.pipeline.holds import active_holds, place_hold, release_hold
from connector.pipeline.retention import apply_retention, due_now, keep_house
from connector.pipeline.retention_rules import KEPT, RULES, Days, Years
from connector.pipeline.sealing import seal_journal
from connector.settings import load
from connector.store import desk_tables, evidence_tables, runs
from connector.store import tables as t
from tests.integration.pipeline.carriage import Carriage


def moved_back(carriage: Carriage, years: int) -> None:
    """Let everything have happened so many years earlier: the database's own clock knows no future."""
    connection = psycopg2.connect(carriage.services.settings.database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table, column in _moments(cursor):
                cursor.execute(f"UPDATE {table} SET {column} = {column} - interval '{years} years'")  # noqa: S608
    finally:
        connection.close()


def _moments(cursor: Any) -> list[tuple[str, str]]:
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type IN ('timestamp with time zone', 'date') AND table_name = ANY(%s) "
        "AND column_name NOT IN ('due_at', 'month', 'fiscal_year')",
        (
            [
                *("tenant", "tenant_config", "run", "batch", "document", "submission", "inbox", "http_log"),
                *("debtor", "vat_check", "journal"),
            ],
        ),
    )
    return list(cursor.fetchall())


def booked(carriage: Carriage) -> int:
    """A run that is done."""
    run = carriage.win(7)
    carriage.finish()
    assert carriage.run(run.id).state == "done"
    return run.id


def deleted(carriage: Carriage) -> dict[str, int]:
    """What a run of retention has deleted."""
    return {one.name: one.rows for one in apply_retention(carriage.services) if one.rows}


def kept(carriage: Carriage, run_id: int) -> dict[str, bool]:
    """What is still there of a run."""
    asked = (
        sa.select(
            t.run.c.bundle.is_not(None).label("bundle"),
            t.run.c.invoice.is_not(None).label("invoice"),
            sa.func.coalesce(sa.func.length(t.document.c.content) > 0, sa.false()).label("pdf"),
            t.document.c.id.is_not(None).label("document"),
            sa.exists().where(t.submission.c.batch_id == t.run.c.batch_id).label("submission"),
            sa.exists().where(t.journal.c.run_id == t.run.c.id).label("journal"),
        )
        .select_from(t.run.outerjoin(t.document, t.document.c.run_id == t.run.c.id))
        .where(t.run.c.id == run_id)
    )
    with carriage.services.database.transaction() as tx:
        return dict(tx.execute(asked).mappings().one())


EVERYTHING = {"bundle", "invoice", "pdf", "document", "submission", "journal"}


@pytest.mark.parametrize(
    ("years", "left"),
    [
        (5, EVERYTHING),
        (7, EVERYTHING - {"bundle"}),
        (9, EVERYTHING - {"bundle", "invoice", "pdf"}),
        (11, set()),
    ],
)
def test_each_thing_goes_when_its_own_period_is_over(carriage: Carriage, years: int, left: set[str]) -> None:
    run_id = booked(carriage)
    seal_journal(carriage.services)
    # The chain's hashes hold the moments, so the old rows are sealed after they have become old.
    _unseal(carriage)
    moved_back(carriage, years)
    seal_journal(carriage.services)

    told = {one.name: one.rows for one in due_now(carriage.services) if one.rows}
    done = deleted(carriage)

    assert left == {name for name, there in kept(carriage, run_id).items() if there}
    assert {name: min(done[name], rows) for name, rows in told.items()} == told
    assert {} == {name: rows for name, rows in deleted(carriage).items() if name != "journal"}
    seal_journal(carriage.services)
    (chain,) = verify(carriage.services)
    assert chain.broken is None
    assert chain.removed == done.get("journal", 0)


@pytest.mark.parametrize(("years", "there"), [(5, True), (7, False)])
def test_a_version_that_was_never_invoiced_goes_as_letters_do(
    carriage: Carriage, years: int, there: bool
) -> None:
    run_id = booked(carriage)
    with carriage.services.database.transaction() as tx:
        correction = runs.create(
            tx,
            tenant_id=carriage.tenant.id,
            deal_id=7,
            kind="correction",
            revision=1,
            now=carriage.clock.now(),
        )
        invoice = runs.document_of(tx, run_id, "invoice")
        changes = {"state": "cancelled", "invoice": invoice}
        tx.execute(t.run.update().where(t.run.c.id == correction).values(**changes))
    moved_back(carriage, years)

    done = deleted(carriage)

    assert there == ("run.invoice (never invoiced)" not in done)
    left = {row.id: row.invoice is not None for row in carriage.rows(t.run, "id", "invoice")}
    assert {run_id: True, correction: there} == left


def _unseal(carriage: Carriage) -> None:
    connection = psycopg2.connect(carriage.services.settings.database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica; DELETE FROM journal_seal")
    finally:
        connection.close()


def test_a_run_stays_as_a_stub_so_that_its_deal_is_never_booked_again(carriage: Carriage) -> None:
    run_id = booked(carriage)
    moved_back(carriage, 12)
    apply_retention(carriage.services)

    run = carriage.run(run_id)
    assert ("done", 7, "", "") == (run.state, run.deal_id, run.title, run.reason_message)
    carriage.receive(carriage.event(7))
    assert [run_id] == [row.id for row in carriage.rows(t.run, "id", "kind") if row.kind == "invoice"]


def test_master_data_without_bookings_is_blanked_and_its_account_stays_taken(carriage: Carriage) -> None:
    booked(carriage)
    moved_back(carriage, 12)
    apply_retention(carriage.services)

    ((account, record),) = [(row.account, row.record) for row in carriage.rows(t.debtor, "account", "record")]
    read = from_plain(record, DebtorRecord)
    assert ("", "", account) == (read.name, read.address.street, read.account)
    shown = to_plain(read)
    assert {account, True} | {""} == {value for key, value in shown.items() if key != "address"} | set(
        shown["address"].values()
    )


def test_a_hold_on_the_tenant_stops_everything_but_what_is_secret(carriage: Carriage) -> None:
    run_id = booked(carriage)
    moved_back(carriage, 12)
    place_hold(carriage.services, "acme", None, reason="Audit 2026", actor="operator anna")

    done = deleted(carriage)

    assert set(done) <= {"connect_ticket", "login_attempt"}
    assert EVERYTHING == {name for name, there in kept(carriage, run_id).items() if there}
    release_hold(carriage.services, "acme", None, reason="Over", actor="operator anna")
    assert {"document", "run.bundle", "http_log"} <= set(deleted(carriage))


def test_a_hold_on_one_run_leaves_the_others_to_their_time(carriage: Carriage) -> None:
    held = booked(carriage)
    other = carriage.win(8)
    carriage.finish()
    moved_back(carriage, 12)
    seal_journal(carriage.services)
    place_hold(carriage.services, "acme", held, reason="Lawsuit", actor="operator anna")

    apply_retention(carriage.services)

    assert EVERYTHING == {name for name, there in kept(carriage, held).items() if there}
    assert {"pdf", "document", "submission"} & {
        name for name, there in kept(carriage, other.id).items() if there
    } == set()


def test_a_hold_is_in_the_journal_with_who_and_why(carriage: Carriage) -> None:
    run_id = booked(carriage)
    place_hold(carriage.services, "acme", run_id, reason="Lawsuit", actor="operator anna")
    release_hold(carriage.services, "acme", run_id, reason="Settled", actor="operator ben")

    told = [(row.event, row.actor, row.message) for row in carriage.story(run_id)][-2:]
    assert [
        ("hold_placed", "operator anna", "Must not be deleted: Lawsuit"),
        ("hold_released", "operator ben", "May be deleted in its time again: Settled"),
    ] == told
    assert [] == active_holds(carriage.services)


def test_what_is_held_is_not_held_twice_and_what_is_not_held_is_not_released(carriage: Carriage) -> None:
    with pytest.raises(NotFoundError, match="not held"):
        release_hold(carriage.services, "acme", None, reason="x", actor="a")
    place_hold(carriage.services, "acme", None, reason="x", actor="a")
    with pytest.raises(PermanentError, match="held already"):
        place_hold(carriage.services, "acme", None, reason="y", actor="a")
    with pytest.raises(NotFoundError, match="has no run 99"):
        place_hold(carriage.services, "acme", 99, reason="y", actor="a")


def test_a_deal_that_was_left_alone_keeps_its_copy_for_a_year(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("resolved", run.id)
    carriage.sandbox.act(7, "lose")
    carriage.receive(carriage.event(7, status_now="lost", status_before="won", became_won=False))
    carriage.finish()
    assert carriage.run(run.id).state == "cancelled"
    carriage.let_pass(timedelta(days=364))
    assert "run (never booked)" not in deleted(carriage)
    carriage.let_pass(timedelta(days=2))

    assert 1 == deleted(carriage)["run (never booked)"]
    assert "" == carriage.run(run.id).title
    assert not kept(carriage, run.id)["bundle"]


def test_the_log_of_calls_and_the_deliveries_go_after_their_days(carriage: Carriage) -> None:
    booked(carriage)
    carriage.let_pass(timedelta(days=29))
    assert {} == deleted(carriage)
    carriage.let_pass(timedelta(days=2))
    assert {"http_log"} == set(deleted(carriage))
    carriage.let_pass(timedelta(days=60))
    assert {"inbox"} == set(deleted(carriage))


def test_more_than_one_piece_is_deleted(carriage: Carriage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_retention, "AT_ONCE", 2)
    monkeypatch.setattr(pipeline_retention, "CUT_AT_ONCE", 2)
    run_id = booked(carriage)
    moved_back(carriage, 12)
    seal_journal(carriage.services)

    apply_retention(carriage.services)

    assert not any(kept(carriage, run_id).values())
    seal_journal(carriage.services)
    (chain,) = verify(carriage.services)
    assert chain.broken is None


def test_the_end_of_what_a_law_wants_is_told_in_the_journal(carriage: Carriage) -> None:
    booked(carriage)
    moved_back(carriage, 9)
    apply_retention(carriage.services)

    told = {
        row.details["rule"]: row.details["rows"]
        for row in carriage.rows(t.journal, "event", "details")
        if row.event == "retention"
    }
    assert {"run.bundle": 1, "run.invoice": 1, "document.content": 1} == told


def test_the_daily_work_seals_everything(carriage: Carriage) -> None:
    booked(carriage)

    keep_house(carriage.services)

    (chain,) = verify(carriage.services)
    assert (0, None) == (chain.unsealed, chain.broken)


def test_a_forged_cut_is_no_cut(carriage: Carriage) -> None:
    booked(carriage)
    moved_back(carriage, 12)
    seal_journal(carriage.services)
    apply_retention(carriage.services)
    connection = psycopg2.connect(carriage.services.settings.database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "DELETE FROM journal WHERE id = (SELECT journal_id FROM journal_seal ORDER BY seq LIMIT 1)"
        )
        cursor.execute("DELETE FROM journal_seal WHERE seq = (SELECT min(seq) FROM journal_seal)")
    connection.close()

    (chain,) = verify(carriage.services)

    assert chain.broken is not None
    assert "are gone, and no removal was noted." in chain.broken.message


def test_periods_begin_with_the_end_of_the_calendar_year_in_berlin() -> None:
    eve = datetime(2033, 12, 31, 22, 59, tzinfo=UTC)
    assert date(2025, 1, 1) == Years(8).before(eve).date()
    assert date(2026, 1, 1) == Years(8).before(eve + timedelta(minutes=1)).date()
    assert eve - timedelta(days=30) == Days(30).before(eve)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLC_KEEP_VOUCHERS_YEARS", "7"),
        ("MLC_KEEP_BOOKS_YEARS", "9"),
        ("MLC_KEEP_LETTERS_YEARS", "5"),
        ("MLC_KEEP_HTTP_LOG_DAYS", "13"),
    ],
)
def test_no_setting_shortens_what_the_law_says(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load({name: value})


def test_a_setting_may_lengthen() -> None:
    assert 12 == load({"MLC_KEEP_VOUCHERS_YEARS": "12"}).retention.voucher_years


def test_every_table_has_its_rule_or_its_reason_to_stay() -> None:
    known = {rule.expiry.table.name for rule in RULES} | set(KEPT) | {"journal"}

    assert desk_tables.desk_user.metadata is evidence_tables.http_log.metadata
    assert set(evidence_tables.http_log.metadata.tables) == known


def test_every_rule_of_the_law_names_it() -> None:
    assert all("AO" in rule.source for rule in RULES if rule.lawful)
    assert all(isinstance(rule.period(load({}).retention), Years) == rule.lawful for rule in RULES)


def test_the_journal_is_not_written_by_a_dry_run(carriage: Carriage) -> None:
    booked(carriage)
    moved_back(carriage, 12)
    before = len(carriage.rows(t.journal, "id"))

    due_now(carriage.services)

    assert before == len(carriage.rows(t.journal, "id"))
