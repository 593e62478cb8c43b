"""The crash matrix itself: what it plans, what it calls a gap, and how it goes on where it was."""

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from connector.tenants.config import DatevFormat
from tests.acceptance.crash import plan
from tests.acceptance.crash.checks import WAY_OF_A_BATCH, WAY_OF_A_RUN, gaps
from tests.acceptance.crash.ledger import Ledger
from tests.acceptance.crash.record import Recording
from tests.acceptance.crash.rows import Action, Fault, Result, Row
from tests.acceptance.crash.table import summary

EXTF = DatevFormat.EXTF

PASSED = (
    "web.receive:before statement first_win",
    "run.resolve:before commit run claim",
    "run.resolve:after commit run claim",
    "run.resolve:before call Pipedrive GET deals/*",
    "run.resolve:before publish run.build_debtor",
)


def a_result(name: str, *, injected: int = 1, new_points: tuple[str, ...] = ()) -> Result:
    return Result(name, plan.POINTS, injected, 1, 20.1, 1, 1, 1, 1, (), 25.0, new_points)


def seven() -> random.Random:
    return random.Random(7)  # noqa: S311 - a reproducible choice, no secret


def test_a_process_is_killed_at_every_point_and_every_transaction_cut() -> None:
    rows = plan.at_every_point({EXTF: PASSED}, ["beat:before publish sweep", "sweep:before commit run"])
    assert [
        "extf sweep:before commit run",
        *(f"extf {point}" for point in PASSED),
        "extf run.resolve:before commit run claim [cut connection]",
    ] == [row.name for row in rows]


def test_a_whole_worker_is_killed_at_every_claim_and_valkey_at_every_publish() -> None:
    rows = plan.of_servers({EXTF: PASSED}, ["beat:before publish sweep", "sweep:before commit run"], seven())
    assert [
        "extf beat:before publish sweep",
        "extf run.resolve:after commit run claim [kill worker]",
        "extf run.resolve:before publish run.build_debtor [kill valkey]",
        "extf run.resolve:after publish run.build_debtor [wipe valkey]",
    ] == [row.name for row in rows][:4]
    assert {Action.KILL_POSTGRES, Action.KILL_WEB, Action.KILL_BEAT, Action.KILL_SANDBOX} == {
        row.faults[0].action for row in rows[4:]
    }


def test_points_that_only_a_recovery_passes_get_a_second_kill_after_the_same_first_one() -> None:
    first = Row(EXTF, (Fault(PASSED[2]),), plan.POINTS)
    other = Row(EXTF, (Fault(PASSED[3]),), plan.POINTS)
    sweep = "sweep:before publish run.resolve"
    results = [a_result(row.name, new_points=(sweep,)) for row in (first, other)]
    second = Row(EXTF, (Fault(PASSED[2]), Fault(sweep)), plan.RECOVERIES, by_chance=True)
    assert [second] == plan.on_the_way_back(results, [first, other])


def test_a_fault_that_did_not_happen_is_never_counted_as_survived() -> None:
    asked = replace(a_result("extf a then b"), wanted=2)
    assert ("missed", "ok") == (asked.verdict, replace(asked, injected=2).verdict)
    assert "FAILED" == replace(asked, problems=("never injected",)).verdict
    assert "0 ok, 0 failed, 1 missed (not passed by chance)." in summary([asked], 60.0)


def test_the_same_seed_gives_the_same_plan_and_as_many_faults_as_asked() -> None:
    points = dict.fromkeys(DatevFormat, PASSED)
    one, again = (plan.many(points, seven(), 100) for _time in range(2))
    assert one == again
    assert len(one) == len({row.name for row in one})
    assert 100 <= sum(len(row.faults) for row in one) < 103


def test_faults_of_a_deal_follow_its_way_and_what_belongs_to_no_deal_is_known() -> None:
    places = [
        [PASSED.index(fault.point) for fault in row.faults] for row in plan.many({EXTF: PASSED}, seven(), 100)
    ]
    assert all(of_row == sorted(of_row) for of_row in places)
    assert [True, True, False, False] == [
        Fault(point).of_any_deal
        for point in ("beat:after publish sweep", "evidence.seal:before commit journal", PASSED[0], PASSED[1])
    ]
    assert not Fault("sweep:before publish batch.poll", Action.KILL).of_any_deal


def test_a_story_without_a_gap_has_none() -> None:
    told = [("", "received"), ("received", "received"), *pairwise(WAY_OF_A_RUN)]
    assert [] == gaps(told, WAY_OF_A_RUN)


def test_a_missing_row_of_the_journal_is_a_leap() -> None:
    told = [("open", "closed"), ("submitting", "submitted"), ("submitted", "posted")]
    assert [
        "the journal leaps from closed to submitting",
        "the journal does not tell of submitting: open → closed → submitted → posted",
    ] == gaps(told, WAY_OF_A_BATCH)


def test_an_interrupted_run_finds_its_points_and_results_again(tmp_path: Path) -> None:
    path = tmp_path / "crash.jsonl"
    recording = Recording({EXTF: PASSED}, ("beat:before publish sweep",), ())
    ledger = Ledger(path, 7, resume=True)
    ledger.note_recording(recording)
    ledger.note(a_result("extf a"))
    with path.open("a") as file:
        file.write('{"name": "extf b", "gro')

    resumed = Ledger(path, 7, resume=True)
    resumed.note(a_result("extf c"))
    assert (recording, [a_result("extf a"), a_result("extf c")]) == (resumed.recording(), resumed.results())


def test_another_seed_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "crash.jsonl"
    Ledger(path, 7, resume=True).note(a_result("extf a"))
    assert [] == Ledger(path, 8, resume=True).results()
