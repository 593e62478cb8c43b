"""Starting things: ``demo``, ``up``, ``migrate``, ``with-servers``."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from connector import settings as environment
from connector import store
from connector.cli.output import say, tell
from connector.demo.patience import Patience
from connector.demo.run import run_demo
from connector.demo.sandbox import SandboxControl
from connector.demo.sandbox import environment as sandbox_environment
from connector.runtime import up as foreground
from connector.runtime import with_servers as beside_servers
from connector.runtime.processes import Ports
from connector.runtime.servers import ensure

SANDBOX_APP_PASSWORD = "sandbox"  # noqa: S105 - our app's secret at our own sandbox, which keeps no secrets

REGISTRATION_PATIENCE_S = 10.0
"""The sandbox has just answered; if it does not any more, something is wrong with it."""


@click.command()
@click.option("--once", is_flag=True, help="End when every deal has ended, instead of at Ctrl-C.")
def demo(*, once: bool) -> None:
    """Carry a dozen sample deals of two tenants into a sandbox DATEV."""
    settings = environment.load()
    sys.exit(run_demo(demo_environment(os.environ, settings), demo_folder(settings), once=once, say=tell))


@click.command()
@click.option(
    "--sandbox", is_flag=True, help="Start the stand-ins for Pipedrive and DATEV as well, and use them."
)
def up(*, sandbox: bool) -> None:
    """Start all processes and keep them running until Ctrl-C."""
    settings = environment.load()
    foreground.run(
        os.environ,
        settings.var_dir,
        sandbox=sandbox,
        extra_environment=_sandbox_settings if sandbox else None,
        on_ready=(lambda chosen: _register_apps(chosen, settings.public_url)) if sandbox else None,
        say=tell,
    )


@click.command()
def migrate() -> None:
    """Bring the database up to the newest schema."""
    settings = environment.load()
    environ = {"DATABASE_URL": settings.database_url, "REDIS_URL": "redis://not-needed"}
    with ensure(environ, settings.var_dir, say=say) as servers:
        store.migrate(servers.database_url)
    tell("The database is up to date.")


@click.command(
    "with-servers", context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True}
)
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PROGRAM...")
def with_servers(*, program: tuple[str, ...]) -> None:
    """Run one program with the built-in servers, and no worker: for backup and restore.

    They are started for it, or used where they run. PostgreSQL's own programs are at hand and know where it
    is: ml-connector with-servers pg_dump --format=custom --file=connector.dump
    """
    settings = environment.load()
    sys.exit(beside_servers.run(os.environ, settings.var_dir, program, say=say))


def demo_folder(settings: environment.Settings) -> Path:
    """A folder of the demo's own, so that its ports, deals and logs never mix with the real ones."""
    return settings.var_dir / "demo"


def demo_environment(environ: Mapping[str, str], settings: environment.Settings) -> Mapping[str, str]:
    """The demo's keys are its own, unless a given database is already encrypted with those that are here."""
    if settings.database_url and settings.key_file.exists():
        return {**environ, "MLC_KEY_FILE": str(settings.key_file)}
    return environ


def _register_apps(chosen: Ports, public_url: str) -> None:
    """Make our apps known to the sandbox, as the operator does once at the real partners."""
    control = SandboxControl(chosen.sandbox_url, Patience(lambda: False, patience_s=REGISTRATION_PATIENCE_S))
    control.set_up_apps(public_url=public_url, pipedrive_secret=SANDBOX_APP_PASSWORD)


def _sandbox_settings(ports: Ports) -> Mapping[str, str]:
    """Where the processes find the sandbox.

    Wins over whatever is set: one forgotten address of the real partners would send sandbox logins there.
    """
    values = sandbox_environment(ports.sandbox_url, pipedrive_secret=SANDBOX_APP_PASSWORD)
    tell("For other commands beside this one:")
    for name, value in values.items():
        tell(f"  export {name}={value}")
    return values
