"""Judges what DATEV answers, by the tables of :mod:`connector.datev.verdict_tables`.

The most specific row wins: operation and code, then code, then operation and status, then status.
What no row knows is judged by its status class and by whether the call may be repeated.
"""

from datetime import timedelta

from connector.datev.answers import is_structured, partner_answer, retry_after
from connector.datev.operations import Operation, Repeat
from connector.datev.verdict_defaults import (
    ANY,
    BLOCKED,
    BY_STATUS,
    FAILED,
    FAILED_INSIDE,
    IN_DOUBT,
    REDIRECTED,
    REFUSED,
    Verdict,
)
from connector.datev.verdict_tables import EXTF, EXTF_FILE_REFUSED, TABLES
from connector.errors import ConnectorError, PartnerAnswer, ReconnectNeededError, TransientError
from connector.http import Answer


def verdict_on(operation: Operation, status: int, partner_code: str) -> Verdict:
    """The row for an answer that is no success."""
    if status >= 500:
        # Whatever code it carries: a server that failed may still have kept what we sent.
        return _by_class(operation, status)
    table = TABLES[operation.api]
    for key in (
        (operation.name, ANY, partner_code),
        (ANY, ANY, partner_code),
        (operation.name, status, ANY),
        (ANY, status, ANY),
    ):
        if key in table:
            return table[key]
    return BY_STATUS.get(status) or _by_class(operation, status)


def verdict_on_job(partner_code: str) -> Verdict:
    """The row for an EXTF job that failed; a code that no row knows is judged like a refused file."""
    return EXTF.get((ANY, ANY, partner_code)) or EXTF[ANY, ANY, EXTF_FILE_REFUSED]


def error_from(operation: Operation, answer: Answer) -> ConnectorError:
    """The error for an answer that is no success; the caller raises it."""
    said = partner_answer(operation, answer)
    verdict = verdict_on(operation, answer.status, said.partner_code)
    if answer.status == 403 and not is_structured(answer):
        verdict = BLOCKED
    return build_error(operation, verdict, said, wait=retry_after(answer))


def build_error(
    operation: Operation, verdict: Verdict, said: PartnerAnswer, *, wait: timedelta | None = None
) -> ConnectorError:
    """A verdict with DATEV's own words as an error of its family."""
    words = f" DATEV's words: {said.text}" if said.text else ""
    message = f"While {operation.title}, DATEV says that {verdict.says}.{words}"
    family = verdict.family
    if issubclass(family, ReconnectNeededError):
        return family(message, partner="datev", code=verdict.code, cure=verdict.cure, answer=said)
    if issubclass(family, TransientError):
        return family(
            message, retry_after=wait or verdict.pause, code=verdict.code, cure=verdict.cure, answer=said
        )
    return family(message, code=verdict.code, cure=verdict.cure, answer=said)


def _by_class(operation: Operation, status: int) -> Verdict:
    if 300 <= status < 400:
        return REDIRECTED
    if 400 <= status < 500 and status != 408:
        return REFUSED
    # 408, 5xx and successes that DATEV does not describe: the call may have taken effect.
    if operation.repeat is Repeat.NEVER:
        return IN_DOUBT
    return FAILED_INSIDE if status == 500 else FAILED
