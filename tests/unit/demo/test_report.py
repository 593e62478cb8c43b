"""What the demo says about deals that did not end."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from connector.demo.progress import Watched
from connector.demo.report import still_under_way
from connector.demo.scenario import SampleDeal
from connector.pipeline.summary import RunSummary

LOGS = Path("/var/demo/log")


def watched(number: int) -> Watched:
    deal = SampleDeal("muster", "kunde", f"Deal {number}", (), "done")
    return Watched(1, "muster", number, deal)


def found(state: str) -> RunSummary:
    return cast(RunSummary, SimpleNamespace(run=SimpleNamespace(state=state)))


def said(*states: str) -> list[str]:
    deals = [watched(number) for number, _ in enumerate(states)]
    summaries: dict[Watched, Any] = {
        deal: found(state) if state else None for deal, state in zip(deals, states, strict=True)
    }
    return still_under_way(deals, summaries, LOGS)


def test_deals_that_did_not_end_name_the_log_of_the_process_whose_turn_it_was() -> None:
    logs = ", ".join(f"/var/demo/log/{name}.log" for name in ("worker-intake", "worker-datev", "web"))
    expected = ["", f"3 of 4 deals have not ended. The reason should stand in: {logs}"]

    assert expected == said("received", "done", "batched", "")


def test_where_all_ended_nothing_is_added() -> None:
    assert [] == said("done", "needs_attention", "ignored", "cancelled")
