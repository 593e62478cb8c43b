"""The wake-up call: names and an id, and never a reason for whoever wakes to fail."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisAwayError

from connector.pipeline.states import RUN_CHAIN
from tasks import wake
from tasks.app import app
from tasks.broker import PAUSE_S, Broker

ACME = 5
"""A tenant."""


@dataclass(frozen=True)
class Sent:
    """One message, taken apart."""

    key: str
    first: str
    args: list[int]
    kwargs: dict[str, Any]
    chain: list[dict[str, Any]]
    tenant: int


class Post:
    """What was put into Redis, or what putting it there raises."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.error: Exception | None = None
        self.full = False

    def evaluate(self, _script: str, keys: list[str], args: list[Any]) -> int:
        """Take a message, if there is room; all scripts are the one that wakes."""
        if self.error:
            raise self.error
        if self.full:
            return 0
        _row_id, _most, _lasts, _again, before, after, priority, _other = args
        text = f"{before}{priority}{after}"
        message = json.loads(text)
        key = keys[3]
        row, kwargs, embedded = json.loads(base64.b64decode(message["body"]))
        headers = message["headers"]
        self.sent.append(Sent(key, headers["task"], row, kwargs, embedded["chain"], headers[wake.TENANT]))
        return 1


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    """The broker of the wake-up calls."""
    made, broker = Post(), Broker("redis://nowhere", "mlc:")
    broker.__dict__["_redis"] = made
    monkeypatch.setattr(wake, "broker", broker)
    return made


def test_a_run_is_woken_with_the_links_from_its_state_on(post: Post) -> None:
    wake.wake_run(4711, ACME, "debtor_ready")

    [sent] = post.sent
    assert ("mlc:intake", "run.render") == (sent.key, sent.first)
    assert ["run.join_batch", "run.upload_document"] == [link["task"] for link in sent.chain]


def test_a_posted_run_is_woken_for_its_write_back(post: Post) -> None:
    wake.wake_run(4711, ACME, "posted")

    assert [("mlc:ops", "run.write_back", [])] == [(sent.key, sent.first, sent.chain) for sent in post.sent]


def test_a_message_carries_an_id_and_nothing_else(post: Post) -> None:
    wake.wake_run(4711, ACME)
    wake.wake_batch(12, ACME)

    for row_id, sent in zip((4711, 12), post.sent, strict=True):
        assert ([row_id], {}) == (sent.args, sent.kwargs)
        assert {(row_id,)} == {tuple(link["args"]) for link in sent.chain}
        assert [{}] * len(sent.chain) == [link["kwargs"] for link in sent.chain]
        assert ACME == sent.tenant
        assert [{"headers": {wake.TENANT: ACME}}] * len(sent.chain) == [
            link["options"] for link in sent.chain
        ]
        assert all(link["immutable"] for link in sent.chain)


def test_of_two_messages_only_the_ids_differ_and_no_place_is_left_open(post: Post) -> None:
    ids = {17: 5, 4711: 23}
    texts = {
        row: wake.chain_message("intake", ("run.resolve", "run.render"), row, of) for row, of in ids.items()
    }
    first, second = ({**json.loads(text), "body": ""} for text in texts.values())

    assert "<" not in texts[17]
    for message in (first, second):
        task_id = message["headers"]["id"]
        assert {task_id} == {message["headers"]["root_id"], message["properties"]["correlation_id"]}
        assert 36 == len(task_id) == len(message["properties"]["delivery_tag"])
    assert first["headers"]["id"] != second["headers"]["id"]
    assert ("(17,)", "(4711,)") == (first["headers"]["argsrepr"], second["headers"]["argsrepr"])
    assert (5, 23) == (first["headers"][wake.TENANT], second["headers"][wake.TENANT])


def test_a_tenant_whose_share_is_used_up_waits_in_the_database(post: Post) -> None:
    assert wake.wake_run(4711, ACME)
    post.full = True

    assert not wake.wake_run(4712, ACME)
    assert not wake.wake_batch(12, ACME)
    assert [[4711]] == [sent.args for sent in post.sent]


@pytest.mark.parametrize("state", ["batched", "done", "needs_attention", "ignored"])
def test_what_rests_is_not_woken(post: Post, state: str) -> None:
    wake.wake_run(4711, ACME, state)

    assert [] == post.sent


@pytest.mark.parametrize("error", [RedisAwayError(), OSError(), TimeoutError(), RuntimeError("a bug")])
def test_a_broker_that_is_away_costs_the_call_only(post: Post, error: Exception) -> None:
    post.error = error

    wake.wake_run(4711, ACME)

    assert [] == post.sent


def test_after_a_lost_call_the_broker_is_left_alone_for_a_moment(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("tasks.broker.time.monotonic", lambda: now[0])
    post.error = RedisAwayError()
    wake.wake_run(1, ACME)
    post.error = None

    wake.wake_run(2, ACME)
    assert [] == post.sent
    now[0] += PAUSE_S
    wake.wake_run(3, ACME)

    assert [[3]] == [sent.args for sent in post.sent]


def test_each_links_message_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()

    assert {f"run.{link.name}" for link in RUN_CHAIN} <= set(app.tasks)
