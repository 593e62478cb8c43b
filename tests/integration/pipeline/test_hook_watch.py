"""Our hooks are made anew where they are gone; a hook that a person maintains is only told of."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from connector.errors import AmbiguousError, PermissionMissingError, RateLimitedError
from connector.pipedrive.subscriptions import webhook_of
from connector.pipeline import hook_check, hook_watch, onboarding
from connector.pipeline.hook_check import check_hook
from connector.pipeline.hook_watch import watch_hooks
from connector.pipeline.onboarding import remove_webhooks, subscribe_webhook
from connector.pipeline.reconciliation import LISTS, due_watches
from connector.store import hooks, tenants, watches
from connector.store import tables as t
from connector.store.watches import Watch, WatchRow
from connector.tenants.config import ReceiverConfig, SecretName
from tests.integration.pipeline.carriage import Carriage, CrashError, config_for, crashing


class Hooks:
    """Pipedrive's webhooks, as its client shows them."""

    def __init__(self) -> None:
        self.listed: dict[int, dict[str, Any]] = {}
        self.lists_passwords = True
        self._ids = iter(range(1, 1000))

    def webhooks(self) -> list[dict[str, Any]]:
        hidden = {} if self.lists_passwords else {"http_auth_password": None}
        return [{**hook, **hidden} for hook in self.listed.values()]

    def add_webhook(self, content: Mapping[str, Any]) -> dict[str, Any]:
        key = next(self._ids)
        self.listed[key] = {"id": key, "is_active": 1, **content}
        return self.listed[key]

    def delete_webhook(self, webhook_id: int) -> None:
        self.listed.pop(webhook_id, None)

    def of_deals(self) -> list[int]:
        """Ids of the hooks that bring deals."""
        return [key for key, hook in self.listed.items() if hook["event_object"] == "deal"]


@pytest.fixture
def at_pipedrive(monkeypatch: pytest.MonkeyPatch) -> Hooks:
    """The webhooks of the tenant's Pipedrive account."""
    found = Hooks()
    for module in (hook_watch, hook_check, onboarding):
        monkeypatch.setattr(module, "pipedrive_client", lambda *_arguments: found)
    return found


@pytest.fixture
def subscribed(carriage: Carriage, at_pipedrive: Hooks) -> Carriage:
    """The tenant with hooks that we made: 1 for deals, 2 and 3 for merged buyers."""
    subscribe_webhook(carriage.services, carriage.tenant)
    assert [1, 2, 3] == list(at_pipedrive.listed)
    return carriage


def look(carriage: Carriage, *, after: timedelta | None = None) -> WatchRow:
    """Let the next interval come and look; how the watch stands then."""
    carriage.clock.offset += carriage.services.timers.hook_check if after is None else after
    for tenant_id, watch in due_watches(carriage.services):
        if watch == Watch.HOOKS:
            watch_hooks(carriage.services, tenant_id)
    with carriage.services.database.transaction() as tx:
        return watches.of_tenant(tx, carriage.tenant.id)[Watch.HOOKS]


def made(carriage: Carriage) -> list[int]:
    with carriage.services.database.transaction() as tx:
        return [hook.hook_id for hook in hooks.of_tenant(tx, carriage.tenant.id)]


def told(carriage: Carriage) -> list[str]:
    rows = carriage.rows(t.journal, "event", "message")
    return [row.message for row in rows if row.event == "webhook_made_anew"]


def fail(hook: dict[str, Any], carriage: Carriage, status: int | None) -> None:
    """Its last delivery was answered so, a while ago."""
    at = carriage.clock.now() - timedelta(minutes=10)
    hook |= {"last_http_status": status, "last_delivery_time": at.isoformat()}


def test_hooks_that_are_well_are_left_alone(subscribed: Carriage, at_pipedrive: Hooks) -> None:
    row = look(subscribed)

    assert ([1, 2, 3], "", 0) == (list(at_pipedrive.listed), row.problem_code, row.found)
    assert row.finished_at is not None
    assert [] == told(subscribed)


@pytest.mark.parametrize(("key", "event"), [(1, "deal.*"), (2, "organization.delete"), (3, "person.delete")])
def test_a_missing_hook_is_made_anew_and_told(
    subscribed: Carriage, at_pipedrive: Hooks, key: int, event: str
) -> None:
    before = at_pipedrive.listed.pop(key)

    row = look(subscribed)

    assert sorted({1, 2, 3, 4} - {key}) == sorted(at_pipedrive.listed)
    assert before == {**at_pipedrive.listed[4], "id": key}
    assert 4 in made(subscribed)
    assert [f"The hook of {event} is missing; hook 4 was made in its place."] == told(subscribed)
    assert (1, 1) == (row.found, row.in_a_row)


