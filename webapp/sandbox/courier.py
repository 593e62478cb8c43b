"""Delivers Pipedrive's webhooks: the queue is on disk, so a killed sandbox delivers after its restart.

Pipedrive's rules (guide for webhooks): any 2xx within 10 s is success; else three more tries after 3, 30 and
150 s; ten events whose first try failed ban the hook for 30 minutes, and events during a ban are lost; a hook
without success for three days is deleted.
"""

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import requests

from webapp.sandbox.clock import SandboxClock, iso_utc
from webapp.sandbox.store import Record, Store

RETRY_DELAYS_S = (3.0, 30.0, 150.0)
ANSWER_WITHIN_S = 10.0
BAN_AFTER_FIRST_FAILURES = 10
BAN_S = 30 * 60.0
DELETE_WITHOUT_SUCCESS = timedelta(days=3)
PARALLEL = 8
"""Deliveries at the same time: one slow receiver must not hold up the others."""
IDLE_S = 5.0
"""Longest sleep of the thread; a new event wakes it at once, this only bounds a missed wake."""

log = logging.getLogger(__name__)


class Courier:
    """The thread that empties the outgoing queue."""

    def __init__(self, store: Store, clock: SandboxClock) -> None:
        self._store = store
        self._clock = clock
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._in_flight: set[int] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin to deliver; what an earlier process left is delivered first."""
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="sandbox-webhook")
        self._thread = threading.Thread(target=self._run, name="sandbox-courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; undelivered events stay in the queue."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=ANSWER_WITHIN_S)
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self) -> None:
        """Something new is in the queue."""
        self._wake.set()

    def enqueue(self, domain: str, hook: Record, body: Record) -> None:
        """Put one event for one hook into the queue (inside the caller's transaction)."""
        banned_until = hook.get("_banned_until")
        lost = banned_until is not None and time.time() < banned_until
        parcel = {"domain": domain, "hook_id": hook["id"], "url": hook["subscription_url"], "body": body}
        parcel.update({"attempt": 1, "tries": []})
        self._store.connection.execute(
            "INSERT INTO outbox (state, due_at, body) VALUES (?, ?, ?)",
            ("lost" if lost else "pending", time.time(), json.dumps(parcel, ensure_ascii=False)),
        )

    def deliveries(self) -> list[Record]:
        """Every event with its tries, oldest first."""
        rows = self._store.connection.execute("SELECT id, state, due_at, body FROM outbox ORDER BY id")
        return [
            {"id": key, "state": state, "due_at": due, **json.loads(body)} for key, state, due, body in rows
        ]

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            pause = IDLE_S
            try:
                pause = self._dispatch_due()
            except Exception:
                log.exception("the webhook queue could not be read; trying again")
            self._wake.wait(pause)

    def _dispatch_due(self) -> float:
        rows = self._store.connection.execute(
            "SELECT id, due_at FROM outbox WHERE state = 'pending' ORDER BY due_at LIMIT 200"
        ).fetchall()
        now = time.time()
        pause = IDLE_S
        for key, due_at in rows:
            if due_at > now:
                return min(pause, float(due_at) - now)
            with self._lock:
                if key in self._in_flight:
                    continue
                self._in_flight.add(key)
            if self._pool is not None and not self._stopping.is_set():
                self._pool.submit(self._deliver, key)
        return pause

    def _deliver(self, key: int) -> None:
        try:
            row = self._store.connection.execute(
                "SELECT body FROM outbox WHERE id = ? AND state = 'pending'", (key,)
            ).fetchone()
            if row is not None:
                parcel: Record = json.loads(row[0])
                hook = self._store.get("pd_hook", parcel["hook_id"], parcel["domain"])
                if hook is None or not hook["is_active"]:
                    self._save(key, "gone", parcel, time.time())
                else:
                    self._settle(key, parcel, hook, self._post(parcel, hook))
        except Exception:
            log.exception("webhook delivery %s failed inside the sandbox", key)
        finally:
            with self._lock:
                self._in_flight.discard(key)
            self._wake.set()

    def _post(self, parcel: Record, hook: Record) -> int | None:
        """The status of one try, or None when nobody answered in time."""
        raw = json.dumps(_with_attempt(parcel), ensure_ascii=False, separators=(",", ":")).encode()
        account = self._store.get("pd_account", parcel["domain"]) or {}
        headers = {"Content-Type": "application/json", "User-Agent": "Pipedrive Webhooks"}
        headers.update(_signature(account.get("webhook_signing"), raw))
        user = hook.get("http_auth_user")
        auth = (user, hook.get("http_auth_password") or "") if user else None
        encoded_auth = None if auth is None else tuple(part.encode() for part in auth)
        try:
            answer = requests.post(
                parcel["url"],
                data=raw,
                headers=headers,
                auth=encoded_auth,  # type: ignore[arg-type]  # bytes keep passwords beyond latin-1 intact
                timeout=ANSWER_WITHIN_S,
                allow_redirects=False,
            )
        except requests.RequestException:
            return None
        return answer.status_code

    def _settle(self, key: int, parcel: Record, hook: Record, status: int | None) -> None:
        """Write down how a try ended and what follows from it."""
        delivered = status is not None and 200 <= status < 300
        attempt = parcel["attempt"]
        now = self._clock.now()
        parcel["tries"].append({"attempt": attempt, "status": status, "at": iso_utc(now)})
        with self._store.transaction():
            fresh = self._store.get("pd_hook", hook["id"], parcel["domain"]) or hook
            fresh["last_delivery_time"] = iso_utc(now)
            fresh["last_http_status"] = status
            if delivered:
                fresh["_last_success"] = iso_utc(now)
                self._save(key, "delivered", parcel, time.time())
            else:
                self._punish(fresh, attempt)
                self._remove_if_dead(fresh, now)
                self._plan_next(key, parcel)
            self._store.put("pd_hook", fresh["id"], fresh, parcel["domain"])

    def _plan_next(self, key: int, parcel: Record) -> None:
        attempt = parcel["attempt"]
        if attempt > len(RETRY_DELAYS_S):
            self._save(key, "given up", parcel, time.time())
            return
        parcel["attempt"] = attempt + 1
        self._save(key, "pending", parcel, time.time() + self._clock.scaled(RETRY_DELAYS_S[attempt - 1]))

    def _punish(self, hook: Record, attempt: int) -> None:
        if attempt > 1:
            return  # failing repeats do not count
        hook["_first_failures"] = hook.get("_first_failures", 0) + 1
        if hook["_first_failures"] >= BAN_AFTER_FIRST_FAILURES:
            hook["_first_failures"] = 0
            hook["_banned_until"] = time.time() + self._clock.scaled(BAN_S)

    def _remove_if_dead(self, hook: Record, now: datetime) -> None:
        since = datetime.fromisoformat(hook.get("_last_success") or hook["add_time"])
        if now - since > DELETE_WITHOUT_SUCCESS:
            hook["is_active"] = 0
            hook["remove_time"] = iso_utc(now)
            hook["remove_reason"] = "no successful delivery on three consecutive days"

    def _save(self, key: int, state: str, parcel: Record, due_at: float) -> None:
        self._store.connection.execute(
            "UPDATE outbox SET state = ?, due_at = ?, body = ? WHERE id = ?",
            (state, due_at, json.dumps(parcel, ensure_ascii=False), key),
        )


def _with_attempt(parcel: Record) -> Record:
    body: Record = parcel["body"]
    if "event" in body:  # version 1.0 counts repeats from 0
        return {**body, "retry": parcel["attempt"] - 1}
    return {**body, "meta": {**body["meta"], "attempt": parcel["attempt"]}}


def _signature(signing: Record | None, raw: bytes) -> dict[str, str]:
    """The header of a signing proxy in front of the receiver; Pipedrive itself signs nothing."""
    if not signing:
        return {}
    mac = hmac.new(signing["key"].encode(), raw, hashlib.sha256).digest()
    text = base64.b64encode(mac).decode() if signing["encoding"] == "base64" else mac.hex()
    return {signing["header"]: signing["prefix"] + text}
