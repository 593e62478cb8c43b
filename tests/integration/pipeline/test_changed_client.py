"""The tenant is set up for another DATEV client while a file is on its way to the first one."""

from datetime import timedelta
from typing import Any

import pytest

from connector.datev import oauth
from connector.http import HttpClient
from connector.pipeline.retry import retry_run
from connector.pipeline.tokens import sealed_datev
from connector.store import connections
from connector.store import tables as t
from connector.store.connections import ConnectionKey
from connector.tenants.config import DatevFormat
from tests.integration.datev import driver
from tests.integration.pipeline.carriage import CLIENT, Carriage, config_for

OTHER = "455148-3"
IMPORT = "extf-files/import"


def move(carriage: Carriage, client_id: str, fmt: DatevFormat = DatevFormat.EXTF) -> None:
    """Apply the tenant's file with this client in it."""
    carriage.apply(config_for(fmt, datev={"client_number": int(client_id.partition("-")[2])}))


def connect(carriage: Carriage, client_id: str) -> None:
    """Log in to DATEV for this client: a lasting login reaches one only."""
    http = HttpClient(
        "datev", connect_timeout=carriage.services.timers.connect, call_deadline=timedelta(0, 10)
    )
    scopes = oauth.long_scopes(DatevFormat.EXTF, client_id)
    tokens = driver.log_in(http, carriage.services.settings.datev, scopes)
    with carriage.services.database.transaction() as tx:
        connections.save_login(
            tx,
            ConnectionKey(carriage.tenant.id, "datev"),
            sealed_datev(carriage.services.vault, tokens),
            now=carriage.clock.now(),
            client_id=client_id,
        )


def submissions_of(carriage: Carriage, run_id: int, *columns: str) -> list[Any]:
    batch = carriage.run(run_id).batch_id
    rows = carriage.rows(t.submission, "batch_id", *columns)
    return [tuple(getattr(row, name) for name in columns) for row in rows if row.batch_id == batch]


@pytest.fixture
def two_clients(carriage: Carriage) -> Carriage:
    """A tenant whose buyer DATEV knows, and a second client that the adviser has."""
    carriage.sandbox.control("datev/clients", consultant_number=455148, client_number=3, name="Beta GmbH")
    carriage.win(1)
    carriage.finish()
    return carriage


def test_the_intent_names_the_client_it_goes_to(two_clients: Carriage) -> None:
    assert {CLIENT} == {row.client_id for row in two_clients.rows(t.submission, "client_id")}


def test_a_file_is_polled_where_it_went(two_clients: Carriage) -> None:
    two_clients.sandbox.control("datev/settings", job_delay_seconds=60)
    run = two_clients.win(7)
    two_clients.carry()

    move(two_clients, OTHER)
    two_clients.finish()

    assert "done" == two_clients.run(run.id).state
    assert [(1, "succeeded")] == submissions_of(two_clients, run.id, "attempt", "state")


@pytest.mark.parametrize("resend", [False, True])
def test_a_lost_answer_is_looked_up_where_the_file_went(two_clients: Carriage, *, resend: bool) -> None:
    run = two_clients.win(7)
    two_clients.sandbox.fault(IMPORT, "reset", when="after")
    two_clients.carry()

    two_clients.apply(config_for(datev={"client_number": 3, "resend_when_not_found": resend}))
    two_clients.finish()

    assert "done" == two_clients.run(run.id).state
    assert 2 == two_clients.bookings()


def test_a_login_that_no_longer_reaches_the_first_client_stops_the_batch_and_not_the_tenant(
    two_clients: Carriage,
) -> None:
    run = two_clients.win(7)
    two_clients.sandbox.fault(IMPORT, "reset", when="after")
    two_clients.carry()
    move(two_clients, OTHER)
    connect(two_clients, OTHER)
    two_clients.finish()

    parked = two_clients.run(run.id)
    assert ("needs_attention", "handed_to_other_client") == (parked.state, parked.reason_code)
    assert CLIENT in parked.reason_cure
    assert not two_clients.tenant.parked

    move(two_clients, CLIENT)
    connect(two_clients, CLIENT)
    retry_run(two_clients.services, run.id, actor="anna")
    two_clients.finish()
    assert "done" == two_clients.run(run.id).state
    assert 2 == two_clients.bookings()


@pytest.mark.parametrize("status", [429, 503])
def test_a_file_that_datev_has_not_got_is_made_anew_for_the_present_client(
    two_clients: Carriage, status: int
) -> None:
    """429: certainly not taken; 503: looked up twice at the first client before anything else."""
    run = two_clients.win(7)
    two_clients.sandbox.fault(IMPORT, status=status)
    two_clients.carry()
    move(two_clients, OTHER)
    two_clients.carry()
    while two_clients.until_due() and (1, "abandoned") not in submissions_of(
        two_clients, run.id, "attempt", "state"
    ):
        two_clients.sweep()
    connect(two_clients, OTHER)
    two_clients.finish()

    assert "done" == two_clients.run(run.id).state
    assert [("abandoned", CLIENT), ("succeeded", OTHER)] == submissions_of(
        two_clients, run.id, "state", "client_id"
    )


def test_a_file_from_before_the_client_was_noted_is_asked_for_at_the_present_one(
    two_clients: Carriage,
) -> None:
    two_clients.sandbox.control("datev/settings", job_delay_seconds=60)
    run = two_clients.win(7)
    two_clients.carry()
    with two_clients.services.database.transaction() as tx:
        tx.execute(t.submission.update().values(client_id=None))

    two_clients.finish()

    assert "done" == two_clients.run(run.id).state


def test_a_package_is_asked_for_where_it_went(dxso: Carriage) -> None:
    dxso.sandbox.control("datev/clients", consultant_number=455148, client_number=3, name="Beta GmbH")
    run = dxso.win(7)
    dxso.carry()
    assert ["submitted"] == dxso.states()

    move(dxso, OTHER, DatevFormat.DXSO)
    dxso.finish()

    assert "done" == dxso.run(run.id).state
    assert [("succeeded", CLIENT)] == submissions_of(dxso, run.id, "state", "client_id")
    assert 1 == dxso.bookings()
