"""Warning in time that a login ends, which takes a person to renew, and often one at the adviser's.

DATEV's lasting login ends two years after somebody logged in, whatever happens in between. Pipedrive's ends
sixty days after its last use; near its end is only one that nothing was carried with.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from connector.clock import BERLIN
from connector.log import get_logger
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, PIPEDRIVE, TITLES, reconnect_command
from connector.store import Transaction, connections, journal
from connector.store.connections import ConnectionRow

log = get_logger(__name__)

WARN_DAYS_AHEAD = (14, 7, 3, 1)
"""Two weeks to find whoever may log in, then ever more urgently."""

ENDS_SOON = "login_ends_soon"
"""The journal's word."""

ACTOR = "login expiry"

_DAY = timedelta(days=1)

_WHY: Mapping[str, str] = {
    DATEV: "it cannot be prolonged",
    PIPEDRIVE: "nothing has been carried with it for weeks; ml-connector ping prolongs it",
}


def warn_of_ends(services: Services) -> int:
    """Write one journal row for each login and threshold that is reached; how many were written."""
    now = services.clock.now()
    written = 0
    with services.database.transaction() as tx:
        for row in connections.ending(tx, before=now + WARN_DAYS_AHEAD[0] * _DAY):
            written += _warn(tx, row, now)
    return written


def end_text(end: datetime, who: str) -> str:
    """An end and whose it is, as DATEV wants it shown: ``05.11.2028 14:30 (Berlin), login of …``."""
    owner = f", login of {who}" if who else ""
    return f"{end.astimezone(BERLIN):%d.%m.%Y %H:%M} (Berlin){owner}"


def _warn(tx: Transaction, row: ConnectionRow, now: datetime) -> bool:
    end = row.refresh_expires_at
    if end is None or end <= now:
        return False  # it has ended, which the next step finds out and says
    days = min(days for days in WARN_DAYS_AHEAD if end - now < days * _DAY)
    if _is_told(tx, row, days, end):
        return False
    title = TITLES[row.partner]
    journal.write(
        tx,
        tenant_id=row.tenant_id,
        at=now,
        event=ENDS_SOON,
        actor=ACTOR,
        message=f"The login to {title} ends on {end_text(end, row.subject_name)}; {_WHY[row.partner]}. "
        + reconnect_command(row.partner, row.tenant_key),
        details={"partner": row.partner, "kind": row.kind, "days": days, "ends_at": end.isoformat()},
    )
    log.warning(ENDS_SOON, tenant=row.tenant_key, partner=row.partner, days=days)
    return True


def _is_told(tx: Transaction, row: ConnectionRow, days: int, end: datetime) -> bool:
    """Whether this threshold of this end was told. Every renewal tells the end anew, a second off at most, so
    not the moment is compared: a day before the threshold nobody can have told it of this end."""
    return any(
        (told.details.get("partner"), told.details.get("kind"), told.details.get("days"))
        == (row.partner, row.kind, days)
        for told in journal.of_tenant_since(tx, row.tenant_id, ENDS_SOON, end - (days + 1) * _DAY)
    )
