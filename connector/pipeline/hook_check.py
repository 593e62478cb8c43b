"""Whether Pipedrive has the hook that brings a tenant's deals, and whether its deliveries are taken."""

from dataclasses import dataclass, replace
from datetime import datetime

from connector.errors import ConnectorError, Problem
from connector.pipedrive.subscriptions import Webhook, compare
from connector.pipeline.onboarding import wanted_hooks
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.services import Services
from connector.store import hooks, tenants, watches
from connector.store.tenants import TenantRow
from connector.store.watches import Watch
from connector.tenants.config import SecretName

REFUSED = (401, 403)
"""How our receiver, or a proxy before it, answers a hook with another password."""


@dataclass(frozen=True, slots=True)
class HookVerdict:
    """What Pipedrive's list says."""

    message: str
    problems: tuple[Problem, ...] = ()
    made_anew: int = 0
    """How often the watch has made hooks anew, because they were missing, switched off or banned."""
    made_anew_at: datetime | None = None

    @property
    def ok(self) -> bool:
        """Whether deals that are won from now on arrive."""
        return not self.problems


def check_hook(services: Services, tenant: TenantRow) -> HookVerdict | None:
    """Compare Pipedrive's hooks with what the receiver asks for; those about merges too, if we made them.

    Without HTTP Basic, or where a proxy of the tenant's own signs, the hook is not ours to know: None.
    """
    if not is_ours_to_know(tenant):
        return None
    with services.database.transaction() as tx:
        stored = tenants.secret(tx, tenant.id, SecretName.RECEIVER_BASIC_PASSWORD)
        made = hooks.of_tenant(tx, tenant.id)
        watch = watches.of_tenant(tx, tenant.id).get(Watch.HOOKS)
    password = services.vault.decrypt(stored) if stored else ""
    deals, *merges = wanted_hooks(services, tenant, password)
    try:
        records = pipedrive_client(services, tenant).webhooks()
    except ConnectorError as e:
        return HookVerdict(e.message, e.problems)
    told = verdict(tenant.key, *compare(records, deals))
    if told.ok and made:
        missing = [wanted.event_object for wanted in merges if not compare(records, wanted)[0]]
        told = _without_merges(tenant.key, missing) if missing else told
    return replace(
        told, made_anew=watch.found if watch else 0, made_anew_at=watch.found_at if watch else None
    )


def is_ours_to_know(tenant: TenantRow) -> bool:
    """Whether the hooks of a tenant can be ours: HTTP Basic, and no proxy that signs."""
    receiver = tenant.config.receiver
    return receiver.basic_user is not None and receiver.hmac is None


def _without_merges(key: str, missing: list[str]) -> HookVerdict:
    what = f"No hook tells of merged {'s and '.join(missing)}s: the survivor's debtor is found late."
    return _bad("webhook_missing", what, f"ml-connector webhook subscribe {key}")


def verdict(key: str, right: list[Webhook], others: list[Webhook]) -> HookVerdict:
    """What the hooks to a tenant's address mean.

    :param right: those that carry what the receiver asks for.
    :param others: those that do not.
    """
    again = f"ml-connector webhook subscribe {key}"
    if not right and not others:
        return _bad("webhook_missing", "No hook brings the deals: nothing that is won arrives.", again)
    if not right:
        hook = others[0]
        if not hook.is_active:
            what = f"Hook {hook.id} is switched off: nothing that is won arrives."
        elif hook.last_status in REFUSED:
            what = f"Hook {hook.id} has another password: its deliveries are refused, deals are being lost."
        else:
            what = f"Hook {hook.id} has another password, user or version than the receiver asks for."
        return _bad("webhook_differs", what, f"{again}; then replay what was lost, see the runbook")
    hook = right[0]
    if hook.last_status in REFUSED:
        return _bad(
            "webhook_refused",
            f"The last delivery of hook {hook.id} was refused with {hook.last_status}.",
            "Look whether a proxy before the receiver asks for a login of its own or drops the Authorization "
            "header; then replay what was lost, see the runbook.",
        )
    told = f", last answer {hook.last_status}" if hook.last_status else ", no delivery yet"
    return HookVerdict(f"hook {hook.id}{told}")


def _bad(code: str, message: str, cure: str) -> HookVerdict:
    return HookVerdict(message, (Problem(code, message, "webhook", cure),))
