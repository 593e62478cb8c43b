"""What every step needs, put together once per process and passed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

import requests

from connector.call_budget import RedisCalls
from connector.clock import Clock, SystemClock
from connector.errors import Problem, SettingsError
from connector.http import HttpClient, StepBudget, new_session
from connector.pipeline.batch_sizes import BATCH_LIMITS
from connector.pipeline.http_log import CallLog
from connector.settings import Settings
from connector.store import Database
from connector.store.batches import BatchSize
from connector.tenants.config import DatevFormat
from connector.timers import Timers, timers
from connector.vault import KeyFile, Vault


@dataclass(frozen=True)
class Services:
    """Database, vault, clock and the way out to the partners."""

    settings: Settings
    database: Database
    vault: Vault
    clock: Clock = field(default_factory=SystemClock)
    interruptions: tuple[type[Exception], ...] = ()
    """What breaks a step off from outside, such as the soft time limit of whatever executes the steps."""
    batch_limits: Mapping[DatevFormat, BatchSize] = field(default_factory=lambda: BATCH_LIMITS)
    """What one batch may hold; smaller where a test wants to see it full."""

    @cached_property
    def timers(self) -> Timers:
        """The timers at this process's time scale."""
        return timers(self.settings.time_scale)

    @cached_property
    def _session(self) -> requests.Session:
        """One pool of connections per process: opening TLS anew for each call costs more than the call."""
        return new_session()

    @cached_property
    def call_log(self) -> CallLog:
        """Where every call to a partner is kept."""
        return CallLog(self.database, self.vault, self.clock, self.interruptions)

    def http(self, partner: str, budget: StepBudget | None = None, *, tenant: str = "") -> HttpClient:
        """A client for one partner, bound to a step's time budget.

        :param tenant: key of the tenant for whom the calls are made, for their log; empty: the step tells.
        """
        return HttpClient(
            partner,
            connect_timeout=self.timers.connect,
            call_deadline=self.timers.call,
            session=self._session,
            budget=budget,
            recorder=partial(self.call_log.keep, tenant=tenant),
        )

    @cached_property
    def calls(self) -> RedisCalls | None:
        """Where the calls to the partners are counted over all processes; None without a Redis."""
        return RedisCalls(self.settings.redis_url) if self.settings.redis_url else None

    def step_budget(self) -> StepBudget:
        """The time that all calls of one step may take together, counted from now."""
        return StepBudget(self.timers.step_budget)


def open_vault(settings: Settings) -> Vault:
    """The vault with the keys from the environment, else from the key file (made on first start).

    A changed key file is read again by running processes; keys from the environment are not.
    """
    if settings.encryption_keys:
        return Vault([key.strip() for key in settings.encryption_keys.split(",") if key.strip()])
    file = KeyFile(settings.key_file)
    return Vault(file.keys(), reread=file.reread)


def open_services(settings: Settings, *, pool_size: int = 5) -> Services:
    """Everything a process needs.

    :raises SettingsError: if the database is not named or the keys are unusable.
    """
    if not settings.database_url:
        raise SettingsError(
            [
                Problem(
                    "database_url_missing",
                    "No database is named.",
                    "DATABASE_URL",
                    "Set DATABASE_URL, or start everything with: ml-connector up",
                )
            ]
        )
    return Services(settings, Database(settings.database_url, pool_size=pool_size), open_vault(settings))
