"""``run``: listing, telling the story, retrying, cancelling."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
import redis

from connector.store import batches, journal, runs, submissions
from connector.store.tenants import TenantRow
from tests.integration.cli.conftest import Machine
from tests.unit.cli.deals import bundle

NOW = datetime(2027, 1, 2, 12, tzinfo=UTC)


def add_run(machine: Machine, tenant: TenantRow, deal_id: int = 42, **values: Any) -> int:
    """A run in any state, with a first line of its story."""
    with machine.services.database.transaction() as tx:
        run_id = runs.create(
            tx, tenant_id=tenant.id, deal_id=deal_id, kind="invoice", now=NOW, title="Workshop"
        )
        assert run_id is not None
        if values:
            assert runs.reset(tx, run_id, from_states=("received",), now=NOW, **values)
        journal.write(
            tx,
            tenant_id=tenant.id,
            run_id=run_id,
            at=NOW,
            event="received",
            to_state="received",
            actor="webhook",
            message="Won.",
        )
    return run_id


def parked(machine: Machine, tenant: TenantRow, **values: Any) -> int:
    """A run that needs attention."""
    return add_run(
        machine,
        tenant,
        **{
            "state": "needs_attention",
            "resume_state": "received",
            "due_at": None,
            "reason_code": "vat_id_missing",
            "reason_message": "The VAT id is missing.",
            "reason_cure": "Enter it.",
            **values,
        },
    )


def test_a_deal_s_texts_give_a_terminal_no_orders(machine: Machine) -> None:
    told = "The title is 'x\x1b]0;PWNED\x07\x1b[31mRED\u202e'."
    run_id = parked(machine, machine.add_tenant(), reason_message=told, reason_cure=f"Mend it: {told}")

    shown = [machine.run("run", "show", str(run_id)).stdout, machine.run("run", "list").stdout]

    written = r"The title is 'x\x1b]0;PWNED\x07\x1b[31mRED\u202e'."
    assert 2 == shown[0].count(written)
    assert written in shown[1]
    assert "".join(shown).replace("\n", "").isprintable()


def add_batch(machine: Machine, tenant: TenantRow) -> int:
    with machine.services.database.transaction() as tx:
        return batches.open_for(
            tx,
            tenant_id=tenant.id,
            fiscal_year=NOW.date(),
            month=NOW.date().replace(day=1),
            fmt="extf",
            now=NOW,
        )


def intend(machine: Machine, batch_id: int) -> None:
    with machine.services.database.transaction() as tx:
        submissions.intend(
            tx,
            batch_id=batch_id,
            content="postings",
            attempt=1,
            reference_id="r",
            file_name="EXTF_x.csv",
            file=b"x",
            sha256="x",
            now=NOW,
        )


def test_runs_are_listed_newest_first_and_chosen_by_state_deal_and_tenant(machine: Machine) -> None:
    tenant = machine.add_tenant()
    first, second = add_run(machine, tenant, 1), parked(machine, tenant, deal_id=2)

    def listed(*options: str) -> list[int]:
        return [
            row["run"] for row in json.loads(machine.run("run", "list", "--format", "json", *options).stdout)
        ]

    assert [second, first] == listed()
    assert [second] == listed("--state", "needs_attention")
    assert [second, first] == listed("--state", "needs_attention", "--state", "received")
    assert [first] == listed("--deal", "1", "--tenant", "acme")
    assert [second] == listed("--limit", "1")
    assert "The VAT id is missing." in machine.run("run", "list").stdout


def test_show_tells_the_facts_and_the_story(machine: Machine) -> None:
    run_id = parked(machine, machine.add_tenant())

    text = machine.run("run", "show", str(run_id)).stdout
    value = json.loads(machine.run("run", "show", str(run_id), "--format", "json").stdout)

    assert "Deal   42 Workshop" in text
    assert "Reason: The VAT id is missing.\n  → Enter it." in text
    assert "2027-01-02 13:00:00  · → received (by webhook): Won." in text
    assert ("needs_attention", "vat_id_missing") == (value["state"], value["reason"]["code"])
    assert ["Won."] == [row["message"] for row in value["journal"]]


def test_several_reasons_are_shown_one_on_a_line_and_listed_with_a_dot_between(machine: Machine) -> None:
    told = "The VAT id is missing.; The country is missing.; No line."
    run_id = parked(machine, machine.add_tenant(), reason_message=told)

    shown = machine.run("run", "show", str(run_id)).stdout
    listed = json.loads(machine.run("run", "list", "--format", "json").stdout)

    assert "Reason: The VAT id is missing.\n        The country is missing.\n        No line.\n" in shown
    assert ["The VAT id is missing. · The country is missing. · No line."] == [row["told"] for row in listed]


def test_show_keeps_the_customers_data_to_itself(machine: Machine) -> None:
    run_id = parked(machine, machine.add_tenant(), bundle=bundle())

    shown = machine.run("run", "show", str(run_id)).stdout
    shown += machine.run("run", "show", str(run_id), "--format", "json").stdout

    assert "Käufer" not in shown
    assert "Hauptstraße" not in shown


@pytest.mark.parametrize(
    "arguments",
    [["show", "7"], ["retry", "7"], ["cancel", "7", "--reason", "x"]],
)
def test_a_run_that_is_not_there_is_said(machine: Machine, arguments: list[str]) -> None:
    shown = machine.run("run", *arguments)

    assert shown.exit_code == 1
    assert "There is no run 7." in shown.stderr
    assert "ml-connector run list" in shown.stderr


def test_retry_lets_a_run_go_on(machine: Machine) -> None:
    run_id = parked(machine, machine.add_tenant())

    shown = machine.run("run", "retry", str(run_id), "--format", "json")

    assert {"run": run_id, "batch": None, "state": "received", "waits": ""} == json.loads(shown.stdout)


def test_retry_wakes_the_workers_at_once_where_there_is_a_redis(machine: Machine, valkey_url: str) -> None:
    run_id = parked(machine, machine.add_tenant())

    shown = machine.run("run", "retry", str(run_id), REDIS_URL=valkey_url)

    assert f"Going on: run {run_id} from received, at once." in shown.stdout
    with redis.Redis.from_url(valkey_url) as client:
        [message] = [json.loads(raw) for raw in client.lrange("mlc:ops", 0, -1)]
    assert "sweep" == message["headers"]["task"]


def test_retry_without_a_redis_waits_for_the_sweep(machine: Machine) -> None:
    run_id = parked(machine, machine.add_tenant())

    assert "with the next sweep" in machine.run("run", "retry", str(run_id)).stdout


def test_a_cure_names_the_number_of_its_run(machine: Machine) -> None:
    cure = "Mend it, then: ml-connector run retry RUN; or ml-connector run cancel RUN --reason TEXT"
    run_id = parked(machine, machine.add_tenant(), reason_cure=cure)

    shown = machine.run("run", "show", str(run_id)).stdout

    expected = f"run retry {run_id}; or ml-connector run cancel {run_id} --reason TEXT"
    assert expected in shown


@pytest.mark.parametrize("number", ["abc", "0", "-1", "1.5", "²"])
def test_what_is_no_runs_number_is_said_so(machine: Machine, number: str) -> None:
    shown = machine.run("run", "show", "--", number)

    assert shown.exit_code == 2
    assert f"{number!r} is not the number of a run. List them: ml-connector run list" in shown.stderr


def test_retry_of_an_ignored_run_asks_the_rules_again_and_names_the_way_out(machine: Machine) -> None:
    rule = "won before go-live"
    run_id = add_run(machine, machine.add_tenant(), state="ignored", ignore_rule=rule, due_at=None)

    before = machine.run("run", "show", str(run_id)).stdout
    retried = machine.run("run", "retry", str(run_id))
    after = json.loads(machine.run("run", "show", str(run_id), "--format", "json").stdout)

    way_out = "To book it: change go_live_at or the [[ignore]] rule in the tenant's file"
    assert (0, True, True) == (retried.exit_code, way_out in before, way_out in retried.stdout)
    assert "If the rule still holds, it ends as ignored again: won before go-live." in retried.stdout
    assert ("received", "") == (after["state"], after["ignore_rule"])
    assert after["due_at"] is not None
    assert (
        "Read again; it had been left alone by the rule: won before go-live."
        == (after["journal"][-1]["message"])
    )


def test_retry_of_a_run_that_has_ended_is_refused(machine: Machine) -> None:
    run_id = add_run(machine, machine.add_tenant(), state="cancelled", due_at=None)

    shown = machine.run("run", "retry", str(run_id))

    assert (1, True) == (shown.exit_code, "there is nothing to retry" in shown.stderr)


def test_a_cancelled_run_tells_by_whom_and_why(machine: Machine) -> None:
    run_id = parked(machine, machine.add_tenant())

    shown = machine.run("run", "cancel", str(run_id), "--reason", "Booked by hand.")

    assert (0, f"Run {run_id} is cancelled.\n") == (shown.exit_code, shown.stdout)
    value = json.loads(machine.run("run", "show", str(run_id), "--format", "json").stdout)
    last = value["journal"][-1]
    assert ("cancelled", "needs_attention", "cancelled", "Booked by hand.") == (
        value["state"],
        last["from"],
        last["to"],
        last["message"],
    )
    assert last["actor"].startswith("operator")


def test_a_cancelled_deal_names_the_parts_that_ended_with_it(machine: Machine) -> None:
    tenant = machine.add_tenant()
    run_id, waiting = parked(machine, tenant), add_part(machine, tenant)

    shown = machine.run("run", "cancel", str(run_id), "--reason", "Booked by hand.")

    head = f"Run {run_id} is cancelled, and with it the deal's parts: run {waiting}.\n"
    assert (0, True) == (shown.exit_code, shown.stdout.startswith(head)), shown.output


def test_a_part_that_waits_for_its_date_says_so_when_retried(machine: Machine) -> None:
    waiting = add_part(machine, machine.add_tenant())

    text = machine.run("run", "retry", str(waiting)).stdout
    value = json.loads(machine.run("run", "retry", str(waiting), "--format", "json").stdout)

    assert (
        f"Run {waiting} still waits for its billing date, 2999-01-01: until then the deal may change.\n"
        "  → To book it earlier: move the date in Pipedrive.\n"
    ) == text
    expected = {"run": waiting, "batch": None, "state": "received", "waits": "its billing date, 2999-01-01"}
    assert expected == value


def add_part(machine: Machine, tenant: TenantRow) -> int:
    """The first part of the deal 42, invoiced in the far future."""
    with machine.services.database.transaction() as tx:
        run_id = runs.create(
            tx,
            tenant_id=tenant.id,
            deal_id=42,
            kind="invoice",
            now=NOW,
            part=1,
            part_key="installment:1",
            part_date=date(2999, 1, 1),
        )
    assert run_id is not None
    return run_id


def test_only_runs_that_need_attention_are_cancelled(machine: Machine) -> None:
    run_id = add_run(machine, machine.add_tenant())

    shown = machine.run("run", "cancel", str(run_id), "--reason", "x")

    assert (1, True) == (shown.exit_code, "only runs that need attention" in shown.stderr)


def test_an_empty_reason_is_a_wrong_argument(machine: Machine) -> None:
    assert 2 == machine.run("run", "cancel", "1", "--reason", " ").exit_code


def test_cancelling_says_when_datev_may_have_the_postings(machine: Machine) -> None:
    tenant = machine.add_tenant()
    batch_id = add_batch(machine, tenant)
    run_id = parked(machine, tenant, batch_id=batch_id, resume_state="batched")
    intend(machine, batch_id)

    shown = machine.run("run", "cancel", str(run_id), "--reason", "x")

    assert shown.exit_code == 0, shown.output
    assert "DATEV has, or may have, its postings" in shown.stdout


def test_a_cancelled_run_leaves_the_batch_that_other_runs_go_on_with(machine: Machine) -> None:
    tenant = machine.add_tenant()
    batch_id = add_batch(machine, tenant)
    run_id = parked(machine, tenant, batch_id=batch_id, resume_state="batched")
    other = parked(machine, tenant, deal_id=43, batch_id=batch_id, resume_state="batched")

    shown = machine.run("run", "cancel", str(run_id), "--reason", "x")

    assert shown.exit_code == 0, shown.output
    with machine.services.database.transaction() as tx:
        assert [other] == [run.id for run in runs.of_batch(tx, batch_id)]


def test_a_run_in_a_file_with_others_that_datev_may_have_is_not_cancelled(machine: Machine) -> None:
    tenant = machine.add_tenant()
    batch_id = add_batch(machine, tenant)
    run_id = parked(machine, tenant, batch_id=batch_id, resume_state="batched")
    parked(machine, tenant, deal_id=43, batch_id=batch_id, resume_state="batched")
    intend(machine, batch_id)

    shown = machine.run("run", "cancel", str(run_id), "--reason", "x")

    assert (1, True) == (shown.exit_code, "shares a file" in shown.stderr)
