"""One point of the matrix, tried: the fault is put in, what comes of it is seen and compared."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from connector.pipeline.parking import resume_tenant
from connector.pipeline.retry import retry_run
from connector.store import journal
from connector.store import tables as t
from connector.tenants.config import DatevFormat
from tests.acceptance.faults.table import BY_ITSELF, Call, Fault, Point
from tests.acceptance.faults.world import (
    DEAL,
    World,
    connect_datev,
    connect_pipedrive,
    deal_with_everything,
    know_debtor,
)
from tests.integration.pipeline.carriage import MOST_ROUNDS, Carriage

MANY = 10_000
"""How often a fault comes that stays until it is taken away."""

BACKOFF = (7.4, 15.1)
"""Seconds of a retry's first pause; each further one is twice as long."""

FILE_NAME = re.compile(r"EXTF_[\w.-]+\.csv")
"""Made anew for each attempt; what the user reads is compared without it."""

HELP = "https://developer.datev.de/help/"
GOOD_JOBS = {
    "import_result": "succeeded",
    "validation_details": None,
    "dxso_status": 2,
    "dxso_protocol": [],
}

WHAT_BOOKS = (1, 2, 4, 6)
"""Statuses of a finalised DXSO job in which its bookings are at DATEV, if its protocol names no error."""


@dataclass(slots=True)
class Seen:
    """What came of a point, and what is wrong with it."""

    state: str = ""
    code: str = ""
    says: str = ""
    cure: str = ""
    due: float | None = None
    made: int = 0
    more: int = 0
    booked: int = 0
    booked_in_all: int = 0
    wrong: list[str] = field(default_factory=list)
    """Differences from what is expected, one sentence each."""
    seconds: float = 0.0

    def compare(self, what: str, expected: object, seen: object) -> None:
        """Note a difference."""
        if expected != seen:
            self.wrong.append(f"{what}: expected {expected!r}, seen {seen!r}")


def run(world: World, point: Point, matrix: Sequence[Point]) -> Seen:
    """Try one point.

    :param matrix: all points, whose calls and faults a point may name as what comes before.
    """
    started, seen = time.monotonic(), Seen()
    calls = {one.call.name: one.call for one in matrix}
    faults = {one.fault.name: one.fault for one in matrix}
    try:
        slow = point.fault.slow or point.call.dialect == "oauth"
        with world.carriage(point.call, slow=slow) as carriage:
            _Trial(carriage, point, calls, faults, seen).run()
    except Exception as e:  # noqa: BLE001 - one broken point must not end the matrix
        seen.wrong.append(f"broke off: {type(e).__name__}: {e}")
    seen.seconds = time.monotonic() - started
    return seen


