"""The root command: logging, exit codes and the one place where errors end."""

import os
from typing import Any

import click

from connector import log
from connector.cli.audit import audit
from connector.cli.backfill import backfill
from connector.cli.connections import connect, disconnect
from connector.cli.datev import datev
from connector.cli.debtors import debtors
from connector.cli.exit_codes import MEANINGS, ExitCode
from connector.cli.failures import Failure, bug, failure_of
from connector.cli.http_log import http_log
from connector.cli.keys import keys
from connector.cli.output import say
from connector.cli.ping import ping
from connector.cli.preview import preview
from connector.cli.privacy import privacy
from connector.cli.processes import demo, migrate, up, with_servers
from connector.cli.rates import rates
from connector.cli.restored import restored
from connector.cli.retention import retention
from connector.cli.runs import run
from connector.cli.tenants import tenant
from connector.cli.users import user
from connector.cli.validate import validate
from connector.cli.webhooks import webhook
from connector.errors import ConnectorError


class Root(click.Group):
    """A group whose commands end in a sentence and an exit code, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        level = "DEBUG" if os.environ.get("MLC_LOG_LEVEL", "").strip() == "DEBUG" else "WARNING"
        log.configure(level=level, fmt="text")
        try:
            return super().invoke(ctx)
        except Failure as e:
            failure = e
        except ConnectorError as e:
            failure = failure_of(e)
        except KeyboardInterrupt:
            failure = Failure(["Interrupted."], ExitCode.INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as e:  # noqa: BLE001 - the last stop before the operator
            failure = bug(e)
        for line in failure.lines:
            say(line)
        return ctx.exit(failure.exit_code)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Exit codes below the commands."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning) for code, meaning in MEANINGS.items()])


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ml-connector", message="%(prog)s %(version)s")
def main() -> None:
    """Carry won Pipedrive deals into DATEV.

    Settings come from environment variables, described in config/env.example. Without DATABASE_URL the
    built-in database in ./var is used, also while `ml-connector up` runs.
    """


for _command in (
    demo,
    up,
    migrate,
    with_servers,
    tenant,
    user,
    connect,
    disconnect,
    webhook,
    backfill,
    ping,
    datev,
    run,
    preview,
    validate,
    debtors,
    rates,
    keys,
    audit,
    http_log,
    retention,
    privacy,
    restored,
):
    main.add_command(_command)
