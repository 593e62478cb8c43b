"""``http-log``: what whoever asks a partner's support needs."""

import json

from connector.http_record import CallRecord
from connector.log import bound_contextvars
from tests.integration.cli.conftest import Machine


def with_calls(machine: Machine) -> None:
    machine.add_tenant()
    keep = machine.services.call_log.keep
    with bound_contextvars(tenant="acme", step="submit", batch=3):
        keep(
            CallRecord(
                "DATEV",
                "POST",
                "https://api.example/import",
                400,
                "",
                {"V-Cap-Request-ID": "v-9"},
                12,
                3,
                5,
                b"<p>\n\x1b[31mwrong",
            )
        )
    keep(CallRecord("Pipedrive", "GET", "https://api.example/deals/7", None, "deadline", {}, 30_000, 0, 0))


def test_calls_are_listed_newest_first(machine: Machine) -> None:
    with_calls(machine)

    lines = machine.run("http-log").stdout.splitlines()

    assert lines[0].split() == [
        *("CALL", "AT", "TENANT", "RUN", "BATCH", "STEP", "PARTNER", "METHOD", "STATUS", "MS", "URL")
    ]
    assert ["2", "1"] == [line.split()[0] for line in lines[1:]]
    assert ["Pipedrive", "GET", "deadline", "30000"] == lines[1].split()[3:7]
    assert "acme" in lines[2]


def test_one_call_is_shown_with_the_ids_for_support_and_what_was_said(machine: Machine) -> None:
    with_calls(machine)

    shown = machine.run("http-log", "show", "1")
    value = json.loads(machine.run("http-log", "show", "1", "--format", "json").stdout)

    assert shown.exit_code == 0
    assert "V-Cap-Request-ID  v-9" in shown.stdout
    assert shown.stdout.endswith("\n<p>\n\\x1b[31mwrong\n")
    assert ("<p>\n\x1b[31mwrong", 400, 3, "acme") == (
        value["error_body"],
        value["status"],
        value["batch_id"],
        value["tenant"],
    )


def test_the_list_is_narrowed(machine: Machine) -> None:
    with_calls(machine)

    def calls(*options: str) -> list[int]:
        return [
            one["call"] for one in json.loads(machine.run("http-log", *options, "--format", "json").stdout)
        ]

    assert [1] == calls("--tenant", "acme")
    assert [1] == calls("--batch", "3")
    assert [] == calls("--run", "9")
    assert [2, 1] == calls("--errors")
    assert [] == calls("--since", "2100-01-01")
    assert [2, 1] == calls("--since", "2026-01-31T14:30")
    assert [2] == calls("--limit", "1")


def test_a_call_that_is_not_there_is_said(machine: Machine) -> None:
    machine.add_tenant()

    shown = machine.run("http-log", "show", "99")

    assert shown.exit_code == 1
    assert "There is no call 99" in shown.stderr
