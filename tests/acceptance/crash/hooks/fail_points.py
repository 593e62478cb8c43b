"""Named fail points before and after every commit that writes, every publish and every partner call.

Three choke points are wrapped: SQLAlchemy's commit (and the receiver's single statement), the HTTP client's
one way out, and what puts messages into Valkey. A point is named ``<step>:<before|after> <kind> <label>``,
such as ``run.resolve:after commit run=resolved``; the second of a name in one go of the step gets ``#2``.

Each point passed is a line in ``trace/<deal>``; the file ``armed/<deal>~<digest of the name>`` makes the
process that passes it act. The file is renamed first, which one process alone can do.
"""

import json
import os
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import sqlalchemy as sa
from celery import signals
from naming import ANOTHERS, ANY, digest
from sqlalchemy.engine import Connection

from connector import http
from connector.pipeline import intake
from connector.store.engine import Database

FOLDER = Path(os.environ["MLC_CRASH_DIR"])
VAR_DIR = Path(os.environ["MLC_VAR_DIR"])

CHAINS = ("run.", "batch.")

_WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
_ID_IN_PATH = re.compile(r"(?<=/)(?:\d[\d-]*|[0-9a-f]{8}-[0-9a-f-]{27}|[\w-]{20,})(?=/|$)")
_BASE_OF_API = re.compile(r"^.*?/(?:platform|api)/(?:v\d+/)?|^/pipedrive/")

_DEAL_OF = {
    "run": "SELECT t.key, r.deal_id FROM run r JOIN tenant t ON t.id = r.tenant_id WHERE r.id = %s",
    "batch": "SELECT t.key, r.deal_id FROM run r JOIN tenant t ON t.id = r.tenant_id "
    "WHERE r.batch_id = %s ORDER BY r.id LIMIT 1",
}


class _Here(threading.local):
    """What this thread is doing, for whom."""

    step = ""
    deal = ""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def enter(self, step: str, deal: str) -> None:
        """A step begins."""
        self.step, self.deal = step, deal
        self.seen.clear()


_here = _Here()


def install(_app: ModuleType) -> None:
    """Wrap the choke points of this process, all but the wake-up calls."""
    signals.task_prerun.connect(_task_begins, weak=False)
    signals.beat_init.connect(lambda **_said: _here.enter("beat", ANY), weak=False)
    signals.before_task_publish.connect(_before_celery_publishes, weak=False)
    signals.after_task_publish.connect(_after_celery_published, weak=False)
    http.HttpClient._once = _around_call(http.HttpClient._once)  # type: ignore[method-assign]
    Connection._commit_impl = _around_commit(Connection._commit_impl)
    Database.at_once = _around_statement(Database.at_once)  # type: ignore[method-assign]
    intake.receive = _around_intake(intake.receive)
    sa.event.listen(sa.Engine, "after_cursor_execute", _note_write)
    sa.event.listen(sa.Engine, "rollback", _forget_writes)


def install_wake(wake: ModuleType) -> None:
    """Wrap the wake-up calls, which go past Celery; in their earlier form, too, for the older worker."""
    if hasattr(wake.Broker, "publish"):
        wake.Broker.publish = _around_earlier_wake(wake.Broker.publish)
    else:
        wake.Broker.wake = _around_wake(wake.Broker.wake)


def install_links(chain: ModuleType) -> None:
    """One message may carry several links: each is a step of its own, named as if it had come alone."""
    setattr(chain, "run_link", _around_link(chain.run_link))  # noqa: B010 - to mypy a module has fixed names


def install_priority(priority: ModuleType) -> None:
    """Workers do not step back: on a machine with other work the matrix would measure that work."""
    setattr(priority, "step_back", lambda *_said: None)  # noqa: B010 - as above


# what is under way


def _task_begins(task: Any, args: Any, **_said: Any) -> None:
    subject = task.name.partition(".")[0]
    _here.enter(task.name, _deal_of(subject, args[0]) if subject in _DEAL_OF and args else ANY)


