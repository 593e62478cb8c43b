"""``make audit``: are there known weaknesses in the installed packages? Exit code 1: yes.

pip-audit asks PyPI's vulnerability service. Behind a package mirror or without a network that cannot answer,
and pip-audit then either breaks off or skips every package and reports "no known vulnerabilities". Neither
says anything about the packages; so it is said plainly what was not checked, and only what was found fails.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (
    str(Path(sys.executable).parent / "pip-audit"),
    *("--local", "--skip-editable", "--format", "json", "--progress-spinner", "off", "--timeout", "15"),
)

TIMEOUT_S = 600
"""A hundred packages are asked for one by one."""

NOT_CHECKED = "not checked: service unreachable"

_OWN = "distribution marked as editable"
_NO_SERVICE = re.compile(
    r"ConnectionError|ConnectTimeout|ReadTimeout|ServiceError|VulnServiceException|ProxyError"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit has shown."""

    lines: tuple[str, ...]
    failed: bool = False


def judge(output: str, errors: str) -> Verdict:
    """What pip-audit's output means.

    :param output: its JSON; no JSON where it broke off.
    """
    try:
        dependencies = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (errors.strip().splitlines() or ["it says nothing"])[-1]
        if _NO_SERVICE.search(errors):
            return Verdict((f"Dependencies {NOT_CHECKED} ({last:.200})",))
        return Verdict((f"pip-audit failed: {last:.300}",), failed=True)
    others = [entry for entry in dependencies if entry.get("skip_reason") != _OWN]
    checked = [entry for entry in others if "skip_reason" not in entry]
    skipped = [entry["name"] for entry in others if "skip_reason" in entry]
    if not checked:
        return Verdict((f"Dependencies {NOT_CHECKED} (it knows none of {len(skipped)} packages).",))
    found = [line for entry in checked for line in _weaknesses(entry)]
    lines = [*found, f"{len(checked)} packages checked, {len(found)} known weaknesses."]
    if skipped:
        lines.append(f"{len(skipped)} packages not checked: {', '.join(skipped)}")
    return Verdict(tuple(lines), failed=bool(found))


def _weaknesses(entry: dict[str, Any]) -> list[str]:
    return [
        f"{entry['name']} {entry['version']}: {weakness['id']}, "
        f"mended in {', '.join(weakness.get('fix_versions') or ()) or 'no version yet'}"
        for weakness in entry["vulns"]
    ]


def audit(command: Sequence[str] = COMMAND) -> Verdict:
    """Ask now."""
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", timeout=TIMEOUT_S, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return Verdict((f"Dependencies {NOT_CHECKED} (no answer within {TIMEOUT_S} s).",))
    return judge(done.stdout, done.stderr)


if __name__ == "__main__":
    verdict = audit()
    print("\n".join(verdict.lines))
    sys.exit(verdict.failed)
