"""A verdict about a partner, as text and as plain values."""

from typing import Any

from connector.cli.failures import problem_lines
from connector.cli.output import moment_text
from connector.cli.watch_lines import made_anew
from connector.log import redact_text
from connector.pipeline.hook_check import HookVerdict
from connector.pipeline.ping import PartnerVerdict
from connector.pipeline.tokens import TITLES


def verdict_facts(verdict: PartnerVerdict) -> dict[str, Any]:
    """For JSON."""
    return {
        "partner": verdict.partner,
        "ok": verdict.ok,
        "reachable": verdict.reachable,
        "message": verdict.message,
        "problems": [problem.as_dict() for problem in verdict.problems],
        "warnings": list(verdict.warnings),
        "login_ends": verdict.login_ends,
        "answer": verdict.answer.as_dict() if verdict.answer else None,
    }


def hook_facts(hook: HookVerdict) -> dict[str, Any]:
    """For JSON."""
    problems = [problem.as_dict() for problem in hook.problems]
    return {
        "ok": hook.ok,
        "message": hook.message,
        "problems": problems,
        "made_anew": hook.made_anew,
        "made_anew_at": moment_text(hook.made_anew_at),
    }


def hook_lines(hook: HookVerdict) -> list[str]:
    """For people."""
    anew = made_anew({"found": hook.made_anew, "found_at": hook.made_anew_at})
    if hook.ok:
        return [f"Webhook: ok, {hook.message}{anew}"]
    lines = [line for problem in hook.problems for line in problem_lines(problem, indent="  ")]
    return [f"Webhook: PROBLEM{anew}", *(redact_text(line) for line in lines)]


def verdict_lines(verdict: PartnerVerdict) -> list[str]:
    """For people: one line, then every problem with its cure."""
    title = TITLES[verdict.partner]
    if verdict.ok:
        lines = [f"{title}: ok, {verdict.message}"]
    else:
        lines = [f"{title}: {'PROBLEM' if verdict.reachable else 'NOT REACHED'}"]
        lines += [line for problem in verdict.problems for line in problem_lines(problem, indent="  ")]
    if verdict.login_ends:
        lines.append(f"  ends {verdict.login_ends}")
    answer = verdict.answer
    if answer and answer.request_id:
        lines.append(f"  {title}'s request id for its support: {answer.request_id}")
    lines += [f"  warning: {warning}" for warning in verdict.warnings]
    return [redact_text(line) for line in lines]
