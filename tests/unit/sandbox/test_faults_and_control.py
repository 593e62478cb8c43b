"""Faults on demand, the request log, the clock, reset, and what the page must not show."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.unit.sandbox.driver import ACCOUNT, API_TOKEN, EXTF, Driver, extf
from webapp.sandbox import create_app
from webapp.sandbox.store import Store

DEAL = "/api/v2/deals/1"


def test_a_status_fault_answers_once_with_its_headers_and_body(acme: Driver) -> None:
    fault: dict[str, Any] = {
        "kind": "status",
        "status": 502,
        "headers": {"Retry-After": "7"},
        "body": {"x": 1},
    }
    acme.control("/faults", partner="pipedrive", **fault)
    spoiled, right = acme.pipedrive("GET", DEAL), acme.pipedrive("GET", DEAL)
    assert (502, "7", {"x": 1}) == (spoiled.status_code, spoiled.headers["Retry-After"], spoiled.json)
    assert 200 == right.status_code


def test_a_fault_after_lets_the_request_take_effect(acme: Driver) -> None:
    acme.control("/faults", kind="status", status=503, when="after", operation="/notes$", method="POST")
    answer = acme.pipedrive("POST", "/api/v1/notes", json={"content": "doppelt?", "deal_id": 1})
    assert (503, 1) == (answer.status_code, len(acme.arrivals()["notes"]))


def test_a_fault_before_hides_the_request(acme: Driver) -> None:
    acme.control("/faults", kind="status", status=503, operation="pipedrive_notes.create_note")
    answer = acme.pipedrive("POST", "/api/v1/notes", json={"content": "nie", "deal_id": 1})
    assert (503, 0) == (answer.status_code, len(acme.arrivals()["notes"]))


@pytest.mark.parametrize(
    "fault",
    [{"partner": "datev"}, {"method": "POST"}, {"operation": "/persons/"}, {"operation": "list_deals"}],
)
def test_a_fault_that_does_not_match_waits(acme: Driver, fault: dict[str, str]) -> None:
    acme.control("/faults", kind="status", **fault)
    assert 200 == acme.pipedrive("GET", DEAL).status_code
    assert 1 == len(acme.client.get("/control/faults").json["faults"])


def test_faults_count_down_and_can_be_cleared(acme: Driver) -> None:
    acme.control("/faults", kind="status", times=2)
    codes = [acme.pipedrive("GET", DEAL).status_code for _ in range(3)]
    acme.control("/faults", kind="status", times=9)
    acme.client.delete("/control/faults")
    assert [503, 503, 200, 200] == [*codes, acme.pipedrive("GET", DEAL).status_code]


def test_broken_json_a_block_page_and_a_cut_connection_can_be_staged(acme: Driver) -> None:
    acme.control("/faults", kind="malformed")
    malformed = acme.pipedrive("GET", DEAL)
    acme.control("/faults", kind="html403")
    blocked = acme.pipedrive("GET", DEAL)
    assert (200, None) == (malformed.status_code, malformed.get_json(silent=True))
    assert (403, "text/html") == (blocked.status_code, blocked.mimetype)
    acme.control("/faults", kind="reset")
    with pytest.raises(ConnectionResetError):
        acme.pipedrive("GET", DEAL)


def test_a_late_and_a_dripping_answer_are_the_true_one(acme: Driver) -> None:
    right = acme.pipedrive("GET", DEAL).json
    acme.control("/faults", kind="timeout", when="after", delay_seconds=0)
    late = acme.pipedrive("GET", DEAL).json
    acme.control("/faults", kind="drip", delay_seconds=0)
    assert [right, right] == [late, acme.pipedrive("GET", DEAL).json]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "explosion"},
        {"kind": "status", "partner": "sap"},
        {"kind": "status", "when": "never"},
        {"kind": "status", "times": 0},
        {"kind": "status", "operation": "("},
        {"kind": "status", "tmies": 1},
        {},
    ],
)
def test_a_wrong_fault_is_refused_in_a_sentence(sandbox: Driver, body: dict[str, Any]) -> None:
    answer = sandbox.client.post("/control/faults", json=body)
    assert 400 == answer.status_code
    assert answer.json["error"].endswith(".")


def test_the_request_log_has_no_tokens_and_no_query(acme: Driver) -> None:
    acme.pipedrive("GET", DEAL + "?custom_fields=secret")
    log = acme.client.get("/control/requests").json["requests"]
    last = log[-1]
    assert ("GET", "/pipedrive/api/v2/deals/1", "pipedrive_deals.get_deal", 200, "") == tuple(
        last[name] for name in ("method", "path", "operation", "status", "fault")
    )
    assert API_TOKEN not in str(log)
    assert "secret" not in str(log)


def test_the_page_shows_arrivals_but_no_secret(acme: Driver) -> None:
    acme.make_datev()
    tokens = acme.login()
    acme.subscribe(http_auth_user="hook", http_auth_password="hook-password")
    acme.seed(deals=[{"title": "<script>alert(1)</script>"}])
    page = acme.client.get("/").get_data(as_text=True)
    assert "Beratung Q1" in page
    assert "Anna" not in tokens
    for secret in (API_TOKEN, "hook-password", tokens["access_token"], tokens["refresh_token"], "<script>"):
        assert secret not in page


def test_tokens_are_not_readable_in_the_state_file(acme: Driver, tmp_path: Path) -> None:
    acme.make_datev(secret="app-secret")
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"Beratung Q1" in content
    assert API_TOKEN.encode() not in content
    assert b"app-secret" not in content


def test_reset_forgets_everything(acme: Driver) -> None:
    acme.control("/clock", offset_seconds=5000)
    acme.control("/reset")
    assert 401 == acme.pipedrive("GET", DEAL).status_code
    assert {0} == {len(rows) for rows in acme.arrivals().values()}


def test_a_restart_continues_where_it_was(acme: Driver, sandbox_app: Flask, tmp_path: Path) -> None:
    acme.make_datev()
    tokens = acme.login()
    headers = acme.headers(tokens) | {"Content-Type": "application/octet-stream", "Filename": "EXTF_1.csv"}
    path = f"{EXTF}/clients/455148-1/extf-files/import"
    acme.control("/clock", offset_seconds=60)
    acme.client.post(path, headers=headers, data=extf())
    before = acme.arrivals()
    sandbox_app.extensions["sandbox"].close()
    second = create_app(str(tmp_path), deliver=False)
    again = Driver(second.test_client())
    try:
        assert before == again.arrivals()
        assert 200 == again.pipedrive("GET", DEAL).status_code
        assert 200 == again.refresh(tokens["refresh_token"]).status_code
    finally:
        second.extensions["sandbox"].close()


def test_the_time_scale_shortens_waiting_but_not_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLC_TIME_SCALE", "0.01")
    app = create_app(str(tmp_path / "scaled"), deliver=False)
    driver = Driver(app.test_client())
    driver.make_datev()
    tokens = driver.login()
    headers = driver.headers(tokens) | {"Content-Type": "application/octet-stream", "Filename": "EXTF_1.csv"}
    accepted = driver.client.post(f"{EXTF}/clients/455148-1/extf-files/import", headers=headers, data=extf())
    driver.control("/clock", offset_seconds=0.03)
    job = driver.client.get(EXTF + accepted.headers["Location"], headers=driver.headers(tokens)).json
    app.extensions["sandbox"].close()
    assert ("1", "succeeded", 900) == (accepted.headers["Retry-After"], job["result"], tokens["expires_in"])


def test_a_company_without_a_number_gets_one_that_no_other_has(acme: Driver) -> None:
    taken = acme.control("/pipedrive/accounts", company_domain="a", api_token="a")["company_id"] + 1
    acme.make_account(company_domain="b", api_token="b", company_id=taken)
    made = acme.control("/pipedrive/accounts", company_domain="c", api_token="c")

    assert {"company_domain": "c", "company_id": taken + 1} == made


def test_a_fault_lets_calls_pass_before_its_turn(acme: Driver) -> None:
    acme.control("/faults", kind="status", skip=2)
    assert [200, 200, 503, 200] == [acme.pipedrive("GET", DEAL).status_code for _ in range(4)]


def test_a_huge_answer_is_as_long_as_asked_for(acme: Driver) -> None:
    acme.control("/faults", kind="huge", size_mb=2, status=202)
    answer = acme.pipedrive("GET", DEAL)
    assert (202, 2 * 1024**2) == (answer.status_code, len(answer.get_data()))


def test_broken_json_may_come_with_any_status(acme: Driver) -> None:
    acme.control("/faults", kind="malformed", status=201)
    assert 201 == acme.pipedrive("GET", DEAL).status_code


def test_a_call_is_in_the_log_before_it_is_answered(acme: Driver) -> None:
    acme.control("/faults", kind="reset")
    with pytest.raises(ConnectionResetError):
        acme.pipedrive("GET", DEAL)
    last = acme.client.get("/control/requests").json["requests"][-1]
    assert ("/pipedrive/api/v2/deals/1", 0) == (last["path"], last["status"])


@pytest.mark.parametrize("path", ["/control/faults", f"{ACCOUNT}/seed", f"{ACCOUNT}/deals/1/update"])
def test_half_a_surrogate_pair_is_refused_in_a_sentence(acme: Driver, path: str) -> None:
    body = '{"kind": "status", "body": "\\ud800", "deals": [{"title": "\\ud800"}], "title": "\\ud800"}'
    answer = acme.client.post(path, data=body, content_type="application/json")
    said = "The body holds half of a surrogate pair (such as \\ud800 alone), which is no text."
    assert (400, said) == (answer.status_code, answer.json["error"])


def test_an_update_gives_a_deal_other_lines_discounts_and_instalments(acme: Driver) -> None:
    changed = {
        "products": [{"name": "Neu", "item_price": 10, "quantity": 3, "tax": 7}],
        "discounts": [],
        "installments": [{"amount": 30, "billing_date": "2026-03-01"}],
    }
    acme.control("/pipedrive/accounts/acme/deals/1/update", title="Anders", **changed)
    deal = acme.pipedrive("GET", DEAL).json["data"]
    lines = acme.pipedrive("GET", f"{DEAL}/products").json["data"]
    discounts = acme.pipedrive("GET", f"{DEAL}/discounts").json["data"]
    parts = acme.pipedrive("GET", "/api/v2/deals/installments?deal_ids=1").json["data"]
    assert ("Anders", 30.0) == (deal["title"], deal["value"])
    assert [("Neu", 30.0)] == [(line["name"], line["sum"]) for line in lines]
    assert ([], [(30, "2026-03-01")]) == (
        discounts,
        [(part["amount"], part["billing_date"]) for part in parts],
    )


def test_an_update_leaves_lists_that_it_does_not_name(acme: Driver) -> None:
    acme.control("/pipedrive/accounts/acme/deals/1/update", products=[], value=5)
    assert (5.0, 0, 1) == (
        acme.pipedrive("GET", DEAL).json["data"]["value"],
        len(acme.pipedrive("GET", f"{DEAL}/products").json["data"]),
        len(acme.pipedrive("GET", f"{DEAL}/discounts").json["data"]),
    )


def test_a_wrong_line_in_an_update_changes_nothing(acme: Driver) -> None:
    answer = acme.client.post(f"{ACCOUNT}/deals/1/update", json={"products": [{"prize": 1}]})
    assert 400 == answer.status_code
    assert 1 == len(acme.pipedrive("GET", f"{DEAL}/products").json["data"])


def test_a_thread_that_ends_leaves_no_open_state_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    store.put("x", "1", {})

    def opened() -> int:
        links = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
        return links.count(str(tmp_path / "state"))

    for _number in range(9):
        reader = threading.Thread(target=store.get, args=("x", "1"))
        reader.start()
        reader.join()
    # SQLite keeps one for the next thread, whose lock on the file it would lose by closing it.
    deadline = time.monotonic() + 5
    while opened() > 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 2 >= opened()
    store.close()
    assert 0 == opened()