def switched_off(carriage: Carriage, hook: dict[str, Any]) -> None:
    hook |= {"is_active": 0, "remove_reason": "no success on three days"}


def banned(carriage: Carriage, hook: dict[str, Any]) -> None:
    fail(hook, carriage, 503)


def never_answered(carriage: Carriage, hook: dict[str, Any]) -> None:
    fail(hook, carriage, None)


def other_password(carriage: Carriage, hook: dict[str, Any]) -> None:
    with carriage.services.database.transaction() as tx:
        secret = carriage.services.vault.encrypt("second")
        now = carriage.clock.now()
        tenants.set_secret(tx, carriage.tenant.id, SecretName.RECEIVER_BASIC_PASSWORD, secret, now=now)
    fail(hook, carriage, 401)


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (switched_off, "(1) was switched off: no success on three days"),
        (banned, "(1) may be banned: its last delivery was answered with 503"),
        (never_answered, "(1) may be banned: its last delivery was not answered"),
        (other_password, "(1) carries another password: its last delivery was answered with 401"),
    ],
)
def test_a_hook_that_brings_nothing_is_replaced(
    subscribed: Carriage, at_pipedrive: Hooks, happened: Callable[..., None], why: str
) -> None:
    happened(subscribed, at_pipedrive.listed[1])

    look(subscribed)

    assert [2, 3, 4] == sorted(at_pipedrive.listed)
    assert [2, 3, 4] == made(subscribed)
    assert [f"The hook of deal.* {why}; hook 4 was made in its place."] == told(subscribed)


def test_a_delivery_that_pipedrive_still_repeats_is_no_ban(subscribed: Carriage, at_pipedrive: Hooks) -> None:
    soon = subscribed.clock.now() + subscribed.services.timers.hook_check - timedelta(minutes=1)
    at_pipedrive.listed[1] |= {"last_http_status": 503, "last_delivery_time": soon.isoformat()}

    look(subscribed)

    assert [1] == at_pipedrive.of_deals()


def test_where_passwords_are_not_listed_any_more_a_working_hook_is_not_replaced(
    subscribed: Carriage, at_pipedrive: Hooks
) -> None:
    at_pipedrive.lists_passwords = False

    row = look(subscribed)

    assert ([1, 2, 3], "webhook_differs") == (list(at_pipedrive.listed), row.problem_code)


def test_a_hook_made_by_hand_is_told_of_and_never_touched(carriage: Carriage, at_pipedrive: Hooks) -> None:
    url = onboarding.webhook_url(carriage.services, carriage.tenant)
    at_pipedrive.add_webhook({"subscription_url": url, "event_object": "deal", "event_action": "*"})
    at_pipedrive.listed[1]["is_active"] = 0

    row = look(carriage)

    assert ([1], 0) == (list(at_pipedrive.listed), row.found)
    assert ("webhook_differs", "Hook 1 is switched off: nothing that is won arrives.") == (
        row.problem_code,
        row.problem_message,
    )


def test_a_hook_made_by_hand_beside_ours_outlives_its_renewal(
    subscribed: Carriage, at_pipedrive: Hooks
) -> None:
    url = onboarding.webhook_url(subscribed.services, subscribed.tenant)
    by_hand = {"subscription_url": url, "event_object": "deal", "event_action": "change", "name": "by hand"}
    kept = at_pipedrive.add_webhook(by_hand)
    del at_pipedrive.listed[1]

    look(subscribed)

    assert [kept["id"], 5] == at_pipedrive.of_deals()


def test_a_tenant_without_any_hook_is_told_of(carriage: Carriage, at_pipedrive: Hooks) -> None:
    row = look(carriage)

    assert ({}, "webhook_missing") == (at_pipedrive.listed, row.problem_code)


def test_hooks_that_were_removed_by_command_stay_removed(subscribed: Carriage, at_pipedrive: Hooks) -> None:
    remove_webhooks(subscribed.services, subscribed.tenant)

    row = look(subscribed)

    assert ({}, [], "webhook_missing") == (at_pipedrive.listed, made(subscribed), row.problem_code)


def test_hooks_of_an_earlier_version_are_known_by_name_and_password(
    subscribed: Carriage, at_pipedrive: Hooks
) -> None:
    with subscribed.services.database.transaction() as tx:
        hooks.forget(tx, subscribed.tenant.id)
    look(subscribed)
    assert [1, 2, 3] == made(subscribed)
    del at_pipedrive.listed[1]

    look(subscribed)

    assert [4] == at_pipedrive.of_deals()


