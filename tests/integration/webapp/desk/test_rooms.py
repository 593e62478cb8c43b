"""What the rooms show, in both languages, and what may be decided there."""

from datetime import timedelta

import pytest

from connector.pipeline.desk.roles import Role
from connector.store import journal, runs
from connector.store.tenants import TenantRow
from tests.integration.webapp.desk.conftest import Runs, Waking
from tests.integration.webapp.desk.parked import parked_run
from tests.integration.webapp.desk.people import Browser, Desk

ROOM = "/desk/t/acme"


@pytest.fixture
def anna(desk: Desk, parked: Runs) -> Browser:
    """The bookkeeper, at work."""
    return desk.at_work("anna", {"acme": Role.BOOKKEEPER})


def test_whoever_has_one_tenant_comes_straight_to_its_overview(anna: Browser) -> None:
    assert f"{ROOM}/" == anna.get("/desk/").headers["Location"]


def test_the_overview_says_what_needs_a_person_with_cause_and_cure(anna: Browser) -> None:
    page = anna.text(f"{ROOM}/")

    assert "Dem Kunden fehlt die USt-IdNr." in page
    assert "Tragen Sie die USt-IdNr. bei der Organisation in Pipedrive ein" in page
    assert "1 Deal" in page
    assert "nicht verbunden" in page
    assert "Geheimer Auftrag" not in page


def test_the_list_shows_deal_number_amount_and_the_reason(anna: Browser) -> None:
    page = anna.text(f"{ROOM}/deals")

    assert "Workshop <b>Herbst</b>" in page
    assert "<b>Herbst</b>" not in anna.get(f"{ROOM}/deals").get_data(as_text=True), "a title is no markup"
    assert "1.190,00\xa0€" in page
    assert "Braucht Sie" in page
    assert "Geheimer Auftrag" not in page


def test_what_a_screen_would_obey_in_a_title_is_written_out(
    desk: Desk, acme: TenantRow, anna: Browser
) -> None:
    now = desk.services.clock.now()
    with desk.services.database.transaction() as tx:
        run_id = parked_run(
            tx,
            acme.id,
            now=now,
            title="x\u202eRED\x1b[31m\x9b 5\u00a0€",
            deal_id=7,
            code="never heard of",
            message="The title is x\u202eRED.",
            cure="Mend x\u202eRED.",
        )

    pages = [anna.text(f"{ROOM}/{rest}") for rest in ("", "deals", f"deals/{run_id}")]

    assert all(r"x\u202eRED\x1b[31m\x9b 5" + "\u00a0€" in page for page in pages[1:])
    assert r"The title is x\u202eRED." in pages[2]
    assert not any(sign in page for page in pages for sign in "\u202e\x1b\x9b")


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("795371928", True),
        ("RE-1", True),
        ("re-1", True),
        ("RE-2", False),
        ("9" * 30, False),
        ("'; --", False),
    ],
)
def test_a_deal_is_found_by_its_number_or_its_invoices(anna: Browser, search: str, found: bool) -> None:
    page = anna.text(f"{ROOM}/deals?q={search}")

    assert found == ("Workshop" in page)
    assert found != ("wurde nichts gefunden" in page)


def test_a_filter_leaves_the_others_out(anna: Browser) -> None:
    assert "Workshop" in anna.text(f"{ROOM}/deals?show=attention")
    assert "Workshop" not in anna.text(f"{ROOM}/deals?show=posted")
    assert "Workshop" in anna.text(f"{ROOM}/deals?show=nonsense"), "an unknown filter is none"


def test_pages_follow_each_other_both_ways(desk: Desk, acme: TenantRow, anna: Browser) -> None:
    now = desk.services.clock.now()
    with desk.services.database.transaction() as tx:
        for number in range(1, 121):
            runs.create(
                tx, tenant_id=acme.id, deal_id=number, kind="invoice", now=now, title=f"Nummer {number}."
            )

    first = anna.text(f"{ROOM}/deals")
    older = anna.text(f"{ROOM}/deals?before=73")
    oldest = anna.text(f"{ROOM}/deals?before=23")
    newer = anna.text(f"{ROOM}/deals?after=72")

    assert "Nummer 120." in first
    assert "before=73" in first
    assert "Neuere" not in first
    assert "Nummer 70." in older
    assert "Nummer 71." not in older
    assert "after=72" in older
    assert "Workshop" in oldest
    assert "Ältere" not in oldest
    assert "Nummer 120." in newer
    assert "Nummer 70." not in newer
    assert "Neuere" not in newer


