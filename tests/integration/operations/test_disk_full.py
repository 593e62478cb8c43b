"""PostgreSQL's disk is full for a while (SQLSTATE 53100): nothing is lost, nothing is booked twice."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
import pytest
from psycopg2 import sql

from connector.errors import DatabaseUnavailableError
from connector.pipeline.services import Services
from connector.store import tables as t
from tests.integration.pipeline.carriage import Carriage
from tests.integration.webapp.test_receiver import Receiver, won
from tests.integration.webapp.world import add_tenant, tenant_config

_FULL = """
CREATE SEQUENCE disk_full_hits;
CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM nextval('disk_full_hits');
    RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
END $$;
CREATE TRIGGER disk_is_full BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION disk_is_full()
"""
_WAS_MET = "SELECT is_called FROM disk_full_hits"
"""Sequences count on although the transaction is rolled back."""
_MADE_ROOM = "DROP FUNCTION disk_is_full CASCADE; DROP SEQUENCE disk_full_hits"


@contextmanager
def full_disk(services: Services, table: str, event: str = "INSERT") -> Iterator[None]:
    """Every write of this kind fails as it does on a full disk."""
    connection = psycopg2.connect(services.settings.database_url)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(sql.SQL(_FULL).format(event=sql.SQL(event), table=sql.Identifier(table)))
    try:
        yield
        cursor.execute(_WAS_MET)
        assert (True,) == cursor.fetchone(), "nothing was written while the disk was full"
    finally:
        cursor.execute(_MADE_ROOM)
        connection.close()


@pytest.mark.parametrize("table", ["inbox", "run"])
def test_a_delivery_is_503_and_stores_nothing_and_its_repeat_is_taken(services: Services, table: str) -> None:
    add_tenant(services, tenant_config())
    receiver = Receiver(services)

    with full_disk(services, table):
        refused = receiver.deliver(won())
        stored = (receiver.count(t.inbox), receiver.count(t.run), len(receiver.woken))

    assert (503, "10") == (refused.status_code, refused.headers["Retry-After"])
    assert (0, 0, 0) == stored
    assert 202 == receiver.deliver(won()).status_code
    assert (1, 1, 1) == (receiver.count(t.inbox), receiver.count(t.run), len(receiver.woken))


@pytest.mark.parametrize(
    ("table", "event"),
    [
        ("run", "UPDATE"),
        ("journal", "INSERT"),
        ("document", "INSERT"),
        ("document", "UPDATE"),
        ("batch", "INSERT"),
        ("batch", "UPDATE"),
        ("submission", "INSERT"),
        ("submission", "UPDATE"),
        ("debtor", "UPDATE"),
        ("http_log", "INSERT"),
    ],
)
def test_a_deal_waits_and_goes_on_to_one_booking(carriage: Carriage, table: str, event: str) -> None:
    run = carriage.win(7)

    with full_disk(carriage.services, table, event):
        for _sweep in range(3):
            with suppress(DatabaseUnavailableError):
                carriage.sweep()
            carriage.past_the_lease()
        meanwhile = carriage.bookings()
    carriage.past_the_lease()
    carriage.finish()

    assert meanwhile <= 1
    assert ("done", "") == (carriage.run(run.id).state, carriage.run(run.id).reason_code)
    arrived = carriage.sandbox.arrivals()
    assert (1, 1, 1) == (carriage.bookings(), carriage.debtor_files(), len(arrived["documents"]))
