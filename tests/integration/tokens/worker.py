"""A worker process of its own that needs access tokens and may be killed at a named point of renewing one."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from connector.http import HttpClient
from connector.pipeline import tokens
from connector.pipeline.services import Services
from connector.store import Database, connections
from connector.store.connections import ConnectionKey
from connector.vault import Vault
from tests.integration.webapp.world import MovableClock, settings_for


def _die(*_args: object, **_values: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _then_die(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **values: Any) -> Any:
        function(*args, **values)
        _die()

    return called


def _kill_at(point: str) -> None:
    """``sending``: before the first byte leaves; ``answered``: with the new tokens in memory only;
    ``stored``: right after their commit."""
    if point == "sending":
        HttpClient.send = _die  # type: ignore[method-assign]
    elif point == "answered":
        connections.save_refreshed = _die
    elif point == "stored":
        tokens._store = _then_die(tokens._store)


def work(task: dict[str, Any], told: "Connection[list[str], None]") -> None:
    """Do the task, and tell the tokens that it got."""
    clock = MovableClock()
    clock.offset = timedelta(seconds=task["offset_s"])
    settings = settings_for(task["database_url"], task["sandbox_url"], Path(task["var_dir"]))
    database = Database(settings.database_url, pool_size=task["threads"])
    services = Services(settings, database, Vault([task["vault_key"]]), clock)
    key = ConnectionKey(task["tenant_id"], task["partner"])
    _kill_at(task["dies"])
    with ThreadPoolExecutor(task["threads"]) as threads:
        found = list(threads.map(lambda _one: tokens.access_token(services, key), range(task["threads"])))
    database.close()
    told.send(found)