def test_the_deals_page_tells_the_posting_its_reason_and_the_story(anna: Browser, parked: Runs) -> None:
    page = anna.text(f"{ROOM}/deals/{parked.acme}")

    for told in ("RE-1", "1.190,00\xa0€", "10000", "8400", "taxed in Germany (rule domestic)", "Soll"):
        assert told in page
    assert "In Pipedrive gewonnen" in page
    assert f"ml-connector run retry {parked.acme}" in page, "the program's own cure names the run"


def test_the_same_pages_speak_english(anna: Browser, parked: Runs) -> None:
    anna.post("/desk/account/language", lang="en", next=f"{ROOM}/")

    page = anna.text(f"{ROOM}/deals/{parked.acme}")

    assert '<html lang="en">' in page
    assert "The customer is a business in FR, but has no VAT id." in page
    assert "£" not in page
    assert "€1,190.00" in page
    assert "Won in Pipedrive" in page


def test_the_pdf_is_shown_in_the_browser_and_runs_nothing(anna: Browser, parked: Runs) -> None:
    answer = anna.get(f"{ROOM}/deals/{parked.acme}/document.pdf")

    assert b"%PDF-1.7 example" == answer.data
    assert "application/pdf" == answer.headers["Content-Type"]
    assert 'inline; filename="RE-1.pdf"' == answer.headers["Content-Disposition"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert "no-store" == answer.headers["Cache-Control"]


def test_a_bookkeeper_lets_a_deal_go_on_and_the_journal_names_her(
    desk: Desk, anna: Browser, parked: Runs, acme: TenantRow, waking: Waking
) -> None:
    answer = anna.post(f"{ROOM}/deals/{parked.acme}/retry")

    assert 303 == answer.status_code
    assert "Der Deal läuft weiter." in anna.text(answer.headers["Location"])
    with desk.services.database.transaction() as tx:
        run = runs.get(tx, parked.acme)
        last = journal.of_run(tx, parked.acme)[-1]
    assert run is not None
    assert "received" == run.state
    assert ("retried", "Anna (anna)") == (last.event, last.actor)
    assert [(parked.acme, acme.id)] == waking.woken


def test_a_second_click_does_nothing_twice(desk: Desk, anna: Browser, parked: Runs) -> None:
    token = anna.token()
    first, second = (
        anna.post(f"{ROOM}/deals/{parked.acme}/cancel", token=token, reason="Von Hand gebucht.") for _ in "12"
    )

    assert (303, 409) == (first.status_code, second.status_code)
    assert "Das ging nicht" in second.get_data(as_text=True)
    with desk.services.database.transaction() as tx:
        cancelled = [row for row in journal.of_run(tx, parked.acme) if row.event == "cancelled"]
    assert ["Von Hand gebucht."] == [row.message for row in cancelled]


def test_cancelling_asks_for_a_reason_and_changes_nothing_without(
    desk: Desk, anna: Browser, parked: Runs
) -> None:
    answer = anna.post(f"{ROOM}/deals/{parked.acme}/cancel", reason="  ")

    assert 409 == answer.status_code
    assert "Bitte geben Sie einen Grund an." in answer.get_data(as_text=True)
    with desk.services.database.transaction() as tx:
        run = runs.get(tx, parked.acme)
    assert run is not None
    assert "needs_attention" == run.state


def test_a_viewer_sees_no_button_and_cannot_decide(desk: Desk, parked: Runs) -> None:
    viewer = desk.at_work("vera", {"acme": Role.VIEWER})

    assert "Ihre Rolle erlaubt hier nur das Lesen." in viewer.text(f"{ROOM}/deals/{parked.acme}")
    assert 403 == viewer.post(f"{ROOM}/deals/{parked.acme}/retry").status_code
    assert 403 == viewer.post(f"{ROOM}/deals/{parked.acme}/cancel", reason="x").status_code
    with desk.services.database.transaction() as tx:
        run = runs.get(tx, parked.acme)
    assert run is not None
    assert "needs_attention" == run.state


def test_the_overview_counts_what_came_today_and_what_waits(
    desk: Desk, acme: TenantRow, anna: Browser
) -> None:
    now = desk.services.clock.now()
    with desk.services.database.transaction() as tx:
        runs.create(
            tx, tenant_id=acme.id, deal_id=1, kind="invoice", now=now - timedelta(days=400), title="Alt"
        )

    page = anna.text(f"{ROOM}/")

    assert "1 Jahr" in page
    assert "Ältester Deal unterwegs" in page
