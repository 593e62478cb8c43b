"""``rates``: the euro reference rates of the European Central Bank, for deals in foreign currency."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from connector.cli.arguments import readable_file
from connector.cli.given_file import read_given_file
from connector.cli.output import format_option, show, table
from connector.cli.session import opened_services
from connector.pipeline.exchange_rates import import_ecb_rates
from connector.store import ecb_rates

COLUMNS = ("currency", "last_day", "last_rate", "first_day")

_EMPTY = (
    "There are no rates yet. Fetch eurofxref-hist.xml from the European Central Bank and bring it in: "
    "ml-connector rates import eurofxref-hist.xml"
)


@click.group()
def rates() -> None:
    """Reference rates of the European Central Bank, for tenants with exchange.source = "ecb"."""


@rates.command("import")
@click.argument("file", type=readable_file, metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Check and compare; store nothing.")
@format_option
def import_(*, file: Path, dry_run: bool, fmt: str) -> None:
    """Bring in a file of the bank: eurofxref-daily, -hist-90d or -hist, as XML or CSV.

    Rates that are known already stay; the same file a second time changes nothing. A mistake stores nothing:
    every one is told with its line.
    """
    data = read_given_file(file)
    with opened_services() as services:
        imported = import_ecb_rates(services, data, dry_run=dry_run)
    plain = {
        **asdict(imported),
        "first_day": str(imported.first_day),
        "last_day": str(imported.last_day),
        "changed": list(imported.changed),
        "stored": not dry_run,
    }
    show(fmt, plain, _imported_lines)


@rates.command("list")
@format_option
def list_(*, fmt: str) -> None:
    """Every currency with its last rate: units of it for 1 EUR."""
    with opened_services() as services, services.database.transaction() as tx:
        known = ecb_rates.known_currencies(tx)
    rows = [{name: str(value) for name, value in asdict(one).items()} for one in known]
    show(fmt, rows, lambda value: table(value, COLUMNS, empty=_EMPTY))


def _imported_lines(value: dict[str, Any]) -> list[str]:
    counts = (
        f"{value['new']} new, {len(value['changed'])} corrected by the bank, "
        f"{value['unchanged']} known already"
    )
    lines = [f"{value['rates']} rates from {value['first_day']} to {value['last_day']}: {counts}."]
    lines += [f"Corrected: {changed}" for changed in value["changed"]]
    if value["changed"]:
        lines.append("What is booked already keeps its rate.")
    if not value["stored"]:
        lines.append("Nothing was stored.")
    return lines
