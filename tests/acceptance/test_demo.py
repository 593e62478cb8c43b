"""``ml-connector demo`` as a user starts it: real processes, real servers, the sandbox as both partners.

A demo that nothing disturbs, without ``--once``, is the one in which test_secrets.py looks for secrets.
"""

import random
from pathlib import Path

import pytest

from connector.runtime.endpoint import Endpoint
from connector.runtime.up import flower_login_file
from tests.acceptance.arrivals import arrivals, booked_documents, broken_promises
from tests.acceptance.demo_process import DemoProcess
from tests.acceptance.killing import IN_A_HURRY, run_with, several

KILLS = 3


def test_a_demo_after_one_that_was_killed_ends_the_leftovers_and_every_deal_ends_where_it_should(
    var_dir: Path, rng: random.Random
) -> None:
    with DemoProcess(var_dir, extra=IN_A_HURRY) as first:
        first.await_text(r"deals are won")
        first.kill_after(rng.uniform(0, 5))
        assert [] != first.left_behind()
        with DemoProcess(var_dir, "--once", extra=IN_A_HURRY) as second:
            assert 0 == second.ended(), f"{first.text}\n----\n{second.text}"
        assert [] == second.left_behind()
    assert "leftover ended" in second.text
    assert "13 of 13 deals ended where they should" in second.text
    assert [] == broken_promises(arrivals(var_dir), booked_documents(second.text))
    assert [] == [secret for secret in _secrets(var_dir) if secret in second.text]


def test_killed_processes_change_nothing_also_on_the_data_of_an_earlier_demo(
    var_dir: Path, rng: random.Random
) -> None:
    kills = several(rng, KILLS)
    changed, text = run_with(kills, var_dir)
    assert [] == changed, "\n".join([*map(str, kills), text])
    told = [line for line in text.splitlines() if "killed by SIGKILL, starting it again" in line]
    mains = {kill.target for kill in kills if " " not in kill.target}
    assert mains == {target for target in mains if any(f"[{target} (pid" in line for line in told)}


@pytest.mark.parametrize(
    ("number", "moment", "code"),
    [("SIGINT", r"deals are won", 130), ("SIGTERM", r"Starting PostgreSQL", 143)],
    ids=["Ctrl-C while deals are under way", "SIGTERM during the start"],
)
def test_an_interrupted_demo_stops_cleanly(
    var_dir: Path, rng: random.Random, number: str, moment: str, code: int
) -> None:
    with DemoProcess(var_dir, "--once") as demo:
        demo.await_text(moment)
        demo.send_after(rng.uniform(0, 4), number)
        assert (code, []) == (demo.ended(), demo.left_behind()), demo.text
    assert "Interrupted; everything is stopped." in demo.text
    assert "Traceback" not in demo.text


def _secrets(var_dir: Path) -> list[str]:
    """What the demo made itself and must not show."""
    flower = flower_login_file(var_dir).read_text("utf-8").strip().partition(":")[2]
    servers = [Endpoint.kept_in(var_dir / name) for name in ("postgres", "valkey")]
    return [flower, *(endpoint.password for endpoint in servers if endpoint)]
