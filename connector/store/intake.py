"""The first win of a deal: delivery, run and journal row in one statement.

Nearly every delivery that leads to anything is one of these, and they come in bursts. One statement,
atomic by itself, is one trip to PostgreSQL; the same rows written one by one cost eight, and many times
the processor time on both sides.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg2.errors import UniqueViolation

from connector.storable import storable_json
from connector.store.engine import Database
from connector.store.single_statements import PreparedStatement

_FIRST_WIN = PreparedStatement(
    "first_win",
    """
WITH started AS (
    -- The deal's run, if it has none and the delivery is new. Of two deliveries at once the later one waits
    -- here for the earlier one's end, and then makes none.
    INSERT INTO run (tenant_id, deal_id, kind, state, due_at, ignore_rule, created_at, updated_at)
    SELECT %(tenant_id)s, %(deal_id)s, %(kind)s, %(state)s, %(due_at)s, %(ignore_rule)s, %(now)s, %(now)s
    WHERE NOT EXISTS (
        SELECT FROM inbox WHERE tenant_id = %(tenant_id)s AND source = %(source)s AND event_id = %(event_id)s
    )
    ON CONFLICT (tenant_id, deal_id, kind, revision, part) DO NOTHING
    RETURNING id
), arrived AS (
    -- Without "on conflict": the same event id stored at the same moment undoes all of this.
    INSERT INTO inbox (tenant_id, source, event_id, deal_id, received_at, facts, run_id)
    SELECT %(tenant_id)s, %(source)s, %(event_id)s, %(deal_id)s, %(now)s, %(facts)s, id FROM started
), told AS (
    INSERT INTO journal (tenant_id, run_id, at, event, to_state, actor, message, details)
    SELECT %(tenant_id)s, id, %(now)s, 'received', %(state)s, %(actor)s, %(message)s, %(details)s FROM started
)
SELECT id FROM started
""",
    {
        "tenant_id": "bigint",
        "source": "text",
        "event_id": "text",
        "deal_id": "bigint",
        "facts": "jsonb",
        "kind": "text",
        "state": "text",
        "due_at": "timestamptz",
        "ignore_rule": "text",
        "actor": "text",
        "message": "text",
        "details": "jsonb",
        "now": "timestamptz",
    },
)


def first_win(
    database: Database,
    *,
    tenant_id: int,
    source: str,
    event_id: str,
    deal_id: int,
    facts: Mapping[str, Any],
    kind: str,
    state: str,
    due_at: datetime | None,
    ignore_rule: str,
    actor: str,
    message: str,
    now: datetime,
) -> int | None:
    """Store a delivery together with the run that it starts.

    Harmless when it is run twice: the second time it stores nothing.

    :returns: the run's id. None: nothing was stored, because the delivery is known or the deal has a run.
    :raises DatabaseUnavailableError: PostgreSQL cannot be reached; the sender has to repeat.
    """
    values = {
        "tenant_id": tenant_id,
        "source": source,
        "event_id": event_id,
        "deal_id": deal_id,
        "facts": storable_json(dict(facts)),
        "kind": kind,
        "state": state,
        "due_at": due_at,
        "ignore_rule": ignore_rule,
        "actor": actor,
        "message": message,
        "details": storable_json({"event_id": event_id}),
        "now": now,
    }
    try:
        row = database.at_once(_FIRST_WIN, values)
    except UniqueViolation:
        return None
    return row[0] if row else None