class _Trial:
    def __init__(
        self,
        carriage: Carriage,
        point: Point,
        calls: Mapping[str, Call],
        faults: Mapping[str, Fault],
        seen: Seen,
    ) -> None:
        self.carriage, self.sandbox = carriage, carriage.sandbox
        self.call, self.fault, self.expected = point.call, point.fault, point.expected
        self.calls, self.faults = calls, faults
        self.seen = seen
        self.failures = 1
        self.logins = 1
        """How often somebody has logged in so far."""

    def run(self) -> None:
        if self.call.before:
            first = self.calls[self.call.before["call"]]
            self._arm(first, self.faults[self.call.before["fault"]], times=1)
        self._arm(self.call, self.fault, times=self.fault.times or MANY)
        self.run_id = deal_with_everything(self.carriage)
        if self.call.setting == "known_debtor":
            know_debtor(self.carriage, self.run_id)
        self._until_it_fired()
        if self.fault.lasts:
            self.carriage.finish()
        self._observe()
        self._take_away()
        self._let_it_go_on()
        self._compare_end()

    def _arm(self, call: Call, fault: Fault, *, times: int) -> None:
        if fault.datev:
            self.sandbox.control("datev/settings", **_job_end(fault))
            return
        options: dict[str, Any] = dict(fault.sandbox)
        if fault.looks_good and call.success != 200:
            options["status"] = call.success
        if fault.name == "misshapen":
            options |= {"status": call.success, "body": {"success": True, "data": "nonsense", "status": True}}
        if fault.words:
            options["body"] = _refusal(call.dialect, fault)
        options.setdefault("delay_seconds", 20 if fault.sandbox["kind"] == "timeout" else None)
        self.sandbox.fault(
            call.path, options.pop("kind"), method=call.method, skip=call.turn, times=times, **options
        )

    def _until_it_fired(self) -> None:
        """Carry, and let time pass where the deal waits, until the fault has come and what is due is done."""
        for _round in range(MOST_ROUNDS):
            self.carriage.carry()
            if self._made():
                return
            if not self.carriage.until_due():
                break
        raise AssertionError("the fault never fired")

    def _made(self, call: Call | None = None) -> int:
        """How often the call was made, from its turn on."""
        wanted = call or self.call
        listed = requests.get(f"{self.sandbox.url}/control/requests?limit=5000", timeout=30).json()
        count = sum(
            one["method"] == wanted.method and re.search(wanted.path, one["path"]) is not None
            for one in listed["requests"]
        )
        return max(0, count - wanted.turn - self._at_login(wanted))

    def _at_login(self, call: Call) -> int:
        """Calls to the token endpoints that a person's login makes: they carry no deal."""
        return self.logins if call.name in ("datev_token", "pipedrive_token") else 0

    def _observe(self) -> None:
        seen, carriage = self.seen, self.carriage
        run, tenant = carriage.run(self.run_id), carriage.tenant
        seen.made = self._made()
        seen.booked = _booked(carriage)
        if tenant.parked:
            seen.state, seen.code = "parked", tenant.parked_code or ""
            seen.says, seen.cure = tenant.parked_message or "", tenant.parked_cure or ""
        elif run.state in ("needs_attention", "cancelled"):
            seen.state, seen.code = run.state, run.reason_code
            seen.says, seen.cure = run.reason_message, run.reason_cure
        elif run.state == "done":
            seen.state = "done"
        else:
            seen.state = "waits"
            self._observe_wait()
        seen.says = FILE_NAME.sub("{file}", seen.says)
        expected = self.expected
        if seen.state == "done":
            seen.made -= self.call.later
        for name in ("state", "code", "says", "cure", "made"):
            seen.compare(name, getattr(expected, name), getattr(seen, name))
        seen.compare("booked", self.call.booked if expected.booked is None else expected.booked, seen.booked)
        self._compare_due()

    def _observe_wait(self) -> None:
        """What the user sees at the run, and the newest row of the journal about it."""
        rows = [row for row in (*self._rows(t.run), *self._rows(t.batch)) if row.waiting_for]
        if not rows:
            self.seen.state = "goes on"
            return
        with self.carriage.services.database.transaction() as tx:
            waits = [row for row in journal.of_run(tx, self.run_id) if row.event == "waits"]
        problems = waits[-1].details.get("problems") or [{}]
        self.seen.code, self.seen.cure = problems[0].get("code", ""), problems[0].get("cure", "")
        self.seen.says = waits[-1].message
        self.seen.compare("the row waits for", [self.seen.says], [row.waiting_for for row in rows])
        self.seen.due = (rows[0].due_at - waits[-1].at).total_seconds()
        self.failures = rows[0].attempts

    def _rows(self, table: Any) -> list[Any]:
        return self.carriage.rows(table, "due_at", "waiting_for", "attempts")

    def _compare_due(self) -> None:
        expected, due = self.expected.due, self.seen.due
        if expected == "backoff":
            shortest, longest = (seconds * 2 ** (self.failures - 1) for seconds in BACKOFF)
            if due is None or not shortest <= due <= longest:
                self.seen.wrong.append(f"due: expected a pause of {shortest:g} to {longest:g} s, seen {due}")
        else:
            self.seen.compare("due", expected, "" if due is None else f"{due:g}")

    def _take_away(self) -> None:
        self.sandbox.clear_faults()
        if self.fault.datev:
            self.sandbox.control("datev/settings", **GOOD_JOBS)

    def _let_it_go_on(self) -> None:
        """Time passes; where a person is needed nothing may move before, then the cures are done in turn."""
        for cure in self.expected.then:
            if cure != BY_ITSELF:
                self.carriage.finish()
                self._compare_rest()
                self._cure(cure)
        self.carriage.finish()

    def _compare_rest(self) -> None:
        """What a person finds who comes to cure it."""
        expected, seen, run = self.expected, self.seen, self.carriage.run(self.run_id)
        if expected.rests != "needs_attention":
            seen.compare("before the cure", expected.rests or seen.state, self._state())
            return
        says = FILE_NAME.sub("{file}", run.reason_message)
        found = (run.state, run.reason_code, says, run.reason_cure)
        wanted = (expected.rests, expected.rests_code, expected.rests_says, expected.rests_cure)
        seen.compare("before the cure", wanted, found)

    def _state(self) -> str:
        run = self.carriage.run(self.run_id)
        if self.carriage.tenant.parked:
            return "parked"
        return run.state if run.state in ("needs_attention", "cancelled", "done") else "waits"

    def _cure(self, cure: str) -> None:
        carriage = self.carriage
        match cure:
            case "retry":
                retry_run(carriage.services, self.run_id, actor="anna")
            case "send again":
                retry_run(carriage.services, self.run_id, actor="anna", send_again=True)
            case "resume":
                resume_tenant(carriage.services, carriage.tenant, actor="anna")
            case "connect":
                if self.call.setting == "pipedrive_oauth":
                    connect_pipedrive(carriage)
                else:
                    connect_datev(carriage, DatevFormat(self.call.road))
                self.logins += 1
            case "win again":
                carriage.receive(carriage.event(DEAL))

    def _compare_end(self) -> None:
        seen, carriage = self.seen, self.carriage
        seen.more = self._made() - seen.made - self.call.later
        seen.booked_in_all = _booked(carriage)
        arrived = self.sandbox.arrivals()
        seen.compare("calls afterwards", self.expected.more, seen.more)
        seen.compare("at the end", "done", self._state())
        seen.compare("bookings in all", 1, seen.booked_in_all)
        seen.compare("postings sent", self.expected.sent, _sent(arrived))
        extf = self.call.road == "extf"
        seen.compare("documents", 1 if extf else 0, len(arrived["documents"]))
        seen.compare("debtor records", 1, len(carriage.rows(t.debtor, "id")))
        new_debtor = extf and self.call.setting != "known_debtor"
        seen.compare("debtor files", 1 if new_debtor else 0, carriage.debtor_files())
        seen.compare("notes", 1, len(arrived["notes"]))
        seen.compare("status told", True, bool(arrived["patched_deals"]))
        open_intents = [row.state for row in carriage.rows(t.submission, "state") if row.state == "intended"]
        seen.compare("hand-overs without an end", [], open_intents)
        for name, times in self.expected.also.items():
            seen.compare(f"calls of {name}", times, self._made(self.calls[name]))


