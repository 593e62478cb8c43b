"""What a list of deals says that nobody has told us, as a table: no database, no partner."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.pipedrive.listed_deals import ListedDeal, listed_deal
from connector.pipedrive.webhook import DealChange
from connector.pipeline.states import CANCELLED_BY_HAND
from connector.pipeline.untold import Known, untold
from connector.store.runs import RunRow

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
EARLIER, LATER = AT - timedelta(hours=1), AT + timedelta(hours=1)


def deal(status: str, changed_at: datetime = AT, won_at: datetime | None = None) -> ListedDeal:
    won_at = won_at or (EARLIER if status == "won" else None)
    return ListedDeal(7, status, changed_at, won_at=won_at, currency="EUR")


def run(state: str, **changes: Any) -> RunRow:
    nothing = dict.fromkeys(RunRow.__slots__)
    texts = dict.fromkeys(("waiting_for", "reason_code", "reason_message", "ignore_rule", "title"), "")
    return RunRow(**{**nothing, **texts, "id": 1, "deal_id": 7, "state": state, **changes})


def known(state: str | None, until: datetime | None = EARLIER, **changes: Any) -> Known:
    return Known(run(state, **changes) if state else None, until, EARLIER)


HELD = ["resolved", "debtor_ready", "rendered", "awaiting_release", "documented", "needs_attention"]
BOOKED = [("batched", 3), ("posted", 3), ("done", 3), ("needs_attention", 3), ("cancelled", 3)]


@pytest.mark.parametrize("status", ["open", "lost", "deleted"])
def test_a_deal_without_a_run_that_is_not_won_is_no_news(status: str) -> None:
    assert untold(deal(status), Known()) is None


@pytest.mark.parametrize("until", [None, EARLIER, LATER])
def test_a_won_deal_without_a_run_is_always_news(until: datetime | None) -> None:
    """Whatever else was told of it: the win itself was lost."""
    event = untold(deal("won"), Known(None, until, None))

    assert event is not None
    assert (DealChange.WON, EARLIER, AT) == (event.change, event.won_time, event.as_of)


@pytest.mark.parametrize("state", ["received", *HELD, "ignored"])
def test_a_won_deal_that_was_told_up_to_its_last_change_is_no_news(state: str) -> None:
    assert untold(deal("won"), known(state, until=AT)) is None
    assert untold(deal("won"), known(state, until=AT + timedelta(milliseconds=300))) is None


@pytest.mark.parametrize("state", ["received", *HELD, "ignored"])
def test_a_later_change_of_a_won_deal_is_news(state: str) -> None:
    event = untold(deal("won"), known(state))

    assert event is not None
    assert (DealChange.OTHER, "won") == (event.change, event.status_now)


def test_a_change_within_the_next_second_is_news_although_the_last_event_told_fractions() -> None:
    told = AT - timedelta(seconds=1) + timedelta(milliseconds=900)

    assert untold(deal("won"), known("resolved", until=told)) is not None


@pytest.mark.parametrize(("state", "batch_id"), BOOKED)
def test_a_later_win_of_a_booked_deal_is_told_as_one(state: str, batch_id: int) -> None:
    event = untold(deal("won", won_at=AT), known(state, batch_id=batch_id))

    assert event is not None
    assert DealChange.WON is event.change


@pytest.mark.parametrize(("state", "batch_id"), BOOKED)
@pytest.mark.parametrize("status", ["won", "open", "lost", "deleted"])
def test_what_was_told_of_a_booked_deal_is_no_news_whatever_it_is_now(
    state: str, batch_id: int, status: str
) -> None:
    assert untold(deal(status), known(state, until=AT, batch_id=batch_id)) is None


CHANGES = [("open", DealChange.REOPENED), ("lost", DealChange.LOST), ("deleted", DealChange.DELETED)]


@pytest.mark.parametrize("state", HELD)
@pytest.mark.parametrize(("status", "change"), CHANGES)
@pytest.mark.parametrize("until", [EARLIER, AT, LATER])
def test_a_deal_that_we_are_about_to_book_and_that_is_not_won_is_news_whatever_was_told(
    state: str, status: str, change: DealChange, until: datetime
) -> None:
    """A reopening may be lost and a later edit told."""
    event = untold(deal(status), known(state, until=until))

    assert event is not None
    assert change is event.change


@pytest.mark.parametrize(("status", "change"), CHANGES)
def test_so_is_one_whose_parts_wait(status: str, change: DealChange) -> None:
    event = untold(deal(status), known("ignored", until=LATER, ignore_rule="invoiced in parts"))

    assert event is not None
    assert change is event.change


@pytest.mark.parametrize("state", ["received", "ignored", "cancelled"])
def test_one_that_is_read_anyway_or_left_alone_is_none(state: str) -> None:
    assert untold(deal("lost"), known(state, until=AT, ignore_rule="won before go-live")) is None


def test_a_deal_given_up_that_is_won_after_all_is_news_whatever_was_told() -> None:
    event = untold(deal("won"), known("cancelled", until=LATER, reason_code="not_won"))

    assert event is not None
    assert DealChange.WON is event.change


def test_a_deal_that_a_person_gave_up_is_news_only_if_something_happened() -> None:
    by_hand = {"reason_code": CANCELLED_BY_HAND}

    assert untold(deal("won"), known("cancelled", until=AT, **by_hand)) is None
    edited = untold(deal("won"), known("cancelled", **by_hand))
    won_again = untold(deal("won", won_at=AT), known("cancelled", **by_hand))
    assert edited is not None
    assert won_again is not None
    assert (DealChange.OTHER, DealChange.WON) == (edited.change, won_again.change)


def test_an_event_is_equal_for_equal_states_of_a_deal_and_fits_the_inbox() -> None:
    one = untold(deal("won"), Known())
    again = untold(deal("won"), Known())
    later = untold(deal("won", changed_at=LATER), Known())

    assert one == again
    assert one is not None
    assert later is not None
    assert "deal:7:2026-03-04T12:00:00.000000Z:won" == one.event_id
    assert one.event_id != later.event_id


RECORD = {
    "id": 7,
    "title": "Deal",
    "status": "won",
    "is_deleted": False,
    "update_time": "2026-03-04T12:00:00Z",
    "won_time": "2026-03-04T11:00:00Z",
    "first_won_time": None,
    "pipeline_id": 3,
    "label_ids": [5],
    "currency": "EUR",
    "value": Decimal("100.50"),
}


def test_a_listed_deal_is_read() -> None:
    assert ListedDeal(
        7,
        "won",
        AT,
        won_at=EARLIER,
        pipeline_id=3,
        label_ids=(5,),
        currency="EUR",
        value=Decimal("100.50"),
        title="Deal",
    ) == listed_deal(RECORD)


@pytest.mark.parametrize(
    ("changes", "status", "changed_at"),
    [
        ({"is_deleted": True}, "deleted", AT),
        ({"status": "deleted"}, "deleted", AT),
        ({"update_time": None, "add_time": "2026-03-04T11:00:00Z"}, "won", EARLIER),
        ({"label_ids": None, "value": "much", "won_time": "yesterday", "currency": None}, "won", AT),
    ],
)
def test_a_listed_deal_is_read_as_far_as_it_can_be(
    changes: dict[str, Any], status: str, changed_at: datetime
) -> None:
    found = listed_deal({**RECORD, **changes})

    assert found is not None
    assert (status, changed_at) == (found.status, found.changed_at)


@pytest.mark.parametrize(
    "changes",
    [{"id": "x"}, {"id": None}, {"status": None}, {"status": 3}, {"update_time": "x", "add_time": 1}],
)
def test_of_a_listed_deal_without_id_status_or_time_nothing_can_be_said(changes: dict[str, Any]) -> None:
    assert listed_deal({**RECORD, **changes}) is None
