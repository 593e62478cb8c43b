"""Bringing a tenant in: its configuration, its secrets, its webhook."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from connector.errors import ConfigurationError, DataError, NotFoundError
from connector.pipedrive.merges import MERGEABLE
from connector.pipedrive.subscriptions import (
    Subscribed,
    Subscription,
    Webhook,
    list_webhooks,
    subscribe,
    unsubscribe,
)
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.restored import CODE as RESTORED
from connector.pipeline.services import Services
from connector.pipeline.shared_client import sharing_problems
from connector.store import Transaction, hooks, journal, tenants
from connector.store.hooks import OwnHook
from connector.store.tenants import TenantRow
from connector.tenants.config import SecretName
from connector.tenants.toml_file import TenantFile

WEBHOOK_PASSWORD_BYTES = 24
"""192 random bits: nobody guesses it, and it fits Pipedrive's form."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a tenant's file did."""

    tenant: TenantRow
    changed: bool
    was_parked: bool
    """It works again."""
    subscribe_again: bool = False
    """Our hook at Pipedrive, if there is one, does not bring what the receiver asks for from now on."""


def apply_tenant(services: Services, file: TenantFile, *, actor: str) -> Applied:
    """Store a tenant's configuration as its next version, and its secrets encrypted.

    A tenant that was parked because of a setting works on from here. One that was parked after a restore does
    not: what is applied then is one step of several, and the workers would go on with the backup's logins.

    :raises DataError: it would book over another tenant of the same DATEV client; nothing is stored.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        tenants.lock_all(tx)
        _refuse_clashes(tx, file)
        before = _asked_of_hook(services, tx, tenants.find(tx, file.config.key))
        tenant_id, changed = tenants.apply(
            tx, file.config, source_text=file.source_text, applied_by=actor, now=now
        )
        for name, plain in file.secrets.items():
            tenants.set_secret(tx, tenant_id, name, services.vault.encrypt(plain), now=now)
        restored = tenants.get(tx, tenant_id).parked_code == RESTORED
        was_parked = not restored and tenants.unpark(tx, tenant_id)
        if changed or was_parked:
            journal.write(
                tx,
                tenant_id=tenant_id,
                at=now,
                event="tenant_applied",
                actor=actor,
                message="The configuration was applied.",
            )
        tenant = tenants.get(tx, tenant_id)
        asked = _asked_of_hook(services, tx, tenant)
        return Applied(tenant, changed, was_parked, subscribe_again=asked is not None and asked != before)


def check_tenant(services: Services, file: TenantFile) -> None:
    """Say what :func:`apply_tenant` would refuse, and store nothing.

    :raises DataError: it would book over another tenant of the same DATEV client.
    """
    with services.database.transaction() as tx:
        _refuse_clashes(tx, file)


def find_tenant(services: Services, key: str) -> TenantRow:
    """The tenant with this key.

    :raises NotFoundError: there is none.
    """
    with services.database.transaction() as tx:
        tenant = tenants.find(tx, key)
        known = [row.key for row in tenants.all_tenants(tx)] if tenant is None else []
    if tenant is None:
        raise NotFoundError(
            f"There is no tenant {key!r}.",
            code="tenant_unknown",
            field="tenant",
            cure=f"Known: {', '.join(known) or 'none'}. Apply one with: ml-connector tenant apply FILE",
        )
    return tenant


def webhook_url(services: Services, tenant: TenantRow) -> str:
    """Where Pipedrive delivers this tenant's events."""
    return f"{services.settings.public_url}/webhooks/pipedrive/{tenant.key}"


