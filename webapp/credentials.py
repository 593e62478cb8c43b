"""What a delivery to a tenant must prove, kept for a few seconds so that a burst costs few statements."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from connector.pipeline.services import Services
from connector.store import tenants
from connector.store.tenants import TenantRow
from connector.tenants.config import SecretName

KEPT_FOR_S = 5.0
"""A changed secret or go-live date counts after this long at the latest, in every process."""

MOST_KEPT = 1000
"""Invented tenant keys must not fill the memory; real tenants are far fewer."""

TENANT_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""As the table of tenants checks it. Anything else is no key, and nothing for the database either."""

NO_TENANT = 0
"""Identities in PostgreSQL start at 1."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """One tenant and its secrets for the receiver."""

    tenant: TenantRow
    hmac_key: str | None = field(repr=False)
    basic_password: str | None = field(repr=False)


class CredentialCache:
    """Credentials by tenant key. Unknown keys are remembered too, so that they take the same time."""

    def __init__(
        self, load: Callable[[str], Credentials | None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._load = load
        self._monotonic = monotonic
        self._kept: OrderedDict[str, tuple[float, Credentials | None]] = OrderedDict()
        self._lock = Lock()

    def get(self, tenant_key: str) -> Credentials | None:
        """The credentials, at most :data:`KEPT_FOR_S` old; None: there is no such tenant.

        :raises DatabaseUnavailableError: PostgreSQL cannot be reached. What is kept is not stretched then,
            because without PostgreSQL nothing can be stored anyway.
        """
        if not TENANT_KEY.fullmatch(tenant_key):
            return None
        now = self._monotonic()
        with self._lock:
            kept = self._kept.get(tenant_key)
        if kept and now - kept[0] < KEPT_FOR_S:
            return kept[1]
        found = self._load(tenant_key)
        with self._lock:
            self._kept[tenant_key] = (now, found)
            self._kept.move_to_end(tenant_key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found


def load_credentials(services: Services, tenant_key: str) -> Credentials | None:
    """Read the tenant and its receiver secrets; as many statements for an unknown key as for a known one."""
    with services.database.transaction() as tx:
        tenant = tenants.find(tx, tenant_key)
        tenant_id = tenant.id if tenant else NO_TENANT
        hmac_key = tenants.secret(tx, tenant_id, SecretName.RECEIVER_HMAC_KEY)
        password = tenants.secret(tx, tenant_id, SecretName.RECEIVER_BASIC_PASSWORD)
    if tenant is None:
        return None
    return Credentials(
        tenant,
        services.vault.decrypt(hmac_key) if hmac_key else None,
        services.vault.decrypt(password) if password else None,
    )