def _around_link(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def run_link(services: Any, subject: Any, row_id: int, **rest: Any) -> Any:
        _here.enter(f"{subject.value}.{rest['link'].name}", _deal_of(subject.value, row_id))
        return original(services, subject, row_id, **rest)

    return run_link


def _around_intake(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def receive(services: Any, tenant: Any, event: Any, source: str) -> Any:
        if source == "webhook":
            _here.enter("web.receive", _key(tenant.key, event.deal_id))
        return original(services, tenant, event, source)

    return receive


def _deal_of(subject: str, row_id: int) -> str:
    try:
        return _looked_up(os.getpid(), subject, row_id)
    except (psycopg2.Error, LookupError):
        return ""  # the database is away; whoever cannot be named is spared


@cache
def _looked_up(_pid: int, subject: str, row_id: int) -> str:
    with _own_connection() as connection, connection.cursor() as cursor:
        cursor.execute(_DEAL_OF[subject], (row_id,))
        found = cursor.fetchone()
    if found is None:
        raise LookupError(row_id)
    return _key(*found)


@contextmanager
def _own_connection() -> Iterator[Any]:
    """Past SQLAlchemy, so that looking is no commit of the product's."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=5)
    try:
        connection.autocommit = True
        yield connection
    finally:
        connection.close()


def _key(tenant: str, deal_id: int) -> str:
    return f"{tenant}.{deal_id}"


# commits

_written: dict[int, list[str]] = {}


def _note_write(
    connection: Connection, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> None:
    """A transaction that changed no row commits nothing, so its end is no point."""
    tables = _WRITES.findall(statement)
    if tables and cursor.rowcount != 0:
        _written.setdefault(id(connection), []).append(_change(tables[0], statement, parameters))


def _change(table: str, statement: str, parameters: Any) -> str:
    named = parameters if isinstance(parameters, dict) else {}
    if "state" in named:
        return f"{table}={named['state']}"
    return f"{table} claim" if "SET epoch=(" in statement else table


def _forget_writes(connection: Connection) -> None:
    _written.pop(id(connection), None)


def _around_commit(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def commit(self: Connection) -> None:
        written = _written.pop(id(self), None)
        if not written:
            original(self)
            return
        label = _label(written)
        backend = self.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
        with _around("commit", label, backend=backend):
            original(self)

    return commit


def _label(written: list[str]) -> str:
    """What the transaction is about: the states that it sets, else all tables it writes."""
    changes = list(dict.fromkeys(written))
    telling = [change for change in changes if "=" in change or " " in change]
    return ", ".join(telling or changes)


def _around_statement(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def at_once(self: Database, statement: Any, values: Any) -> Any:
        # A transaction by itself: there is no middle in which its connection could be cut.
        with _around("statement", statement.name):
            return original(self, statement, values)

    return at_once


# partner calls


def _around_call(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def once(self: Any, request: Any, *args: Any, **named: Any) -> Any:
        path = _BASE_OF_API.sub("", _ID_IN_PATH.sub("*", urlsplit(request.url or "").path))
        with _around("call", f"{self.partner} {request.method} {path}"):
            return original(self, request, *args, **named)

    return once


# publishing


def _around_wake(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def wake(self: Any, share: Any, row_id: int, queue: str, message: str, **named: Any) -> Any:
        task = json.loads(message)["headers"]["task"]
        deal = _deal_of(task.partition(".")[0], row_id)
        if _here.step.startswith(CHAINS) and deal != _here.deal:
            # The end of one chain looks for the tenant's next row: whose that is, is chance.
            task, deal = f"{ANOTHERS} {task}", _here.deal
        with _around("publish", task, deal=deal):
            return original(self, share, row_id, queue, message, **named)

    return wake


def _around_earlier_wake(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def publish(self: Any, subject: str, links: Any, row_id: int) -> None:
        if not links:
            return
        with _around("publish", f"{subject}.{links[0].name}", deal=_deal_of(subject, row_id)):
            original(self, subject, links, row_id)

    return publish


_publishing: dict[str, str] = {}


def _before_celery_publishes(sender: str, headers: Any, **_said: Any) -> None:
    if _here.step == "beat":
        _here.seen.clear()  # each time is a new one
    _publishing[headers["id"]] = _numbered(f"publish {sender}")
    _hit(f"before {_publishing[headers['id']]}", _here.deal)


def _after_celery_published(headers: Any, **_said: Any) -> None:
    _hit(f"after {_publishing.pop(headers['id'])}", _here.deal)


# the points themselves


@contextmanager
def _around(kind: str, label: str, *, deal: str = "", backend: int = 0) -> Iterator[None]:
    # Of what is done for a deal in passing, its number among all others in passing would be chance.
    in_passing = bool(deal) and deal != _here.deal
    point = f"{kind} {label}" if in_passing else _numbered(f"{kind} {label}")
    deal = deal or _here.deal
    _hit(f"before {point}", deal, backend)
    yield
    _hit(f"after {point}", deal)


def _numbered(name: str) -> str:
    _here.seen[name] += 1
    return name if _here.seen[name] == 1 else f"{name} #{_here.seen[name]}"


def _hit(where: str, deal: str, backend: int = 0) -> None:
    if not deal or not _here.step:
        return
    point = f"{_here.step}:{where}"
    _say("trace", deal, {"at": time.time(), "pid": os.getpid(), "point": point})
    armed = FOLDER / "armed" / f"{deal}~{digest(point)}"
    fired = FOLDER / "fired" / armed.name
    try:
        armed.rename(fired)
    except FileNotFoundError:
        return
    _say("faults", deal, {"at": time.time(), "pid": os.getpid(), "point": point})
    _ACTIONS[fired.read_text("utf-8")](backend)


def _say(folder: str, deal: str, line: dict[str, Any]) -> None:
    text = json.dumps(line) + "\n"
    handle = os.open(FOLDER / folder / deal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


# what happens there


def _die(_backend: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_with_all(_backend: int) -> None:
    """Main process and pool: the supervisor gave them a process group of their own."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _cut_connection(backend: int) -> None:
    """End the transaction's backend, as a network or an administrator does."""
    with _own_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))


def _kill(name: str) -> Callable[[int], None]:
    def kill(_backend: int) -> None:
        for record in ("servers", "supervisor"):
            for entry in json.loads((VAR_DIR / "run" / f"{record}.json").read_text("utf-8"))["processes"]:
                if entry["name"] == name:
                    os.kill(entry["pid"], signal.SIGKILL)

    return kill


def _wipe_valkey(backend: int) -> None:
    """Dead and forgetful: it comes back 0.2 s later and finds no file."""
    _kill("valkey")(backend)
    shutil.rmtree(VAR_DIR / "valkey" / "appendonlydir")


_ACTIONS: dict[str, Callable[[int], None]] = {
    "kill": _die,
    "kill worker": _die_with_all,
    "cut connection": _cut_connection,
    "kill valkey": _kill("valkey"),
    "wipe valkey": _wipe_valkey,
    "kill postgres": _kill("postgres"),
    "kill beat": _kill("beat"),
    "kill web": _kill("web"),
    "kill sandbox": _kill("sandbox"),
}
