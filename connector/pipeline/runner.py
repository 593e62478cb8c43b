"""Runs one link of a chain: claim, work, write — or decide from the error's family what happens next.

A link never decides about retries itself. It returns a :class:`Finish` (where the row goes
and what is written with it, in one transaction) or raises; the families of
:mod:`connector.errors` do the rest.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.errors import (
    AmbiguousError,
    ClaimLostError,
    ConnectorError,
    DatabaseUnavailableError,
    PermissionMissingError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.http import StepBudget
from connector.log import bound_contextvars, get_logger
from connector.pipeline.batches import park_runs
from connector.pipeline.services import Services
from connector.pipeline.states import Link, passes
from connector.store import Transaction, claims, journal, tenants
from connector.store.claims import Claim, Subject
from connector.store.tenants import TenantRow
from connector.timers import RETRY_BUDGET, Timers

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the chain does next: go on, stop, or come back to this link after a while."""

    go_on: bool
    again_in: timedelta | None = None
    idle: bool = field(default=False, compare=False)
    """Whether the link had nothing to do, so that whoever asked is as fresh as before."""


GO_ON = Outcome(go_on=True)
PASS = Outcome(go_on=True, idle=True)
STOP = Outcome(go_on=False)

TRY_BY_HAND = "See whether the partner works again, then: ml-connector run retry RUN"
"""The cure once our own tries are used up."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a link's work, written in one transaction with the change of state."""

    to_state: str
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    write: Callable[[Transaction], Mapping[str, Any] | None] | None = None
    """More to write in the same transaction, before the row itself; may give more of the row's columns."""
    due_in: timedelta | None = timedelta(0)
    """When the next step is due; None for a state in which nothing is."""
    goes_on: bool = True
    """Whether the chain has more to do now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: come back later. No failure, and no use of the retry budget."""

    delay: timedelta
    waiting_for: str
    write: Callable[[Transaction], None] | None = None


@dataclass(frozen=True, slots=True)
class Park:
    """A human's turn, decided by the link itself."""

    code: str
    message: str
    cure: str
    resume_state: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    write: Callable[[Transaction], None] | None = None


@dataclass(frozen=True, slots=True)
class PassOn:
    """Nothing to do for this link in this state; the next one may."""


@dataclass(slots=True)
class Work:
    """What a link's function gets."""

    services: Services
    claim: Claim
    tenant: TenantRow
    budget: StepBudget

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.services.clock.now()

    def still_mine(self) -> None:
        """Check the claim before a partner write: a late worker must not act any more.

        :raises ClaimLostError: someone else has claimed the row since.
        """
        with self.services.database.transaction() as tx:
            claims.write(tx, self.claim, now=self.now)


Result = Finish | Wait | Park | PassOn
LinkFunction = Callable[[Work], Result]


def run_link(
    services: Services,
    subject: Subject,
    row_id: int,
    *,
    chain: tuple[Link, ...],
    link: Link,
    function: LinkFunction,
    budget: StepBudget | None = None,
) -> Outcome:
    """Do one link's work on one run or batch, if it is this link's turn.

    :param budget: what links that one worker does in one go have left; None: a whole one.
    :raises DatabaseUnavailableError: nothing could be claimed or written; the sweep finds the row again.
    """
    started = time.monotonic()
    with services.database.transaction() as tx:
        state = claims.state_of(tx, subject, row_id)
        if state not in link.states:
            return PASS if state is not None and passes(chain, link.name, state) else STOP
        claim = claims.take(
            tx, subject, row_id, state=state, now=services.clock.now(), lease=services.timers.lease
        )
        if claim is None:
            return STOP
        tenant = tenants.get(tx, claim.tenant_id)
    work = Work(services, claim, tenant, budget or services.step_budget())
    with bound_contextvars(tenant=tenant.key, step=link.name, **{subject.value: row_id}):
        outcome, said = _do(work, link, function)
        log.info(
            "step",
            outcome=said,
            from_state=state,
            epoch=claim.epoch,
            duration_ms=round((time.monotonic() - started) * 1000),
        )
    return outcome


def _do(work: Work, link: Link, function: LinkFunction) -> tuple[Outcome, str]:
    """Work and write; whoever has lost the claim on the way, however far it came, writes nothing."""
    try:
        if work.claim.attempts >= RETRY_BUDGET:
            return _write(work, link, _worn_out(link)), "worn_out"
        return _try(work, link, function)
    except ClaimLostError:
        return STOP, "claim_lost"


def _try(work: Work, link: Link, function: LinkFunction) -> tuple[Outcome, str]:
    try:
        return _worked_or_failed(work, link, function)
    except (ClaimLostError, DatabaseUnavailableError):
        raise
    except Exception:
        # Also a failure that could not be written down: a row nobody parks would hang until its lease ends.
        log.exception("step_crashed")
        return _write(work, link, _unknown(link)), "internal_error"


def _worked_or_failed(work: Work, link: Link, function: LinkFunction) -> tuple[Outcome, str]:
    try:
        result = function(work)
        return _write(work, link, result), type(result).__name__.lower()
    except (ClaimLostError, DatabaseUnavailableError):
        raise
    except ConnectorError as e:
        return _fail(work, link, e), e.code
    except work.services.interruptions:
        log.warning("step_too_slow")
        return _fail(work, link, _too_slow(link)), "step_too_slow"


