"""The wake-up call: names and an id, and never a reason for whoever wakes to fail."""

from contextlib import contextmanager
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from connector.pipeline.states import RUN_CHAIN
from tasks import wake
from tasks.app import app


class FakeProducers:
    """A pool that always has a producer."""

    @contextmanager
    def acquire(self, **_options: Any) -> Any:
        """One producer."""
        yield object()


class Post:
    """What was published, or what publishing raises."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.error: Exception | None = None

    def send_task(self, name: str, **options: Any) -> None:
        """Take a message."""
        if self.error:
            raise self.error
        self.sent.append((name, options))


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    """The broker of the wake-up calls."""
    made, broker = Post(), wake.Broker()
    broker.__dict__["_producers"] = FakeProducers()
    monkeypatch.setattr(wake, "_broker", broker)
    monkeypatch.setattr(app, "send_task", made.send_task)
    return made


def test_a_run_is_woken_with_the_links_from_its_state_on(post: Post) -> None:
    wake.wake_run(4711, "debtor_ready")

    [(first, options)] = post.sent
    assert "run.render" == first
    assert ["run.join_batch", "run.upload_document"] == [link["task"] for link in options["chain"]]


def test_a_posted_run_is_woken_for_its_write_back(post: Post) -> None:
    wake.wake_run(4711, "posted")

    assert [("run.write_back", [])] == [(first, options["chain"]) for first, options in post.sent]


def test_a_message_carries_an_id_and_nothing_else(post: Post) -> None:
    wake.wake_run(4711)
    wake.wake_batch(12)

    for row_id, (_first, options) in zip((4711, 12), post.sent, strict=True):
        assert {"args", "chain", "producer", "retry_policy", "ignore_result"} == set(options)
        assert (row_id,) == options["args"]
        assert {(row_id,)} == {tuple(link["args"]) for link in options["chain"]}
        assert [{}] * len(options["chain"]) == [link["kwargs"] for link in options["chain"]]
        assert all(link["immutable"] for link in options["chain"])


@pytest.mark.parametrize("state", ["batched", "done", "needs_attention", "ignored"])
def test_what_rests_is_not_woken(post: Post, state: str) -> None:
    wake.wake_run(4711, state)

    assert [] == post.sent


@pytest.mark.parametrize("error", [OperationalError(), OSError(), TimeoutError(), RuntimeError("a bug")])
def test_a_broker_that_is_away_costs_the_call_only(post: Post, error: Exception) -> None:
    post.error = error

    wake.wake_run(4711)

    assert [] == post.sent


def test_after_a_lost_call_the_broker_is_left_alone_for_a_moment(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("tasks.wake.time.monotonic", lambda: now[0])
    post.error = OperationalError()
    wake.wake_run(1)
    post.error = None

    wake.wake_run(2)
    assert [] == post.sent
    now[0] += wake.PAUSE_S
    wake.wake_run(3)

    assert [(3,)] == [options["args"] for _first, options in post.sent]


def test_each_links_message_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()

    assert {f"run.{link.name}" for link in RUN_CHAIN} <= set(app.tasks)
