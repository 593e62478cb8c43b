"""A person's data: found wherever it stands, and erased wherever no law wants it kept."""

import json
from datetime import date
from typing import Any

import psycopg2
import pytest

from connector.accounting.debtor import DebtorRecord
from connector.codec import from_plain
from connector.pipeline.audit import verify
from connector.pipeline.holds import place_hold
from connector.pipeline.personal import Subject, without_person
from connector.pipeline.privacy import Erasure, erase_person, would_erase
from connector.pipeline.privacy_export import export_person
from connector.pipeline.sealing import seal_journal
from connector.store import tables as t
from tests.integration.pipeline.carriage import Carriage, config_for

CUSTOMER = Subject("organization", 1)
NAME = "Rheinwerk"
CONTACT = Subject("person", 5)
CONTACT_NAME = "Erika Mustermann"
MAIL = "erika@rheinwerk.example"
PHONE = "+49 221 555 0100"


def everything(carriage: Carriage) -> str:
    """All that the database holds, as text."""
    connection = psycopg2.connect(carriage.services.settings.database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            texts = []
            for (table,) in cursor.fetchall():
                cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 - the database's own names
                texts += [row for (row,) in cursor.fetchall()]
    finally:
        connection.close()
    return "\n".join(texts)


def erase(carriage: Carriage, subject: Subject = CUSTOMER) -> Erasure:
    return erase_person(carriage.services, "acme", subject, actor="operator anna")


def lost(carriage: Carriage) -> int:
    """A run of a deal that was lost before it was booked, with the customer's name in its journal."""
    run = carriage.win(7)
    carriage.carry_to("debtor_ready", run.id)
    carriage.sandbox.act(7, "lose")
    carriage.receive(carriage.event(7, status_now="lost", status_before="won", became_won=False))
    carriage.finish()
    assert carriage.run(run.id).state == "cancelled"
    connection = psycopg2.connect(carriage.services.settings.database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE journal SET message = message || ' Rheinwerk' WHERE run_id = %s", (run.id,))
    connection.close()
    return run.id


def booked(carriage: Carriage, **more: Any) -> int:
    """A run that is done."""
    run = carriage.win(7, **more)
    carriage.finish()
    assert carriage.run(run.id).state == "done"
    return run.id


def test_of_a_deal_without_a_booking_nothing_is_left(carriage: Carriage) -> None:
    run_id = lost(carriage)
    assert NAME in everything(carriage)

    done = erase(carriage)

    assert NAME not in everything(carriage)
    assert [] == done.kept
    assert {
        "copies of deals without a booking": 1,
        "texts of the journal": done.erased["texts of the journal"],
        "master data of customers": 1,
    } == done.erased
    assert ("cancelled", "") == ((run := carriage.run(run_id)).state, run.title)


def test_the_chain_holds_after_an_erasure_and_tells_of_it(carriage: Carriage) -> None:
    lost(carriage)
    seal_journal(carriage.services)

    done = erase(carriage)

    seal_journal(carriage.services)
    (chain,) = verify(carriage.services)
    assert chain.broken is None
    assert chain.erased == done.erased["texts of the journal"] > 0
    told = {row.event: row.details for row in carriage.rows(t.journal, "event", "details")}
    assert chain.erased == len(told["journal_texts_erased"]["rows"])
    assert done.erased == told["person_erased"]["erased"]


def test_of_a_booked_deal_stays_what_the_law_wants_with_its_last_day(carriage: Carriage) -> None:
    run_id = booked(carriage)
    year = carriage.clock.now().year

    done = erase(carriage)

    assert {
        f"run {run_id}: what was sold, of the deal's copy": date(year + 6, 12, 31),
        f"run {run_id}: invoice and its PDF": date(year + 8, 12, 31),
        f"run {run_id}: postings, files handed over and the journal, with the reasons people typed": (
            date(year + 10, 12, 31)
        ),
        "master data of account 10000": date(year + 10, 12, 31),
    } == {kept.what: kept.until for kept in done.kept}
    ((bundle, invoice, title),) = [
        (row.bundle, row.invoice, row.title) for row in carriage.rows(t.run, "bundle", "invoice", "title")
    ]
    assert NAME not in json.dumps(bundle)
    assert "Workshop" in json.dumps(bundle["products"])
    assert NAME in invoice["buyer"]["name"]
    assert "" == title


def test_the_deal_of_an_erased_customer_is_still_watched(carriage: Carriage) -> None:
    booked(carriage)
    erase(carriage)

    carriage.sandbox.act(7, "update", title="Changed")
    carriage.receive(carriage.event(7, status_before="won", became_won=False, change_source="app"))
    carriage.finish()

    assert "internal_error" not in {row.reason_code for row in carriage.rows(t.run, "reason_code")}
    assert 1 == carriage.bookings()


def test_erasing_twice_is_erasing_once(carriage: Carriage) -> None:
    lost(carriage)
    erase(carriage)
    before = len(carriage.rows(t.journal, "id"))

    again = erase(carriage)

    assert {} == again.erased
    assert before == len(carriage.rows(t.journal, "id"))


def test_a_trial_changes_nothing_and_says_the_same(carriage: Carriage) -> None:
    lost(carriage)
    seal_journal(carriage.services)
    before = everything(carriage)

    trial = would_erase(carriage.services, "acme", CUSTOMER)

    assert before == everything(carriage)
    assert trial == erase(carriage)


def test_a_deal_on_its_way_is_left_alone_and_named(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("debtor_ready", run.id)

    done = erase(carriage)

    assert [(f"run {run.id}", None)] == [(kept.what, kept.until) for kept in done.kept][:1]
    assert "on its way" in done.kept[0].why
    carriage.finish()
    assert carriage.run(run.id).state == "done"


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_held_is_not_erased(carriage: Carriage, whole: bool) -> None:
    run_id = lost(carriage)
    place_hold(carriage.services, "acme", None if whole else run_id, reason="Audit", actor="operator anna")

    done = erase(carriage)

    assert "hold" in done.kept[0].why
    assert {} == done.erased
    ((record,),) = [(row.record,) for row in carriage.rows(t.debtor, "record")]
    assert NAME in record["name"]
    assert NAME in everything(carriage)


def test_others_data_is_left_alone(carriage: Carriage) -> None:
    lost(carriage)

    done = erase(carriage, Subject("organization", 99))

    assert ({}, []) == (done.erased, done.kept)
    assert NAME in everything(carriage)


def with_contact(carriage: Carriage) -> int:
    """A booked deal of the company, with a person in it."""
    carriage.sandbox.seed(
        persons=[
            {
                "id": 5,
                "name": CONTACT_NAME,
                "org_id": 1,
                "emails": [{"value": MAIL, "primary": True, "label": "work"}],
                "phones": [{"value": PHONE, "primary": True, "label": "work"}],
            }
        ]
    )
    return booked(carriage, person_id=5)


def test_a_companys_contact_is_erased_and_the_company_stays(carriage: Carriage) -> None:
    with_contact(carriage)
    assert MAIL in json.dumps([row.record for row in carriage.rows(t.debtor, "record")])

    done = erase(carriage, CONTACT)

    assert done.erased["personal parts of booked deals"] == 1
    ((bundle,),) = [(row.bundle,) for row in carriage.rows(t.run, "bundle")]
    assert {"id": 5} == bundle["person"]
    assert NAME in bundle["organization"]["name"]
    ((record,),) = [(row.record,) for row in carriage.rows(t.debtor, "record")]
    read = from_plain(record, DebtorRecord)
    assert ("", "") == (read.contact, read.email)
    assert NAME in read.name


def runs_as_text(carriage: Carriage) -> str:
    """All that the runs hold; what was handed over to DATEV stays by law."""
    return json.dumps([[row.bundle, row.invoice] for row in carriage.rows(t.run, "bundle", "invoice")])


@pytest.mark.parametrize("subject", [CONTACT, CUSTOMER])
def test_mail_and_phone_stand_on_no_invoice_and_do_not_stay(carriage: Carriage, subject: Subject) -> None:
    with_contact(carriage)
    before = [row.invoice["buyer"] for row in carriage.rows(t.run, "invoice")]
    assert [(MAIL, PHONE, CONTACT_NAME)] == [(b["email"], b["phone"], b["contact"]) for b in before]

    erase(carriage, subject)

    after = [row.invoice["buyer"] for row in carriage.rows(t.run, "invoice")]
    assert [("", "", CONTACT_NAME)] == [(b["email"], b["phone"], b["contact"]) for b in after]
    assert [{**buyer, "email": "", "phone": ""} for buyer in before] == after


def test_that_the_invoice_prints_the_contact_is_told(carriage: Carriage) -> None:
    run_id = with_contact(carriage)

    done = erase(carriage, CONTACT)

    year = carriage.clock.now().year
    kept = {kept.what: kept.until for kept in done.kept}
    assert date(year + 8, 12, 31) == kept[f"run {run_id}: invoice and its PDF, with the contact's name"]


def test_of_an_invoice_that_hung_on_the_deal_the_contact_goes_too(carriage: Carriage) -> None:
    run_id = with_contact(carriage)
    with carriage.services.database.transaction() as tx:
        tx.execute(t.document.update().values(origin="pipedrive"))

    done = erase(carriage, CONTACT)

    assert "" == carriage.rows(t.run, "invoice")[0].invoice["buyer"]["contact"]
    assert CONTACT_NAME not in runs_as_text(carriage)
    assert f"run {run_id}: invoice and its PDF" in {kept.what for kept in done.kept}


def corrected(carriage: Carriage, **end: Any) -> tuple[int, int]:
    """A booked deal with a contact that changed afterwards, and the correction that ended."""
    run_id = with_contact(carriage)
    carriage.sandbox.act(7, "update", value=2000.0, title="Dearer")
    carriage.sandbox.deal(7, price=2000.0, person_id=5, status="won")
    carriage.receive(carriage.event(7, status_before="won", became_won=False, change_source="app"))
    carriage.finish()
    correction = carriage.run_of(7, "correction")
    with carriage.services.database.transaction() as tx:
        tx.execute(t.run.update().where(t.run.c.id == correction.id).values(**end))
    return run_id, correction.id


def test_a_correction_that_ended_by_itself_never_was_an_invoice(carriage: Carriage) -> None:
    _run_id, correction = corrected(carriage, state="cancelled", reason_code="unchanged")

    done = erase(carriage, CONTACT)

    assert [None] == [row.invoice for row in carriage.rows(t.run, "id", "invoice") if row.id == correction]
    assert (MAIL in runs_as_text(carriage), PHONE in runs_as_text(carriage)) == (False, False)
    assert {
        f"run {correction}: what was sold, of the deal's copy",
        f"run {correction}: the journal, with the reasons people typed",
    } == {kept.what for kept in done.kept if kept.what.startswith(f"run {correction}:")}


def test_of_a_correction_that_a_person_settled_stays_what_is_compared_with_its_day(
    carriage: Carriage,
) -> None:
    _run_id, correction = corrected(carriage, state="cancelled", reason_code="cancelled_by_hand")

    done = erase(carriage, CONTACT)

    (buyer,) = [row.invoice["buyer"] for row in carriage.rows(t.run, "id", "invoice") if row.id == correction]
    assert ("", "", "") == (buyer["contact"], buyer["email"], buyer["phone"])
    assert NAME in buyer["name"]
    year = carriage.clock.now().year
    what = f"run {correction}: the buyer and the lines of a version that was never invoiced"
    assert date(year + 6, 12, 31) == {kept.what: kept.until for kept in done.kept}[what]


def test_the_title_of_a_booked_deal_goes_although_nothing_else_is_left_of_its_copy(
    carriage: Carriage,
) -> None:
    booked(carriage)
    with carriage.services.database.transaction() as tx:
        tx.execute(t.run.update().values(bundle=None, title="Erika's party"))

    erase(carriage)

    assert [""] == [row.title for row in carriage.rows(t.run, "title")]


@pytest.mark.parametrize("subject", [CONTACT, CUSTOMER])
def test_erasing_somebody_of_a_booked_deal_twice_is_erasing_once(
    carriage: Carriage, subject: Subject
) -> None:
    corrected(carriage, state="cancelled", reason_code="cancelled_by_hand")
    first = erase(carriage, subject)

    again = erase(carriage, subject)

    assert ({}, first.kept) == (again.erased, again.kept)


def test_a_contact_that_an_earlier_version_took_out_of_the_copy_only_is_found(carriage: Carriage) -> None:
    with_contact(carriage)
    with carriage.services.database.transaction() as tx:
        (row,) = tx.execute(t.run.select()).mappings()
        tx.execute(t.run.update().values(bundle={**row["bundle"], "person": {"id": 5}}))

    erase(carriage, CONTACT)

    assert (MAIL in runs_as_text(carriage), PHONE in runs_as_text(carriage)) == (False, False)
    ((record,),) = [(row.record,) for row in carriage.rows(t.debtor, "record")]
    assert ("", "", "") == (record["contact"], record["email"], record["phone"])


def test_an_export_has_everything_and_the_pdf(carriage: Carriage) -> None:
    run_id = booked(carriage)

    found = export_person(carriage.services, "acme", CUSTOMER, actor="operator anna")

    data = json.loads(json.dumps(found.data))
    assert [run_id] == [run["id"] for run in data["runs"]]
    assert [10000] == [row["account"] for row in data["master_data"]]
    assert len(data["postings"]) == 1
    assert {"received", "moved"} <= {row["event"] for row in data["journal"]}
    assert data["deliveries"]
    assert data["calls_to_partners"]
    assert [data["documents"][0]["pdf"]] == list(found.pdfs)
    assert next(iter(found.pdfs.values())).startswith(b"%PDF")
    assert "person_exported" in {row.event for row in carriage.rows(t.journal, "event")}


def test_an_export_of_somebody_unknown_is_empty(carriage: Carriage) -> None:
    booked(carriage)

    assert export_person(carriage.services, "acme", Subject("person", 99), actor="x").empty


def test_another_tenants_customer_of_the_same_number_is_somebody_else(carriage: Carriage) -> None:
    booked(carriage)
    carriage.apply(config_for(key="beta"))

    assert export_person(carriage.services, "beta", CUSTOMER, actor="x").empty


def test_taking_a_person_out_twice_is_taking_it_out_once() -> None:
    bundle = {
        "deal": {"id": 7, "title": "Erika", "person_id": 5, "custom_fields": {"x": "Erika"}},
        "person": {"id": 5, "name": "Erika"},
        "organization": {"id": 1, "name": "Rheinwerk"},
        "products": [{"name": "Workshop"}],
        "files": [{"id": 3, "name": "Erika.pdf"}],
    }

    once = without_person(bundle, {"person:5"})

    assert once == without_person(once, {"person:5"})
    assert "Erika" not in json.dumps(once)
    assert once is not None
    assert bundle["organization"] == once["organization"]
    assert without_person(None, {"person:5"}) is None
