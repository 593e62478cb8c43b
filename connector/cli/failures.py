"""From an error to what a person reads on stderr: the one place where errors end."""

import os
import re

from connector.cli.exit_codes import ExitCode, exit_code_of
from connector.errors import ConnectorError, DatabaseUnavailableError, PartnerAnswer, Problem, TenantFileError
from connector.log import get_logger, redact_text

log = get_logger(__name__)

LONGEST_PARTNER_TEXT = 500
"""Characters of a partner's own words; some answer with a whole page."""


class Failure(Exception):  # noqa: N818 - an end, not always an error
    """A command's end other than success: what stands on stderr, and the exit code."""

    def __init__(self, lines: list[str], exit_code: ExitCode) -> None:
        super().__init__(" ".join(lines))
        self.lines = lines
        self.exit_code = exit_code


_BY_ITSELF = re.compile(r"Nothing to do(?: yet)?: (?P<what>[^.]*)\.")
"""How the cures of what passes by itself begin."""

_BY_THE_USER = (
    ("looked up", "See at the partner whether it has happened, then repeat the command."),
    ("tomorrow", "Repeat the command tomorrow."),
    ("", "Repeat the command in a while."),
)
"""By a word in such a cure, what holds for a command; the first that fits."""

DATABASE_AWAY = [
    "Error: The database cannot be reached or is too busy.",
    "  → Start PostgreSQL, or correct DATABASE_URL (unset: the built-in one), then repeat this.",
]
"""Said instead of the pipeline's own words: there it is tried again by itself, here it is not."""


def failure_of(error: ConnectorError) -> Failure:
    """An expected error as the end of the command."""
    if isinstance(error, DatabaseUnavailableError):
        return Failure(DATABASE_AWAY, exit_code_of(error))
    return Failure(error_lines(error), exit_code_of(error))


def bug(error: BaseException) -> Failure:
    """An unexpected error. Its text may hold anything, so only its kind is shown; the log tells the rest."""
    lines = [f"Error: the program failed unexpectedly ({type(error).__name__})."]
    if os.environ.get("MLC_LOG_LEVEL", "").strip() == "DEBUG":
        log.error("command_crashed", exc_info=error)
    else:
        lines.append("  → Repeat the command with MLC_LOG_LEVEL=DEBUG to see the trace, and report it.")
    return Failure(lines, ExitCode.BUG)


def error_lines(error: ConnectorError) -> list[str]:
    """All problems of an error: what, where, cure; then the partner's own words."""
    problems = error.problems
    if isinstance(error, TenantFileError):
        count = len(problems)
        lines = [f"Error: the tenant's file has {count} problem{'s' if count > 1 else ''}."]
        lines += [line for problem in problems for line in _placed_lines(problem)]
    elif len(problems) > 1:
        lines = [f"Error: {len(problems)} problems."]
        lines += [line for problem in problems for line in problem_lines(problem, indent="  ")]
    else:
        lines = problem_lines(problems[0], head="Error: ")
    if error.answer:
        lines += _answer_lines(error.answer)
    return [redact_text(line) for line in lines]


def problem_lines(problem: Problem, *, head: str = "", indent: str = "") -> list[str]:
    """One problem: what and where, then the cure. A field that the message names is not repeated.

    Further lines of a message (a program's last output) stand below it, farther in: none passes for ours.
    """
    named = problem.field and re.search(rf"\b{re.escape(problem.field)}\b", problem.message, re.IGNORECASE)
    where = f" [{problem.field}]" if problem.field and not named else ""
    first, *more = problem.message.split("\n")
    lines = [f"{indent}{head}{first}{where}", *(f"{indent}    {line}" for line in more)]
    if problem.cure:
        lines.append(f"{indent}  → {cure_at_a_command(problem.cure)}")
    return lines


def cure_at_a_command(cure: str) -> str:
    """The cure as it holds for a command, which nobody but its user repeats.

    The pipeline's cures say of what passes that nothing has to be done: there it is tried again by itself.
    """
    waiting = _BY_ITSELF.match(cure)
    if waiting is None:
        return cure
    what = waiting["what"]
    said = next(instead for word, instead in _BY_THE_USER if word in what)
    return f"{said} {cure[waiting.end() :].strip()}".rstrip()


def _placed_lines(problem: Problem) -> list[str]:
    """A problem of a file: one line with its place in front and its cure at the end."""
    line = problem.field.partition(",")[0]
    place = f"{line}: " if line else ""
    cure = f"  → {problem.cure}" if problem.cure else ""
    return [f"  {place}{problem.message}{cure}"]


def _answer_lines(answer: PartnerAnswer) -> list[str]:
    text = " ".join(answer.text.split())[:LONGEST_PARTNER_TEXT]
    facts = [
        f"status {answer.status}" if answer.status else "",
        f"code {answer.partner_code}" if answer.partner_code else "",
        f"request id {answer.request_id}" if answer.request_id else "",
    ]
    lines = [f"  {answer.partner} said ({', '.join(fact for fact in facts if fact)}): {text or '(nothing)'}"]
    if answer.help_link:
        lines.append(f"  {answer.help_link}")
    return lines
