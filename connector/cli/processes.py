"""Starting things: ``demo``, ``up``, ``migrate``."""

import os
import sys

import click

from connector import settings as environment
from connector import store
from connector.demo.run import run_demo
from connector.runtime import up as foreground
from connector.runtime.servers import ensure


@click.command()
@click.option("--once", is_flag=True, help="End when every deal has ended, instead of at Ctrl-C.")
def demo(*, once: bool) -> None:
    """Carry a dozen sample deals of two tenants into a sandbox DATEV."""
    settings = environment.load()
    sys.exit(run_demo(os.environ, settings.var_dir, once=once, say=click.echo))


@click.command()
@click.option("--sandbox", is_flag=True, help="Start the stand-ins for Pipedrive and DATEV as well.")
def up(*, sandbox: bool) -> None:
    """Start all processes and keep them running until Ctrl-C."""
    settings = environment.load()
    foreground.run(os.environ, settings.var_dir, sandbox=sandbox, say=click.echo)


@click.command()
def migrate() -> None:
    """Bring the database up to the newest schema."""
    settings = environment.load()
    with ensure(os.environ, settings.var_dir) as servers:
        store.migrate(servers.database_url)
    click.echo("The database is up to date.")
