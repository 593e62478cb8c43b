"""The log of calls tells a deal's whole way, and names no customer."""

import sqlalchemy as sa

from connector.store import http_log
from connector.store.evidence_tables import http_log as table
from tests.integration.pipeline.carriage import Carriage


def test_every_call_of_a_deals_way_is_in_the_log_with_its_step(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.finish()

    with carriage.services.database.transaction() as tx:
        found = http_log.search(tx, run_id=run.id)
    assert carriage.run(run.id).state == "done"
    assert {carriage.tenant.id} == {call.tenant_id for call in found}
    assert {
        "resolve",
        "upload_document",
        "submit_debtors",
        "poll_debtors",
        "submit",
        "poll",
        "write_back",
    } == {call.step for call in found}
    assert {"DATEV", "Pipedrive"} == {call.partner for call in found}
    assert all(call.status is not None and call.status < 300 for call in found)
    assert carriage.services.call_log.lost == 0


def test_a_refusal_is_in_the_log_with_its_body_and_no_customer_in_the_open(carriage: Carriage) -> None:
    carriage.sandbox.fault("extf-files/import", status=400, body={"error_description": "Rheinwerk is wrong"})
    run = carriage.win(7)
    carriage.finish()

    with carriage.services.database.transaction() as tx:
        refused = http_log.search(tx, run_id=run.id, errors=True)
        everything = str(tx.execute(sa.select(table)).all())
        _call, body = http_log.get(tx, refused[-1].id) or (None, None)
    assert body is not None
    assert "Rheinwerk" in carriage.services.vault.decrypt(body)
    assert "Rheinwerk" not in everything
