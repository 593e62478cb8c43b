"""Our hooks at Pipedrive are looked after: one that is missing, switched off or seems banned is made anew.

Pipedrive deletes a hook that failed for three days and bans one for half an hour after ten failures; the list
shows a ban by nothing but a last delivery that nobody took. Only hooks that we made are replaced. One that a
person maintains is told of, in ``tenant show``, ``ping`` and the measures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.errors import ClaimLostError, ConnectorError, RateLimitedError
from connector.log import bound_contextvars, get_logger
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.subscriptions import Subscription, Webhook, compare, subscribe, webhook_of
from connector.pipeline.hook_check import REFUSED, is_ours_to_know, verdict
from connector.pipeline.onboarding import own_hooks, wanted_hooks
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.reconciliation import FAULT, LISTS, problem_of
from connector.pipeline.services import Services
from connector.store import hooks, journal, tenants, watches
from connector.store.hooks import OwnHook
from connector.store.tenants import TenantRow
from connector.store.watches import NO_PROBLEM, Watch, WatchRow
from connector.tenants.config import SecretName

log = get_logger(__name__)

_ACTOR = "hook watch"

QUIET_CHECKS = 24
"""After this many intervals without a new hook the next one is made at once again: a day at full scale."""

DEALS = 0
"""Place of the hook that brings the deals among those wanted."""


@dataclass(frozen=True, slots=True)
class _Sight:
    """Pipedrive's list, seen from one hook that we want."""

    wanted: Subscription
    right: list[Webhook]
    others: list[Webhook]
    made: frozenset[int]
    """Hooks that we made."""

    @property
    def adopted(self) -> list[Webhook]:
        """Hooks as we make them, with our password, that we do not remember: a crash came in between."""
        return [hook for hook in self.right if hook.id not in self.made and hook.name == self.wanted.name]


def watch_hooks(services: Services, tenant_id: int) -> None:
    """Look after a tenant's hooks, if it is due and nobody else does.

    :raises DatabaseUnavailableError: it is done with a later tick.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        claimed = watches.take(tx, tenant_id, Watch.HOOKS, now=now, lease=services.timers.lease)
        tenant = tenants.get(tx, tenant_id) if claimed else None
    if claimed is None or tenant is None:
        return
    with bound_contextvars(tenant=tenant.key, watch=Watch.HOOKS.value):
        try:
            _put_down(services, claimed, _look(services, tenant, claimed))
        except ClaimLostError:
            log.warning("watch_taken_over")
        except services.interruptions:
            raise
        except RateLimitedError as e:
            # No problem of the hooks: they are looked at as soon as Pipedrive lets us.
            log.info("hook_watch_waits", code=e.code)
            due_at = services.clock.now() + (e.retry_after or services.timers.retry_first)
            _put_down(services, claimed, {"due_at": due_at})
        except ConnectorError as e:
            log.warning("hooks_not_checked", code=e.code)
            _put_down(services, claimed, problem_of(e))
        except Exception:
            log.exception("hook_watch_crashed")
            _put_down(services, claimed, FAULT)


def _put_down(services: Services, claimed: WatchRow, values: Mapping[str, Any]) -> None:
    timers = services.timers
    due_at = services.clock.now() + timers.hook_check - timers.watch_tick / 2
    with services.database.transaction() as tx:
        watches.put_down(tx, claimed, **{"due_at": due_at, **values})


def _look(services: Services, tenant: TenantRow, claimed: WatchRow) -> Mapping[str, Any]:
    """What becomes of the watch's row."""
    now = services.clock.now()
    done: dict[str, Any] = {"finished_at": now, **NO_PROBLEM}
    if not is_ours_to_know(tenant):
        return done
    with services.database.transaction() as tx:
        stored = tenants.secret(tx, tenant.id, SecretName.RECEIVER_BASIC_PASSWORD)
        made = frozenset(hook.hook_id for hook in hooks.of_tenant(tx, tenant.id))
    password = services.vault.decrypt(stored) if stored else ""
    client = pipedrive_client(services, tenant, services.step_budget())
    records = client.webhooks()
    sights = [
        _Sight(wanted, *compare(records, wanted), made) for wanted in wanted_hooks(services, tenant, password)
    ]
    made |= _adopt(services, tenant, sights)
    if not made:
        return {**done, **_told(tenant, sights[DEALS])}
    wrong = {sight.wanted: why for sight in sights if (why := _wrong_with(services, sight, made))}
    if not wrong:
        long_ago = claimed.found_at is None or claimed.found_at + _quiet_day(services) <= now
        return {**done, **_told(tenant, sights[DEALS]), **({"in_a_row": 0} if long_ago else {})}
    if claimed.found_at is not None and now < claimed.found_at + _pause(services, claimed.in_a_row):
        return {**done, **_too_often(tenant, claimed, wrong)}
    _make_anew(services, tenant, client, wrong, records, made)
    return {**done, "found": claimed.found + 1, "found_at": now, "in_a_row": claimed.in_a_row + 1}