def _worn_out(link: Link) -> Park:
    return Park(
        "step_keeps_dying",
        f"The step {link.name} was broken off {RETRY_BUDGET} times: its worker was killed or ended, or the "
        "database could not be written.",
        "Look into the workers' log (memory?) and PostgreSQL's (disk?), then: ml-connector run retry RUN",
    )


def _too_slow(link: Link) -> TransientError:
    return TransientError(
        f"The step {link.name} took too long and was broken off.",
        code="step_too_slow",
        cure="Nothing to do: it is tried again.",
    )


def _unknown(link: Link) -> Park:
    return Park(
        "internal_error",
        f"An unexpected error happened in the step {link.name}.",
        "Send the log lines of this run to whoever runs ml-connector, then retry the run.",
    )


def _write(work: Work, link: Link, result: Result) -> Outcome:
    now = work.now
    match result:
        case Finish():
            with work.services.database.transaction() as tx:
                more = (result.write(tx) if result.write else None) or {}
                claims.move(
                    tx,
                    work.claim,
                    result.to_state,
                    now=now,
                    actor=link.name,
                    due_at=None if result.due_in is None else now + result.due_in,
                    message=result.message,
                    details=result.details,
                    **result.values,
                    **more,
                )
            return GO_ON if result.goes_on else STOP
        case Wait():
            return _wait(
                work, link, result.delay, result.waiting_for, attempts=work.claim.attempts, more=result.write
            )
        case Park():
            with work.services.database.transaction() as tx:
                _park(tx, work, link, result)
            return STOP
        case PassOn():
            with work.services.database.transaction() as tx:
                claims.release(tx, work.claim)
            return PASS


def _fail(work: Work, link: Link, e: ConnectorError) -> Outcome:
    """The failure table: what each family of errors leads to."""
    timers = work.services.timers
    match e:
        case RateLimitedError():
            return _wait(
                work,
                link,
                e.retry_after or timers.retry_first,
                e.message,
                attempts=work.claim.attempts,
                details=e.details(),
            )
        case TransientError() if work.claim.attempts + 1 < RETRY_BUDGET:
            pause = max(e.retry_after or timedelta(0), backoff_pause(work.claim.attempts, timers))
            return _wait(work, link, pause, e.message, attempts=work.claim.attempts + 1, details=e.details())
        case ReconnectNeededError() | PermissionMissingError():
            return _park_tenant(work, link, e)
        case AmbiguousError() | TransientError():
            # Their own cure says that nothing has to be done, which is true no more.
            message = f"{e.message} It was tried {work.claim.attempts + 1} times."
            return _write(work, link, Park(e.code, message, TRY_BY_HAND, details=e.details()))
        case _:
            return _write(work, link, Park(e.code, e.message, e.cure, details=e.details()))


def backoff_pause(failures: int, timers: Timers) -> timedelta:
    """Exponential pause with jitter: doubles up to the cap, each between half and whole."""
    whole = min(timers.retry_first * 2**failures, timers.retry_cap)
    return whole * random.uniform(0.5, 1)  # noqa: S311 - jitter, no secret


def _wait(
    work: Work,
    link: Link,
    delay: timedelta,
    waiting_for: str,
    *,
    attempts: int,
    details: Mapping[str, Any] | None = None,
    more: Callable[[Transaction], None] | None = None,
) -> Outcome:
    now = work.now
    with work.services.database.transaction() as tx:
        claims.wait(
            tx,
            work.claim,
            now=now,
            due_at=now + delay,
            waiting_for=waiting_for,
            actor=link.name,
            attempts=attempts,
            details=details,
        )
        if more:
            more(tx)
    return Outcome(go_on=False, again_in=delay) if delay <= work.services.timers.longest_countdown else STOP


def _park(tx: Transaction, work: Work, link: Link, result: Park) -> None:
    claims.park(
        tx,
        work.claim,
        now=work.now,
        actor=link.name,
        code=result.code,
        message=result.message,
        cure=result.cure,
        resume_state=result.resume_state,
        details=result.details,
    )
    if work.claim.subject is Subject.BATCH:
        park_runs(
            tx,
            tenant_id=work.tenant.id,
            batch_id=work.claim.id,
            now=work.now,
            actor=link.name,
            code=result.code,
            message=result.message,
            cure=result.cure,
        )
    if result.write:
        result.write(tx)


def _park_tenant(work: Work, link: Link, e: ConnectorError) -> Outcome:
    """A login or a right is gone: the tenant waits, its rows stay where they are and go on by themselves."""
    now = work.now
    with work.services.database.transaction() as tx:
        park_tenant(tx, work, link.name, e)
        claims.wait(
            tx,
            work.claim,
            now=now,
            due_at=now,
            waiting_for=e.message,
            actor=link.name,
            attempts=work.claim.attempts,
            details=e.details(),
        )
    return STOP


def park_tenant(tx: Transaction, work: Work, actor: str, e: ConnectorError) -> None:
    """Stop all steps of the tenant, with a journal row the first time."""
    if tenants.park(tx, work.tenant.id, code=e.code, message=e.message, cure=e.cure, now=work.now):
        journal.write(
            tx,
            tenant_id=work.tenant.id,
            at=work.now,
            event="tenant_parked",
            actor=actor,
            message=e.message,
            details=e.details(),
        )