def subscribe_webhook(services: Services, tenant: TenantRow) -> Subscribed:
    """Make sure that exactly one hook brings us the tenant's deals, with HTTP Basic and a random password.

    Beside it, one for each kind of buyer tells what was deleted: so we learn of merges.

    :raises ConfigurationError: the tenant's receiver asks for no Basic, which our hooks carry.
    """
    if tenant.config.receiver.basic_user is None:
        raise ConfigurationError(
            f"The receiver of {tenant.key} does not ask for HTTP Basic, which our hooks carry.",
            code="receiver_without_basic",
            field="receiver.basic",
            cure='Add [receiver.basic] with user = "pipedrive" to the tenant\'s file and apply it.',
        )
    client = pipedrive_client(services, tenant)
    done = [
        subscribe(client, wanted)
        for wanted in wanted_hooks(services, tenant, _webhook_password(services, tenant))
    ]
    with services.database.transaction() as tx:
        hooks.forget(tx, tenant.id)
        hooks.remember(tx, tenant.id, own_hooks(done), now=services.clock.now())
    _journal(services, tenant, "webhook_subscribed", f"Hook {done[0].webhook.id} brings the deals.")
    return done[0]


def wanted_hooks(services: Services, tenant: TenantRow, password: str) -> list[Subscription]:
    """The hooks that a receiver with HTTP Basic needs: first the one that brings the deals, then those that
    tell of merged buyers."""
    deals = Subscription(
        url=webhook_url(services, tenant),
        user=tenant.config.receiver.basic_user or "",
        password=password,
        version=tenant.config.pipedrive.webhook_version,
    )
    # Only version 2.0 says into which record the deleted one went.
    merges = [replace(deals, event_object=kind, event_action="delete", version="2.0") for kind in MERGEABLE]
    return [deals, *merges]


def own_hooks(subscribed: Iterable[Subscribed]) -> list[OwnHook]:
    """What was made, as it is remembered."""
    return [OwnHook(done.webhook.id, done.webhook.url, done.webhook.event) for done in subscribed]


def tenant_webhooks(services: Services, tenant: TenantRow) -> list[Webhook]:
    """The hooks that lead to this tenant."""
    return list_webhooks(pipedrive_client(services, tenant), url=webhook_url(services, tenant))


def remove_webhooks(services: Services, tenant: TenantRow) -> tuple[int, ...]:
    """Remove the hooks that lead to this tenant; returns their ids."""
    client, url = pipedrive_client(services, tenant), webhook_url(services, tenant)
    # Before, so that nobody makes them anew meanwhile; after, for whoever has seen them in between.
    _forget_hooks(services, tenant)
    removed = unsubscribe(client, url)
    _forget_hooks(services, tenant)
    _journal(services, tenant, "webhook_removed", f"Hooks removed: {len(removed)}.")
    return removed


def _forget_hooks(services: Services, tenant: TenantRow) -> None:
    with services.database.transaction() as tx:
        hooks.forget(tx, tenant.id)


def _refuse_clashes(tx: Transaction, file: TenantFile) -> None:
    problems = sharing_problems(file.config, (row.config for row in tenants.all_tenants(tx)))
    if problems:
        raise DataError(problems)


def _asked_of_hook(
    services: Services, tx: Transaction, tenant: TenantRow | None
) -> tuple[str, str, str] | None:
    """What the tenant's hook must carry; None where no hook of ours can be."""
    if tenant is None or tenant.config.receiver.basic_user is None:
        return None
    stored = tenants.secret(tx, tenant.id, SecretName.RECEIVER_BASIC_PASSWORD)
    password = services.vault.decrypt(stored) if stored else ""
    return tenant.config.receiver.basic_user, password, tenant.config.pipedrive.webhook_version


def _webhook_password(services: Services, tenant: TenantRow) -> str:
    """The stored password, made on first use."""
    with services.database.transaction() as tx:
        stored = tenants.secret(tx, tenant.id, SecretName.RECEIVER_BASIC_PASSWORD)
        if stored is not None:
            return services.vault.decrypt(stored)
        made = secrets.token_urlsafe(WEBHOOK_PASSWORD_BYTES)
        tenants.set_secret(
            tx,
            tenant.id,
            SecretName.RECEIVER_BASIC_PASSWORD,
            services.vault.encrypt(made),
            now=services.clock.now(),
        )
        return made


def _journal(services: Services, tenant: TenantRow, event: str, message: str) -> None:
    with services.database.transaction() as tx:
        journal.write(
            tx, tenant_id=tenant.id, at=services.clock.now(), event=event, actor="operator", message=message
        )
