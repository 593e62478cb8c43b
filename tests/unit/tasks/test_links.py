"""How an outcome steers the chain that carries it."""

from datetime import timedelta

import pytest
from celery.exceptions import Retry

from connector.pipeline.runner import Outcome
from tasks.app import app
from tasks.links import follow


class Sent:
    """A signature that notes its sending instead of speaking to a broker."""

    def __init__(self, sent: list[str]) -> None:
        self._sent = sent

    def apply_async(self) -> None:
        self._sent.append("run.resolve")


def test_a_planned_wait_never_runs_out_of_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    app.loader.import_default_modules()
    task = app.tasks["run.resolve"]
    sent: list[str] = []
    monkeypatch.setattr(task, "signature_from_request", lambda *_a, **_k: Sent(sent))
    task.push_request(id="1", retries=50, args=(7,), kwargs={}, called_directly=False, is_eager=False)
    try:
        with pytest.raises(Retry) as caught:
            follow(task, Outcome(go_on=False, again_in=timedelta(seconds=2)))
    finally:
        task.pop_request()
    assert (2.0, ["run.resolve"]) == (caught.value.when, sent)
