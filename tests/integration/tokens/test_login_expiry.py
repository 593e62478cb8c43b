"""Who has to log in again is told in time: once for each threshold, with the date and the person."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.pipeline.login_expiry import ENDS_SOON, end_text, warn_of_ends
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, PIPEDRIVE
from connector.store import connections, journal
from connector.store.connections import LONG, SESSION, ConnectionKey, NewTokens
from connector.store.journal import JournalRow
from connector.store.tenants import TenantRow
from tests.integration.webapp.world import MovableClock

DAY = timedelta(days=1)
YEARS = 730 * DAY


def keep(
    services: Services, tenant: TenantRow, *, partner: str = DATEV, kind: str = LONG, lasts: timedelta = YEARS
) -> None:
    """A login as the login page stores it."""
    now = services.clock.now()
    tokens = NewTokens(b"access", b"refresh", now + timedelta(minutes=15), now + lasts, "")
    with services.database.transaction() as tx:
        key = ConnectionKey(tenant.id, partner, kind)
        connections.save_login(tx, key, tokens, now=now, client_id="455148-1", subject_name="Anna Muster")


def told(services: Services, tenant: TenantRow) -> list[JournalRow]:
    with services.database.transaction() as tx:
        return journal.of_tenant_since(tx, tenant.id, ENDS_SOON, datetime(2020, 1, 1, tzinfo=UTC))


def test_over_two_years_of_hourly_looks_each_threshold_is_told_once(
    services: Services, tenant: TenantRow, clock: MovableClock
) -> None:
    keep(services, tenant)
    begun = clock.offset
    for hours in range(int((YEARS - 16 * DAY) / timedelta(hours=1)), int(YEARS / timedelta(hours=1)) + 48):
        clock.offset = begun + timedelta(hours=hours)
        warn_of_ends(services)

    rows = told(services, tenant)
    assert [14, 7, 3, 1] == [row.details["days"] for row in rows]
    left = [datetime.fromisoformat(row.details["ends_at"]) - row.at for row in rows]
    assert [True] * 4 == [
        days * DAY - timedelta(hours=1, minutes=5) < found < days * DAY
        for days, found in zip((14, 7, 3, 1), left, strict=True)
    ]


def test_the_row_says_when_in_berlin_whose_login_it_is_and_what_to_do(
    services: Services, tenant: TenantRow
) -> None:
    keep(services, tenant, lasts=10 * DAY)
    assert 1 == warn_of_ends(services)

    [row] = told(services, tenant)
    with services.database.transaction() as tx:
        [login] = connections.of_tenant(tx, tenant.id)
    assert login.refresh_expires_at is not None
    shown = end_text(login.refresh_expires_at, "Anna Muster")
    assert row.message == (
        f"The login to DATEV ends on {shown}; it cannot be prolonged. "
        "Connect again: ml-connector connect datev acme"
    )


def test_the_end_is_shown_in_berlin_time() -> None:
    end = datetime(2028, 11, 5, 13, 30, tzinfo=UTC)

    assert "05.11.2028 14:30 (Berlin), login of Anna Muster" == end_text(end, "Anna Muster")
    assert "05.11.2028 14:30 (Berlin)" == end_text(end, "")


def test_after_a_long_silence_only_the_nearest_threshold_is_told(
    services: Services, tenant: TenantRow, clock: MovableClock
) -> None:
    keep(services, tenant, lasts=20 * DAY)
    clock.offset += 18 * DAY

    assert (1, 0) == (warn_of_ends(services), warn_of_ends(services))
    assert [3] == [row.details["days"] for row in told(services, tenant)]


def test_a_renewal_that_tells_the_same_end_a_second_off_is_not_told_again(
    services: Services, tenant: TenantRow
) -> None:
    keep(services, tenant, lasts=10 * DAY)
    warn_of_ends(services)
    keep(services, tenant, lasts=10 * DAY - timedelta(seconds=2))

    assert 0 == warn_of_ends(services)


@pytest.mark.parametrize("partner", [DATEV, PIPEDRIVE])
def test_a_new_login_is_told_of_anew_when_its_own_time_comes(
    services: Services, tenant: TenantRow, clock: MovableClock, partner: str
) -> None:
    keep(services, tenant, partner=partner, lasts=10 * DAY)
    warn_of_ends(services)
    keep(services, tenant, partner=partner, lasts=60 * DAY)
    assert 0 == warn_of_ends(services)
    clock.offset += 50 * DAY

    assert 1 == warn_of_ends(services)


def test_short_logins_and_ended_ones_are_not_told_of(services: Services, tenant: TenantRow) -> None:
    keep(services, tenant, kind=SESSION, lasts=DAY / 2)
    keep(services, tenant, lasts=-DAY)

    assert 0 == warn_of_ends(services)


def test_of_the_logins_of_a_tenant_the_first_end_is_listed(services: Services, tenant: TenantRow) -> None:
    keep(services, tenant, partner=PIPEDRIVE, lasts=60 * DAY)
    keep(services, tenant, partner=DATEV, lasts=20 * DAY)

    with services.database.transaction() as tx:
        assert DATEV == connections.earliest_end(tx)[tenant.id].partner