def _booked(carriage: Carriage) -> int:
    """Bookings that DATEV has: posting files it did not refuse, jobs that did not fail."""
    arrived = carriage.sandbox.arrivals()
    files = [f for f in arrived["extf_files"] if f["data_category_id"] == 21 and f["result"] != "failed"]
    jobs = [j for j in arrived["dxso_jobs"] if j["finalised_at"] and j["status"] in WHAT_BOOKS]
    whole = [job for job in jobs if not any(line["type"] == "error" for line in job["protocol"])]
    return len(files) + len(whole)


def _sent(arrived: Mapping[str, Any]) -> int:
    files = [f for f in arrived["extf_files"] if f["data_category_id"] == 21]
    return len(files) + len([j for j in arrived["dxso_jobs"] if j["finalised_at"]])


def _job_end(fault: Fault) -> dict[str, Any]:
    """How DATEV's jobs end: ``help`` stands for a whole verdict."""
    settings = dict(fault.datev)
    code = settings.pop("help", None)
    if code:
        settings["validation_details"] = {
            "type": f"{HELP}{code}",
            "title": "Fehler",
            "detail": "Etwas stimmt nicht",
            "affected_elements": [],
        }
    return settings


def _refusal(dialect: str, fault: Fault) -> dict[str, Any]:
    """The fault's words as the partner would put them."""
    match dialect:
        case "pipedrive":
            return {"success": False, "error": fault.words, "error_info": "", "data": None}
        case "problem":
            return {"title": fault.words, "status": fault.sandbox["status"], "request_id": "r-1"}
        case "dco":
            return {"error": fault.code, "error_description": fault.words, "request_id": "r-1"}
        case _:
            return {"error": fault.code, "error_description": fault.words}
