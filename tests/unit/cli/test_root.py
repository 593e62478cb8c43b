"""The root command: help, wrong arguments, unexpected errors."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from connector.cli import main, output
from connector.cli.exit_codes import MEANINGS
from connector.cli.output import JSON, TEXT, facts, say, show, table
from connector.errors import DataError, Problem
from tests.unit.cli.console import command


def test_the_help_names_every_exit_code() -> None:
    shown = command("--help")

    assert shown.exit_code == 0
    for code, meaning in MEANINGS.items():
        assert f"{int(code)}" in shown.stdout
        assert meaning in " ".join(shown.stdout.split())


def test_all_commands_are_there_and_say_what_they_do() -> None:
    assert {
        "connect",
        "datev",
        "demo",
        "disconnect",
        "keys",
        "migrate",
        "ping",
        "preview",
        "run",
        "tenant",
        "up",
        "webhook",
    } <= set(main.commands)
    assert all(item.get_short_help_str() for item in main.commands.values())


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["fly"], "No such command 'fly'"),
        (["run", "list", "--state", "flying"], "needs_attention"),
        (["run", "list", "--limit", "0"], "1<=x<=1000"),
        (["run", "show", "seven"], "'seven' is not the number of a run"),
        (["run", "show", "9" * 5000], "is not the number of a run"),
        (["run", "show", "9" * 20], "is not the number of a run"),
        (["run", "list", "--deal", "9" * 20], "is not the number of a deal"),
        (["privacy", "erase", "--tenant", "a", "--person", "9" * 20], "is not the number of a person"),
        (
            ["privacy", "erase", "--tenant", "a", "--organization", "0"],
            "is not the number of an organization",
        ),
        (["retention", "hold", "--tenant", "a", "--reason", "x", "--run", "9" * 20], "the number of a run"),
        (["http-log", "--batch", "9" * 20], "is not the number of a batch"),
        (["http-log", "show", "9" * 20], "is not the number of a call"),
        (
            ["backfill", "--tenant", "a", "--since", "20260101"],
            "'20260101' is no day. Write it as 2026-01-31",
        ),
        (["backfill", "--tenant", "a", "--since", "2026-W01-1"], "'2026-W01-1' is no day"),
        (["backfill", "--tenant", "a", "--since", "2026-02-30"], "'2026-02-30' is no day"),
        (["backfill", "--tenant", "a", "--since", "٢٠٢٦-01-01"], "is no day"),
        (["run", "show"], "Missing argument 'RUN'"),
        (["run", "cancel", "7"], "Missing option '--reason'"),
        (["connect", "datex", "acme"], "'datex' is not one of 'pipedrive', 'datev'"),
        (["connect", "datev"], "Missing argument 'TENANT'"),
        (["connect", "pipedrive", "acme", "--client", "455148-1"], "--client is for datev only"),
        (["tenant", "apply", "no-such-file.toml"], "'no-such-file.toml' does not exist"),
        (["tenant", "list", "--format", "yaml"], "'yaml' is not one of 'text', 'json'"),
        (["preview"], "--bundle FILE.json, or --run RUN"),
        (["preview", "--run", "1", "--format", "json", "--output", "x"], "--output goes with --format extf"),
        (["keys", "rotat"], "No such command 'rotat'"),
    ],
)
def test_wrong_arguments_end_with_2_and_say_what_would_be_right(arguments: list[str], hint: str) -> None:
    shown = command(*arguments)

    assert shown.exit_code == 2
    assert hint in " ".join(shown.stderr.split())
    assert shown.stdout == ""


def test_a_wrong_environment_lists_every_variable_at_once() -> None:
    shown = command("tenant", "list", environ={"MLC_TIME_SCALE": "fast", "DATEV_ENVIRONMENT": "test"})

    assert shown.exit_code == 1
    assert "MLC_TIME_SCALE" in shown.stderr
    assert "Use one of: production, sandbox." in shown.stderr
    assert shown.stdout == ""


def test_an_unexpected_error_ends_with_70_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode() -> None:
        raise RuntimeError("secret text")

    monkeypatch.setattr("connector.settings.load", explode)

    shown = command("tenant", "list")

    assert shown.exit_code == 70
    assert "Traceback" not in shown.output
    assert "secret text" not in shown.output


def test_the_trace_is_there_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode() -> None:
        raise RuntimeError("the cause")

    monkeypatch.setattr("connector.settings.load", explode)

    shown = command("tenant", "list", environ={"MLC_LOG_LEVEL": "DEBUG"})

    assert shown.exit_code == 70
    assert "the cause" in shown.stderr


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("connector.settings.load", interrupt)

    shown = command("tenant", "list")

    assert (shown.exit_code, shown.stderr) == (130, "Interrupted.\n")


INTERRUPTED_WHILE_LOADING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever starts the tests may ignore it
class Interrupting:
    def find_spec(self, name, *_given):
        if name == "sqlalchemy":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from connector.cli import main
sys.exit(main())
"""