def test_a_worker_killed_after_making_a_hook_makes_no_second_one(
    subscribed: Carriage, at_pipedrive: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    del at_pipedrive.listed[1]

    def killed(*_arguments: Any) -> None:
        raise CrashError

    with monkeypatch.context() as patch, crashing():
        patch.setattr(hook_watch, "own_hooks", killed)
        look(subscribed)
    look(subscribed)

    assert ([4], [1, 2, 3, 4]) == (at_pipedrive.of_deals(), made(subscribed))


def test_a_hook_that_vanishes_over_and_over_is_made_ever_more_seldom(
    subscribed: Carriage, at_pipedrive: Hooks
) -> None:
    counts = []
    for _hour in range(30):
        for key in at_pipedrive.of_deals():
            del at_pipedrive.listed[key]
        row = look(subscribed)
        counts.append(row.found)

    assert [1, 2, 2, 3, 3, 3, 3, 4] == counts[:8]
    assert (5, "webhook_fails_again") == (counts[-1], row.problem_code)


def test_after_a_quiet_day_the_next_hook_is_made_at_once(subscribed: Carriage, at_pipedrive: Hooks) -> None:
    del at_pipedrive.listed[1]
    look(subscribed)

    assert 0 == look(subscribed, after=timedelta(days=1)).in_a_row


def test_what_the_missing_hook_lost_is_looked_for_at_once(subscribed: Carriage, at_pipedrive: Hooks) -> None:
    now = subscribed.clock.now()
    due_watches(subscribed.services)
    with subscribed.services.database.transaction() as tx:
        tx.execute(t.tenant_watch.update().values(due_at=now + timedelta(days=9)))
        watches.hurry(tx, subscribed.tenant.id, [Watch.HOOKS], now=now)
    del at_pipedrive.listed[1]

    look(subscribed)

    due = {watch for _tenant, watch in due_watches(subscribed.services)}
    assert set(LISTS) == due


@pytest.mark.parametrize(
    "error",
    [
        PermissionMissingError("The login may not manage webhooks.", cure="Give it the scope admin."),
        AmbiguousError("No answer."),
    ],
)
def test_what_pipedrive_refuses_is_told_and_tried_again(
    subscribed: Carriage, at_pipedrive: Hooks, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    del at_pipedrive.listed[1]

    def refuse(_content: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(at_pipedrive, "add_webhook", refuse)
        assert str(error) == look(subscribed).problem_message
    assert not subscribed.tenant.parked

    assert "" == look(subscribed).problem_code
    assert [4] == at_pipedrive.of_deals()


def test_a_limit_of_calls_is_waited_for_and_is_no_problem(
    subscribed: Carriage, at_pipedrive: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise RateLimitedError("Too many calls.", retry_after=timedelta(seconds=40))

    with monkeypatch.context() as patch:
        patch.setattr(at_pipedrive, "webhooks", refuse)
        waiting = look(subscribed)

    assert ("", None) == (waiting.problem_code, waiting.finished_at)
    assert look(subscribed, after=timedelta(seconds=40)).finished_at is not None


def test_a_receiver_without_basic_is_not_ours_to_look_after(carriage: Carriage, at_pipedrive: Hooks) -> None:
    carriage.apply(config_for(receiver=ReceiverConfig(basic_user=None, hmac=None)))

    row = look(carriage)

    assert ("", {}) == (row.problem_code, at_pipedrive.listed)
    assert row.finished_at is not None


def test_ping_says_how_often_the_hook_was_made_anew_and_misses_those_about_merges(
    subscribed: Carriage, at_pipedrive: Hooks
) -> None:
    del at_pipedrive.listed[1]
    look(subscribed)

    verdict = check_hook(subscribed.services, subscribed.tenant)
    del at_pipedrive.listed[2]
    without = check_hook(subscribed.services, subscribed.tenant)

    assert verdict is not None
    assert (True, 1) == (verdict.ok, verdict.made_anew)
    assert without is not None
    assert "No hook tells of merged organizations: the survivor's debtor is found late." == without.message


def test_a_listed_hook_never_shows_its_password(subscribed: Carriage, at_pipedrive: Hooks) -> None:
    record = at_pipedrive.listed[1]

    assert record["http_auth_password"]
    assert record["http_auth_password"] not in repr(webhook_of(record))
