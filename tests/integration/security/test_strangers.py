"""Strangers who send what they like to a real web process."""

import contextlib
import itertools
import random
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from connector.pipeline.services import Services
from connector.runtime.probe import healthy
from connector.store import tables
from tests.integration.security.deadlines import HASTE_S
from tests.integration.security.hostile import raw, request, send, status
from webapp.guarded_worker import HEAD_DEADLINE_S
from webapp.slow_bodies import BODY_DEADLINE_S, BodyDeadline

REQUESTS = 2000
SEED = 7
"""Fixed: a build must not fail by chance. Another one is tried by changing it."""


def _rows(services: Services) -> dict[str, int]:
    with services.database.transaction() as tx:
        return {
            table.name: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (tables.inbox, tables.run, tables.journal, tables.login_attempt)
        }


def test_hostile_requests_are_refused_store_nothing_and_leave_the_process_alive(
    web_port: int, services: Services, tmp_path: Path
) -> None:
    rng, seen = random.Random(SEED), Counter[int]()  # noqa: S311 - repeatable, no secret
    before = _rows(services)
    for _number in range(REQUESTS):
        sent = request(rng)
        answer = send(web_port, sent)
        seen[status(answer)] += 1
        assert status(answer) < 500, (sent[:300], answer[:300])
        assert b"Traceback" not in answer, sent[:300]
        assert b"evil.example" not in answer.partition(b"\r\n\r\n")[0], sent[:300]
    assert before == _rows(services)
    assert {200, 400, 401, 404, 405, 413} <= seen.keys(), "the requests reached all kinds of answers"
    assert 200 == status(send(web_port, raw(["GET /healthz HTTP/1.1", "Host: a", "Connection: close"])))
    assert "Traceback" not in (tmp_path / "web.log").read_text("utf-8", "replace")


MALFORMED = (
    ["GET /oauth/datev/callback?code=CANARY&state=a"],
    ["GET /oauth/datev/callback?state=a&code= CANARY HTTP/1.1", "Host: a"],
    ["POST /webhooks/pipedrive/acme HTTP/1.1", "Host: a", "Authorization Basic CANARY"],
    ["POST /webhooks/pipedrive/acme HTTP/1.1", "Host: a", "Authorization: Basic CANARY\0"],
    ["erika@CANARY.example"],
)


def test_malformed_requests_are_quoted_nowhere(web_port: int, tmp_path: Path) -> None:
    answers = [send(web_port, raw(lines)) for lines in MALFORMED]
    assert {400} == set(map(status, answers))
    assert b"CANARY" not in b"".join(answers)
    assert all(b"X-Content-Type-Options: nosniff" in answer for answer in answers)
    assert "CANARY" not in (tmp_path / "web.log").read_text("utf-8", "replace")


THREADS = 4
"""Of the one process."""


@contextlib.contextmanager
def _dripping(port: int, beginnings: Sequence[bytes], drop: bytes) -> Iterator[list[socket.socket]]:
    """More connections than the process has threads, until one more request is answered between them."""
    slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _number in range(THREADS + 1)]
    try:
        for connection, beginning in zip(slow, itertools.cycle(beginnings), strict=False):
            connection.sendall(beginning)
        ends_at = time.monotonic() + 2 * HASTE_S + 10
        answered = False
        while not answered and time.monotonic() < ends_at:
            for connection in slow:
                with contextlib.suppress(OSError):
                    connection.sendall(drop)
            answered = healthy(port, "/healthz")
        assert answered
        yield slow
    finally:
        for connection in slow:
            connection.close()


def test_bodies_that_do_not_come_hold_no_thread_for_long(hasty_port: int, services: Services) -> None:
    lines = ["POST /webhooks/pipedrive/acme HTTP/1.1", "Host: a", "Content-Length: 1000"]
    with _dripping(hasty_port, [raw(lines, b"{")], b" ") as slow:
        assert 401 == status(slow[0].recv(1000)), "what came until then proves nothing"


def test_heads_that_do_not_end_hold_no_thread_for_long(hasty_port: int) -> None:
    beginnings = [b"G", b"POST /webhooks/pipedrive/acme HTTP/1.1\r\nHost: a\r\nX-Slow: "]
    with _dripping(hasty_port, beginnings, b"x") as slow:
        assert b"200" not in slow[0].recv(1000)[:12], "what came until then is no request"


def test_the_product_gives_heads_and_bodies_ten_seconds() -> None:
    assert (10.0, 10.0, {"deadline_s": 10.0}) == (
        HEAD_DEADLINE_S,
        BODY_DEADLINE_S,
        BodyDeadline.__init__.__kwdefaults__,
    )
