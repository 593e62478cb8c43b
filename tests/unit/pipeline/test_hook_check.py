"""What Pipedrive's list of hooks means for a tenant."""

from dataclasses import replace

import pytest

from connector.pipedrive.subscriptions import Webhook
from connector.pipeline.hook_check import HookVerdict, verdict

HOOK = Webhook(7, "https://c.example/webhooks/pipedrive/acme", "*", "deal", "2.0", True, "", None, "")


def codes(said: HookVerdict) -> list[str]:
    return [problem.code for problem in said.problems]


@pytest.mark.parametrize(
    ("right", "others", "expected"),
    [
        ([], [], ["webhook_missing"]),
        ([], [HOOK], ["webhook_differs"]),
        ([HOOK], [], []),
        ([replace(HOOK, last_status=202)], [HOOK], []),
        ([replace(HOOK, last_status=401)], [], ["webhook_refused"]),
        ([replace(HOOK, last_status=503)], [], []),
    ],
)
def test_what_keeps_deals_from_arriving_is_a_problem(
    right: list[Webhook], others: list[Webhook], expected: list[str]
) -> None:
    said = verdict("acme", right, others)

    assert (expected, not expected) == (codes(said), said.ok)


def test_a_hook_with_another_password_says_whether_deals_are_being_lost() -> None:
    assert "deals are being lost" in verdict("acme", [], [replace(HOOK, last_status=401)]).message
    assert "switched off" in verdict("acme", [], [replace(HOOK, is_active=False)]).message
    assert "than the receiver asks for" in verdict("acme", [], [HOOK]).message


def test_the_last_answer_is_told() -> None:
    assert "hook 7, no delivery yet" == verdict("acme", [HOOK], []).message
    assert "hook 7, last answer 503" == verdict("acme", [replace(HOOK, last_status=503)], []).message
