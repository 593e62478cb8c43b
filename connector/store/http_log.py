"""The log of calls to partners: written one by one, cheaply, and read by people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connector.http_record import FIRST_ERROR, CallRecord
from connector.storable import storable_json
from connector.store import tables as t
from connector.store.engine import Database, Transaction
from connector.store.evidence_tables import http_log
from connector.store.single_statements import PreparedStatement

_KEEP = PreparedStatement(
    "keep_call",
    """
INSERT INTO http_log (at, tenant_id, run_id, batch_id, step, partner, method, url, status, failure,
                      request_ids, duration_ms, sent_bytes, received_bytes, error_body)
SELECT %(at)s, (SELECT id FROM tenant WHERE key = %(tenant)s), %(run_id)s, %(batch_id)s, %(step)s,
       %(partner)s, %(method)s, %(url)s, %(status)s, %(failure)s, %(request_ids)s, %(duration_ms)s,
       %(sent_bytes)s, %(received_bytes)s, %(error_body)s
-- Not worth waiting for the disk: a power cut may take the last half second of the log along.
FROM (SELECT set_config('synchronous_commit', 'off', true) AS waits) AS lax WHERE waits = 'off'
RETURNING id
""",
    {
        "at": "timestamptz",
        "tenant": "text",
        "run_id": "bigint",
        "batch_id": "bigint",
        "step": "text",
        "partner": "text",
        "method": "text",
        "url": "text",
        "status": "integer",
        "failure": "text",
        "request_ids": "jsonb",
        "duration_ms": "integer",
        "sent_bytes": "bigint",
        "received_bytes": "bigint",
        "error_body": "bytea",
    },
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a call was made for, as far as it is known."""

    tenant: str = ""
    """Key; empty: for none in particular."""
    run_id: int | None = None
    batch_id: int | None = None
    step: str = ""


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call as it is shown."""

    id: int
    at: datetime
    tenant_id: int | None
    run_id: int | None
    batch_id: int | None
    step: str
    partner: str
    method: str
    url: str
    status: int | None
    failure: str
    request_ids: Mapping[str, str]
    duration_ms: int
    sent_bytes: int
    received_bytes: int


_COLUMNS = [http_log.c[name] for name in LoggedCall.__slots__]


def keep(
    database: Database, call: CallRecord, occasion: Occasion, *, at: datetime, error_body: bytes | None
) -> None:
    """Add a call, in a transaction of its own.

    :param error_body: encrypted.
    :raises DatabaseUnavailableError: PostgreSQL cannot be reached.
    """
    database.at_once(
        _KEEP,
        {
            "at": at,
            "tenant": occasion.tenant,
            "run_id": occasion.run_id,
            "batch_id": occasion.batch_id,
            "step": occasion.step,
            "partner": call.partner,
            "method": call.method,
            "url": call.url,
            "status": call.status,
            "failure": call.failure,
            "request_ids": storable_json(dict(call.request_ids)),
            "duration_ms": call.duration_ms,
            "sent_bytes": call.sent_bytes,
            "received_bytes": call.received_bytes,
            "error_body": error_body,
        },
    )


def search(
    tx: Transaction,
    *,
    tenant_id: int | None = None,
    run_id: int | None = None,
    batch_id: int | None = None,
    since: datetime | None = None,
    errors: bool = False,
    limit: int = 100,
) -> list[LoggedCall]:
    """Calls, newest first.

    :param run_id: calls of this run and of the batch that carried it.
    :param errors: only refusals, and calls without a whole answer.
    """
    chosen = sa.select(*_COLUMNS).order_by(http_log.c.id.desc()).limit(limit)
    if tenant_id is not None:
        chosen = chosen.where(http_log.c.tenant_id == tenant_id)
    if run_id is not None:
        its_batch = sa.select(t.run.c.batch_id).where(t.run.c.id == run_id).scalar_subquery()
        chosen = chosen.where(sa.or_(http_log.c.run_id == run_id, http_log.c.batch_id == its_batch))
    if batch_id is not None:
        chosen = chosen.where(http_log.c.batch_id == batch_id)
    if since is not None:
        chosen = chosen.where(http_log.c.at >= since)
    if errors:
        chosen = chosen.where(sa.or_(http_log.c.status.is_(None), http_log.c.status >= FIRST_ERROR))
    return [LoggedCall(*row) for row in tx.execute(chosen)]


def get(tx: Transaction, call_id: int) -> tuple[LoggedCall, bytes | None] | None:
    """A call with the encrypted body of its refusal."""
    row = tx.execute(sa.select(*_COLUMNS, http_log.c.error_body).where(http_log.c.id == call_id)).first()
    if row is None:
        return None
    body = row.error_body
    return LoggedCall(*row[:-1]), None if body is None else bytes(body)
