"""What a command works with: the settings, and the services on the database that is there."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from connector import settings as environment
from connector import store
from connector.cli.output import say
from connector.errors import ConfigurationError
from connector.pipeline.services import Services, open_services
from connector.runtime.servers import ensure
from connector.store import measures

_NOT_NEEDED = "redis://not-needed"
"""Commands never speak to Redis (the sweep wakes what they change), so none is started for them."""


@contextmanager
def opened_services() -> Iterator[Services]:
    """Services on the given database, on that of a running ``up``, or on the built-in one, started for now.

    :raises ConnectorError: the environment is wrong, the database is away, or its tables are not up to date.
    """
    settings = environment.load()
    environ = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url or _NOT_NEEDED}
    with ensure(environ, settings.var_dir, say=say) as servers:
        services = open_services(replace(settings, database_url=servers.database_url), pool_size=1)
        try:
            _check_schema(services, built_in=not settings.database_url)
            yield services
        finally:
            services.database.close()


def actor() -> str:
    """Who acts, for the journal: whoever is logged in at this machine."""
    try:
        return f"operator {getpass.getuser()}"
    except (KeyError, OSError):
        return "operator"


def environ() -> dict[str, str]:
    """The environment, for secrets that a tenant's file takes from it."""
    return dict(os.environ)


def _check_schema(services: Services, *, built_in: bool) -> None:
    """The built-in database is ours alone and brought up to date; a given one only says what it lacks."""
    with services.database.transaction() as tx:
        found = measures.schema_version(tx)
    if found == measures.newest_schema():
        return
    if built_in and not found:
        store.migrate(services.settings.database_url)
        return
    raise ConfigurationError(
        "The database's tables are not those of this program "
        f"({found or 'there are none'}; needed: {measures.newest_schema()}).",
        code="schema_outdated",
        cure="Bring them up to date: ml-connector migrate",
    )
