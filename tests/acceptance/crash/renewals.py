"""Rows about logins: the access token has ended when the deal is won, so that its first step renews it.

DATEV's refresh tokens are good for one use. Killed between DATEV's answer and our store, the login is over;
that is to be seen and said, and after the person's new login the deal must go on.
"""

from datetime import timedelta

from connector.errors import ReconnectNeededError
from connector.store import Transaction, connections, tenants
from tests.acceptance.crash.deals import Deal
from tests.acceptance.crash.tenants import log_in_at_datev
from tests.acceptance.crash.world import World

_LONG_AGO = timedelta(days=1)

_WORDS = ("connection", " token", "oauth/token")
"""By these the points of a renewal are known among those of the steps."""


def is_of_renewal(point: str) -> bool:
    """Whether a point belongs to a renewal."""
    return any(word in point for word in _WORDS)


class ExpiredLogins:
    """Ends the access tokens before a deal is won, and acts for the person who is asked to log in again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: dict[Deal, str] = {}

    def prepare(self, deal: Deal) -> None:
        """Let every access token of the deal's tenant have ended."""
        services = self._world.services
        with services.database.transaction() as tx:
            for row in connections.of_tenant(tx, self._tenant(tx, deal)):
                connections.expire_access(tx, row, now=services.clock.now() - _LONG_AGO)

    def attend(self, deal: Deal) -> None:
        """Log in again, once, if the tenant waits for it."""
        services = self._world.services
        with services.database.transaction() as tx:
            tenant = tenants.get(tx, self._tenant(tx, deal))
        if tenant.parked_code == ReconnectNeededError.default_code and deal not in self._asked:
            self._asked[deal] = tenant.parked_message or ""
            log_in_at_datev(services, deal.member, tenant.config.datev.client_id)

    def problems(self, deal: Deal) -> list[str]:
        """Asked although nothing was lost, or not asked although the login was."""
        spent, said = self._is_spent(deal), self._asked.get(deal)
        if spent and said is None:
            return ["the login was lost, and nobody was asked for a new one"]
        if not spent and said is not None:
            return [f"asked for a new login: {said}"]
        return []

    def _is_spent(self, deal: Deal) -> bool:
        """Whether a process died between DATEV's answer and our store of it."""
        dead = {line["pid"] for line in self._world.lines("faults", deal.key)}
        passed = [line["point"] for line in self._world.lines("trace", deal.key) if line["pid"] in dead]
        answers = [
            place for place, point in enumerate(passed) if point.endswith(":after call DATEV POST token")
        ]
        return bool(answers) and not any(
            ":after commit connection" in point for point in passed[answers[-1] :]
        )

    def _tenant(self, tx: Transaction, deal: Deal) -> int:
        found = tenants.find(tx, deal.member.key)
        if found is None:
            raise LookupError(deal.member.key)
        return found.id