def _adopt(services: Services, tenant: TenantRow, sights: Sequence[_Sight]) -> frozenset[int]:
    found = [hook for sight in sights for hook in sight.adopted]
    if found:
        with services.database.transaction() as tx:
            known = [OwnHook(hook.id, hook.url, hook.event) for hook in found]
            hooks.remember(tx, tenant.id, known, now=services.clock.now())
    return frozenset(hook.id for hook in found)


def _wrong_with(services: Services, sight: _Sight, made: frozenset[int]) -> str:
    """Why our hook has to be made anew; empty: it has not."""
    settled = services.clock.now() - services.timers.webhook_patience
    working = [hook for hook in sight.right if not _seems_banned(hook, settled)]
    if working:
        return ""
    ours = [hook for hook in (*sight.right, *sight.others) if hook.id in made]
    if not ours:
        # Somebody else's hook does it, or did until now; beside one that differs, ours is still missing.
        return "" if sight.right else "is missing"
    hook = ours[0]
    if not hook.is_active:
        return f"({hook.id}) was switched off{f': {hook.remove_reason}' if hook.remove_reason else ''}"
    if hook in sight.right:
        answer = f"was answered with {hook.last_status}" if hook.last_status else "was not answered"
        return f"({hook.id}) may be banned: its last delivery {answer}"
    if hook.last_status in REFUSED:
        return f"({hook.id}) carries another password: its last delivery was answered with {hook.last_status}"
    # Not as we know it, but its deliveries are taken: a person has a reason, and is told of it.
    return ""


def _seems_banned(hook: Webhook, settled: datetime) -> bool:
    """Whether its last delivery failed for good. A refused password is no ban, and a new hook no help."""
    failed = hook.last_failed and hook.last_status not in REFUSED
    return failed and hook.last_delivery_at is not None and hook.last_delivery_at <= settled


def _make_anew(
    services: Services,
    tenant: TenantRow,
    client: PipedriveClient,
    wrong: Mapping[Subscription, str],
    records: Sequence[Mapping[str, Any]],
    made: frozenset[int],
) -> None:
    # What is as wanted and yet wrong may be banned: it is replaced, and only where it is ours.
    distrusted = {webhook_of(record).id for record in records} & made
    done = [subscribe(client, wanted, distrusted=distrusted, owned=made) for wanted in wrong]
    now = services.clock.now()
    told = "; ".join(
        f"The hook of {wanted.event} {why}; hook {one.webhook.id} was made in its place"
        for (wanted, why), one in zip(wrong.items(), done, strict=True)
    )
    with services.database.transaction() as tx:
        hooks.forget(tx, tenant.id, [hook_id for one in done for hook_id in one.replaced])
        hooks.remember(tx, tenant.id, own_hooks(done), now=now)
        # What happened meanwhile was told to nobody.
        watches.hurry(tx, tenant.id, LISTS, now=now)
        journal.write(
            tx,
            tenant_id=tenant.id,
            at=now,
            event="webhook_made_anew",
            actor=_ACTOR,
            message=f"{told}.",
            details={"hooks": [one.webhook.id for one in done]},
        )
    log.warning("webhook_made_anew", hooks=[one.webhook.id for one in done], why=told)


def _told(tenant: TenantRow, sight: _Sight) -> Mapping[str, str]:
    """What is wrong with the hook that brings the deals, as ``ping`` says it."""
    problems = verdict(tenant.key, sight.right, sight.others).problems
    if not problems:
        return NO_PROBLEM
    first = problems[0]
    return {"problem_code": first.code, "problem_message": first.message, "problem_cure": first.cure}


def _too_often(tenant: TenantRow, claimed: WatchRow, wrong: Mapping[Subscription, str]) -> Mapping[str, str]:
    why = "; ".join(f"The hook of {wanted.event} {what}" for wanted, what in wrong.items())
    return {
        "problem_code": "webhook_fails_again",
        "problem_message": f"{why}. It was made anew {claimed.in_a_row} times in a row, which did not help "
        "for long; each try waits longer than the one before.",
        "problem_cure": "See whether Pipedrive reaches MLC_PUBLIC_URL and whether somebody removes the hook, "
        f"then: ml-connector webhook subscribe {tenant.key}",
    }


def _pause(services: Services, in_a_row: int) -> timedelta:
    """How long after one was made the next one is: it doubles from one interval up to a day."""
    if not in_a_row:
        return timedelta(0)
    return min(services.timers.hook_check * 2 ** (in_a_row - 1), _quiet_day(services))


def _quiet_day(services: Services) -> timedelta:
    return services.timers.hook_check * QUIET_CHECKS
