"""What a person reads when a command is refused."""

import pytest

from connector.cli.exit_codes import MEANINGS, ExitCode, exit_code_of
from connector.cli.failures import bug, cure_at_a_command, error_lines, failure_of
from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    DatabaseUnavailableError,
    DataError,
    NotFoundError,
    PartnerAnswer,
    PartnerRefusedError,
    Problem,
    TenantFileError,
    TransientError,
)


def test_one_problem_is_said_with_its_field_and_cure() -> None:
    error = ConfigurationError("It asks for no password.", field="receiver.basic", cure="Add it.")

    assert ["Error: It asks for no password. [receiver.basic]", "  → Add it."] == error_lines(error)


def test_a_field_that_the_message_names_already_is_not_said_twice() -> None:
    error = NotFoundError("There is no run 7.", field="run", cure="List runs.")

    assert ["Error: There is no run 7.", "  → List runs."] == error_lines(error)


def test_a_field_that_is_only_part_of_a_word_is_said() -> None:
    error = NotFoundError("The overrun is large.", field="run")

    assert ["Error: The overrun is large. [run]"] == error_lines(error)


def test_the_lines_of_a_program_s_last_output_stay_lines_and_stand_farther_in() -> None:
    error = ConfigurationError("beat ended at once. Its last output:\nno module x\nOK", cure="See the log.")

    assert [
        "Error: beat ended at once. Its last output:",
        "    no module x",
        "    OK",
        "  → See the log.",
    ] == error_lines(error)


def test_several_problems_are_counted_and_all_said() -> None:
    error = DataError([Problem("a", "No name.", "seller.name", "Enter it."), Problem("b", "No city.")])

    assert ["Error: 2 problems.", "  No name. [seller.name]", "    → Enter it.", "  No city."] == error_lines(
        error
    )


def test_a_tenants_file_gets_one_line_for_each_problem_with_line_number_and_cure() -> None:
    error = TenantFileError(
        [
            Problem("a", "key is missing.", "line 1, key", "Set it."),
            Problem("b", "datev.format is 'csv'.", "line 12, datev.format", "Use extf or dxso."),
        ]
    )

    assert [
        "Error: the tenant's file has 2 problems.",
        "  line 1: key is missing.  → Set it.",
        "  line 12: datev.format is 'csv'.  → Use extf or dxso.",
    ] == error_lines(error)


def test_the_partners_own_words_are_kept_for_its_support() -> None:
    answer = PartnerAnswer("DATEV", "import", 403, "1008838", "Recht\n fehlt", "req-1", "https://help")
    error = PartnerRefusedError("DATEV refused.", cure="Ask.", answer=answer)

    assert [
        "Error: DATEV refused.",
        "  → Ask.",
        "  DATEV said (status 403, code 1008838, request id req-1): Recht fehlt",
        "  https://help",
    ] == error_lines(error)


def test_a_secret_in_an_error_is_blacked_out() -> None:
    error = ConfigurationError("Cannot open postgresql://user:hunter2@host/db?password=hunter2.")

    assert "hunter2" not in " ".join(error_lines(error))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), ExitCode.REFUSED),
        (NotFoundError("x"), ExitCode.REFUSED),
        (TransientError("x"), ExitCode.UNREACHABLE),
        (DatabaseUnavailableError("x"), ExitCode.UNREACHABLE),
        (AmbiguousError("x"), ExitCode.UNREACHABLE),
    ],
)
def test_what_may_work_later_by_itself_has_its_own_exit_code(error: ConnectorError, code: ExitCode) -> None:
    assert code == exit_code_of(error) == failure_of(error).exit_code


def test_a_fault_of_the_program_shows_neither_trace_nor_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLC_LOG_LEVEL", raising=False)

    failure = bug(RuntimeError("token=abc"))

    assert failure.exit_code == 70
    assert "RuntimeError" in failure.lines[0]
    assert "MLC_LOG_LEVEL=DEBUG" in failure.lines[1]
    assert "abc" not in "".join(failure.lines)


def test_every_exit_code_has_a_meaning() -> None:
    assert set(ExitCode) == set(MEANINGS)


@pytest.mark.parametrize(
    ("cure", "expected"),
    [
        ("Nothing to do: it is tried again.", "Repeat the command in a while."),
        (
            "Nothing to do: it is tried again. If it lasts, check the network and the base URL.",
            "Repeat the command in a while. If it lasts, check the network and the base URL.",
        ),
        (
            "Nothing to do yet: it is tried again, seldom. If it lasts, give DATEV's support the request id.",
            "Repeat the command in a while. If it lasts, give DATEV's support the request id.",
        ),
        (
            "Nothing to do: it goes on tomorrow. Other integrations of the company share this budget.",
            "Repeat the command tomorrow. Other integrations of the company share this budget.",
        ),
        (
            "Nothing to do: it is looked up in Pipedrive before anything is repeated.",
            "See at the partner whether it has happened, then repeat the command.",
        ),
        ("Nothing to do until it is won.", "Nothing to do until it is won."),
        ("Enter it.", "Enter it."),
    ],
)
def test_what_the_pipeline_does_by_itself_a_commands_user_does(cure: str, expected: str) -> None:
    assert expected == cure_at_a_command(cure)
