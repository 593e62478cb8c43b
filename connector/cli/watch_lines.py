"""What is looked after for a tenant, as text and as plain values."""

from collections.abc import Mapping
from typing import Any

from connector.cli.output import local_time, moment_text
from connector.store.watches import Watch, WatchRow

_LISTS = {Watch.DEALS: "Reconciled", Watch.ARCHIVED: "Reconciled (archived deals)"}


def watch_facts(watched: Mapping[str, WatchRow]) -> dict[str, Any]:
    """For JSON: by name of the watch."""
    return {
        name: {
            "finished_at": moment_text(row.finished_at),
            "found": row.found,
            "found_at": moment_text(row.found_at),
            "problem": {"code": row.problem_code, "message": row.problem_message, "cure": row.problem_cure}
            if row.problem_code
            else None,
        }
        for name, row in sorted(watched.items())
    }


def watch_lines(value: Mapping[str, Any]) -> list[str]:
    """For people: when both lists were read, how the hooks are; every problem with its cure."""
    lines: list[str] = []
    for watch, title in _LISTS.items():
        if (facts := value.get(watch)) is not None:
            when = local_time(facts["finished_at"]) or "not yet"
            found = f"; {facts['found']} changes found that no webhook told" if facts["found"] else ""
            last = f", the last at {local_time(facts['found_at'])}" if facts["found"] else ""
            lines += [f"{title}: {when}{found}{last}", *_problem_lines(facts)]
    if (facts := value.get(Watch.HOOKS)) is not None:
        when = local_time(facts["finished_at"]) or "not yet"
        lines += [f"Hooks looked after: {when}{made_anew(facts)}", *_problem_lines(facts)]
    return lines


def made_anew(facts: Mapping[str, Any]) -> str:
    """How often hooks were made anew, as the end of a line; empty: never."""
    if not facts["found"]:
        return ""
    return f"; made anew {facts['found']} times, the last at {local_time(facts['found_at'])}"


def _problem_lines(facts: Mapping[str, Any]) -> list[str]:
    problem = facts["problem"]
    if problem is None:
        return []
    return [f"  PROBLEM: {problem['message']}", *([f"  → {problem['cure']}"] if problem["cure"] else [])]
