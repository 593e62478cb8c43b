"""``debtors``: the accounts of customers, and the adviser's list that they are found in."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from connector.accounting.chart import creditor_range
from connector.cli.arguments import readable_file
from connector.cli.exit_codes import ExitCode
from connector.cli.given_file import read_given_file
from connector.cli.output import format_option, show, table
from connector.cli.session import actor, opened_services
from connector.pipeline.adviser_list import Imported, import_adviser_list, known_accounts
from connector.pipeline.onboarding import find_tenant

tenant_option = click.option("--tenant", "tenant_key", required=True, metavar="TENANT", help="Whose debtors.")

LIST_COLUMNS = ("account", "kind", "name", "source", "party", "in_list", "transferred")


@click.group()
def debtors() -> None:
    """Debtors: the accounts of customers, and the adviser's list of them."""


@debtors.command("import")
@click.argument("file", type=readable_file, metavar="FILE")
@tenant_option
@click.option("--dry-run", is_flag=True, help="Check and compare; store nothing.")
@format_option
def import_(*, file: Path, tenant_key: str, dry_run: bool, fmt: str) -> None:
    """Bring in the adviser's list: DATEV's export (EXTF category 16), or a CSV with headings.

    The file replaces the list that was imported before. A mistake stores nothing: every one is told with row
    and column. Exit code 3: the list was taken, but it gives accounts to others than we did,
    or lacks accounts that are in use.
    """
    data = read_given_file(file)
    with opened_services() as services:
        tenant = find_tenant(services, tenant_key)
        imported = import_adviser_list(services, tenant, data, actor=actor(), dry_run=dry_run)
    value = {"tenant": tenant_key, "stored": not dry_run, **_facts(imported)}
    show(fmt, value, _imported_lines)
    if imported.clashes or any(gone.party for gone in imported.gone):
        raise click.exceptions.Exit(ExitCode.ATTENTION)


@debtors.command("list")
@tenant_option
@format_option
def list_(*, tenant_key: str, fmt: str) -> None:
    """Every account that is known, whose it is, and where it comes from."""
    with opened_services() as services:
        tenant = find_tenant(services, tenant_key)
        creditors = creditor_range(tenant.config.terms.account_length)
        with services.database.transaction() as tx:
            found = [asdict(account) for account in known_accounts(tx, tenant.id, creditors)]
    empty = (
        f"There is no account yet. Bring in a list: ml-connector debtors import --tenant {tenant_key} FILE"
    )
    show(fmt, found, lambda value: _list_lines(value, empty))


def _facts(imported: Imported) -> dict[str, Any]:
    facts = asdict(imported)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def _imported_lines(value: dict[str, Any]) -> list[str]:
    counts = (
        f"{len(value['new'])} new, {len(value['changed'])} changed, {len(value['gone'])} gone, "
        f"{value['unchanged']} unchanged"
    )
    lines = [f"{value['tenant']}: the list has {value['accounts']} accounts: {counts}."]
    lines += [
        f"Gone, but in use: {gone['account']} {gone['name']} is the account of {gone['party']}."
        for gone in value["gone"]
        if gone["party"]
    ]
    for clash in value["clashes"]:
        account, party = clash["account"], clash["party"]
        lines += [
            f"CLASH: we gave {account} to {party} ({clash['our_name']}), the list to {clash['listed_name']}.",
            f"  → Agree with the adviser whose it is. Until a corrected list is imported, {party} waits.",
        ]
    if not value["stored"]:
        lines.append("Nothing was stored.")
    return lines


def _list_lines(value: list[dict[str, Any]], empty: str) -> list[str]:
    lines = table(value, LIST_COLUMNS, empty=empty)
    clashing = [str(row["account"]) for row in value if row["clash"]]
    if clashing:
        lines.append(f"The adviser's list gives to others: {', '.join(clashing)}.")
    return lines
