"""What the audit of the dependencies says about each kind of answer that pip-audit gives."""

import json
import sys

from tests.audit import Verdict, audit, judge

OWN = {"name": "ml-connector", "skip_reason": "distribution marked as editable"}
SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
WEAK = {
    "name": "lxml",
    "version": "6.1.3",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["6.1.4"]}, {"id": "GHSA-x", "fix_versions": []}],
}
UNKNOWN = {
    "name": "amqp",
    "skip_reason": "Dependency not found on PyPI and could not be audited: amqp (5.4.2)",
}


def _judged(*dependencies: object) -> Verdict:
    return judge(json.dumps({"dependencies": dependencies, "fixes": []}), "")


def test_packages_without_known_weaknesses_pass() -> None:
    assert Verdict(("1 packages checked, 0 known weaknesses.",)) == _judged(OWN, SOUND)


def test_a_known_weakness_fails_and_is_named_with_its_cure() -> None:
    lines = (
        "lxml 6.1.3: PYSEC-2026-1, mended in 6.1.4",
        "lxml 6.1.3: GHSA-x, mended in no version yet",
        "2 packages checked, 2 known weaknesses.",
    )
    assert Verdict(lines, failed=True) == _judged(OWN, SOUND, WEAK)


def test_a_mirror_that_knows_no_package_is_not_taken_for_a_clean_bill() -> None:
    """pip-audit itself says "No known vulnerabilities found" then, with exit code 0."""
    line = "Dependencies not checked: service unreachable (it knows none of 1 packages)."
    assert Verdict((line,)) == _judged(OWN, UNKNOWN)


def test_packages_that_the_service_does_not_know_are_named() -> None:
    lines = ("1 packages checked, 0 known weaknesses.", "1 packages not checked: amqp")
    assert Verdict(lines) == _judged(SOUND, UNKNOWN)


def test_a_service_that_is_away_does_not_fail_the_build_and_is_said_plainly() -> None:
    errors = "Traceback …\nrequests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.osv.dev')"
    verdict = judge("", errors)
    assert not verdict.failed
    assert verdict.lines[0].startswith("Dependencies not checked: service unreachable (requests.exceptions.")


def test_an_audit_that_breaks_for_another_reason_fails() -> None:
    assert Verdict(("pip-audit failed: no such option",), failed=True) == judge("", "usage\nno such option\n")


def test_the_program_s_own_output_is_what_is_judged() -> None:
    program = f"print({json.dumps({'dependencies': [SOUND]})!r})"
    assert not audit((sys.executable, "-c", program)).failed
