"""A deal in parts that a person wants booked although a rule leaves it alone: every part goes along."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from connector.pipeline import backfill
from tests.integration.pipeline.carriage import Carriage, config_for
from tests.integration.pipeline.test_parts import (  # noqa: F401 - "parts" is a fixture
    NUMBERS,
    parts,
    planned,
    shown,
    today_is,
)


def test_parts_that_a_later_go_live_stopped_are_booked_once_a_person_sets_the_rule_aside(
    parts: Carriage,  # noqa: F811
) -> None:
    planned(parts)
    later = parts.clock.now() + timedelta(days=5)
    parts.apply(replace(config_for(numbers=NUMBERS), go_live_at=later))
    today_is(parts, date(2026, 12, 16))
    assert ["ignored", "done", "cancelled", "cancelled"] == [state for _key, _day, state in shown(parts)]

    for page in backfill.won_deals(parts.services, parts.tenant, datetime(2026, 11, 1, tzinfo=UTC)):
        for one in backfill.foresee(parts.services, parts.tenant, page, before_go_live=True):
            backfill.bring_in(parts.services, parts.tenant, one, actor="operator anna")
    parts.finish()

    assert ["ignored", "done", "done", "done"] == [state for _key, _day, state in shown(parts)]
    assert 3 == parts.bookings()