def test_ctrl_c_in_the_first_moments_ends_with_130_and_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING, "tenant", "list"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (130, "", "Interrupted.\n") == (done.returncode, done.stdout, done.stderr)


def test_a_generated_key_stands_alone_on_stdout() -> None:
    shown = command("keys", "generate")

    assert shown.exit_code == 0
    assert len(shown.stdout.strip()) == 44


def test_a_table_is_as_wide_as_its_cells_and_says_when_it_is_empty() -> None:
    rows = [{"name": "Acme", "is_active": True, "ids": [1, 2]}, {"name": "B", "is_active": False, "ids": []}]

    assert ["NAME  IS ACTIVE  IDS", "Acme  yes        1, 2", "B     no"] == table(
        rows, ("name", "is_active", "ids"), empty="none"
    )
    assert ["none"] == table([], ("name",), empty="none")


def test_facts_leave_out_what_has_no_value() -> None:
    assert ["Deal    7", "Amount  0"] == facts([("Deal", 7), ("Due", ""), ("Amount", 0), ("Job", None)])


def test_what_a_terminal_would_obey_is_written_out_in_every_kind_of_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    title = "x\x1b]0;PWNED\x07\x1b[31mRED\u202e"
    written = r"x\x1b]0;PWNED\x07\x1b[31mRED\u202e"

    show(TEXT, title, lambda value: [*table([{"title": value, "to": 1}], ("title", "to"), empty=""), value])
    show(TEXT, title, lambda value: facts([("Title", value)]))
    say(title)
    told = capsys.readouterr()
    show(JSON, {"title": title}, lambda _: [])

    width = len(written)
    assert (
        f"{'TITLE'.ljust(width)}  TO\n{written}  1\n{written}\nTitle  {written}\n",
        f"{written}\n",
    ) == (told.out, told.err)
    document = capsys.readouterr().out
    assert {"title": title} == json.loads(document)
    assert document.replace("\n", "").isprintable()


def test_a_failure_s_lines_are_written_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DataError([Problem("title", "The title is 'x\x1b[31m'.", "", "Mend \u202e it.")])

    monkeypatch.setattr("connector.settings.load", refuse)

    shown = command("tenant", "list")

    assert "The title is 'x\\x1b[31m'." in shown.stderr
    assert "Mend \\u202e it." in shown.stderr
    assert shown.stderr.replace("\n", "").isprintable()


def test_no_command_prints_past_the_place_where_texts_are_written_out() -> None:
    place = Path(output.__file__)
    prints = re.compile(r"click\.s?echo|\bprint\(|sys\.std\w+\.write")
    past = {path.name for path in place.parent.glob("*.py") if prints.search(path.read_text("utf-8"))}
    assert {place.name, "__init__.py"} == past, "the latter says one word, before anything is loaded"
