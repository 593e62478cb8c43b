"""``preview``: what would be booked, from files alone or for a run."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from connector import settings as environment
from connector.accounting.exchange_rates import Published
from connector.cli.arguments import readable_file, run_number
from connector.cli.bundle_file import read_bundle_file
from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure, problem_lines
from connector.cli.given_file import read_given_file
from connector.cli.output import JSON, TEXT, say, show
from connector.cli.preview_lines import preview_lines
from connector.cli.session import environ, opened_services
from connector.clock import SystemClock
from connector.errors import DataError, NotFoundError, Problem
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.ecb_file import read_ecb_rates
from connector.pipeline.exchange_rates import given_rates
from connector.pipeline.preview import NEEDS_ATTENTION, POSTED, Preview, as_plain, decide, preview_file
from connector.pipeline.preview_known import Known, known_of_run
from connector.pipeline.services import Services
from connector.pipeline.steps.reading import read_deal_of
from connector.store import ecb_rates, runs, tenants
from connector.tenants.config import DatevFormat, TenantConfig
from connector.tenants.toml_file import read_tenant_file

FILE_FORMATS = {"extf": DatevFormat.EXTF, "dxso": DatevFormat.DXSO}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose preview it is."""

    bundle: dict[str, Any]
    config: TenantConfig
    known: Known
    published: Published | None
    """Reference rates of foreign currencies, where some are at hand."""


@click.command()
@click.option("--tenant", "tenant_file", type=readable_file, metavar="FILE.toml", help="The tenant's file.")
@click.option(
    "--bundle",
    "bundle_file",
    type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path),
    metavar="FILE.json",
    help="The deal as read; - for stdin.",
)
@click.option(
    "--rates",
    "rates_file",
    type=readable_file,
    metavar="FILE",
    help="With --bundle: a file of reference rates as `rates import` takes it.",
)
@click.option("--run", "run_id", type=run_number, metavar="RUN", help="A run instead of files.")
@click.option(
    "--format",
    "fmt",
    type=click.Choice([TEXT, JSON, *FILE_FORMATS]),
    default=TEXT,
    show_default=True,
    help="extf: the posting batch; dxso: a ZIP with the files of the job.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where to write the file; without it, to stdout.",
)
def preview(
    *,
    tenant_file: Path | None,
    bundle_file: Path | None,
    rates_file: Path | None,
    run_id: int | None,
    fmt: str,
    output: Path | None,
) -> None:
    """Show how a deal would be booked. Nothing is drawn, stored or sent.

    With --tenant and --bundle no server and no secret is needed. The bundle is a JSON object with deal,
    organization, person, products, discounts, installments, catalog, deal_fields, organization_fields,
    person_fields, product_fields and files in the shapes of Pipedrive's API; parts may be missing.

    A deal that waits for a person ends with exit code 3 in every format, one that would be booked or is left
    alone with 0; a file that cannot be made ends with 3.
    """
    file_format = FILE_FORMATS.get(fmt)
    _check_output(fmt, file_format, output)
    if run_id is not None:
        if tenant_file or bundle_file or rates_file:
            raise click.UsageError("Give either --run, or --tenant and --bundle.")
        with opened_services() as services:
            subject = _of_run(services, run_id)
    elif tenant_file and bundle_file:
        config = read_tenant_file(tenant_file, environ(), with_secrets=False).config
        published = given_rates(read_ecb_rates(read_given_file(rates_file))) if rates_file else None
        subject = Subject(read_bundle_file(bundle_file), config, Known(), published)
    else:
        raise click.UsageError("Give --tenant FILE.toml and --bundle FILE.json, or --run RUN.")
    now = SystemClock().now()
    xsd_dir = environment.load().datev.xsd_dir
    decided = decide(
        subject.bundle,
        subject.config,
        tenant_tables(subject.config),
        subject.known,
        created_at=now,
        xsd_dir=xsd_dir,
        published=subject.published,
    )
    if file_format is None:
        show(fmt, as_plain(decided), preview_lines)
        if decided.outcome == NEEDS_ATTENTION:
            sys.exit(ExitCode.ATTENTION)
        return
    _write_file(decided, subject.config, file_format, output, now, xsd_dir)


def _check_output(fmt: str, file_format: DatevFormat | None, output: Path | None) -> None:
    if output and file_format is None:
        raise click.BadOptionUsage("output", f"--output goes with --format extf or dxso, not {fmt}.")
    if file_format is DatevFormat.DXSO and output is None and sys.stdout.isatty():
        raise click.UsageError("A ZIP is nothing for a terminal: give --output FILE.zip.")


def _write_file(
    decided: Preview,
    config: TenantConfig,
    file_format: DatevFormat,
    output: Path | None,
    now: datetime,
    xsd_dir: Path | None,
) -> None:
    if decided.outcome != POSTED:
        raise _nothing_written(f"the deal ends in {decided.outcome}", decided.reasons)
    try:
        content = preview_file(decided, config, file_format, created_at=now, xsd_dir=xsd_dir)
    except DataError as e:
        # The tenant uses the other format, so only that one was tried before.
        raise _nothing_written(f"DATEV would refuse the deal as {file_format}", e.problems) from e
    if file_format is DatevFormat.DXSO:
        say(
            "The PDF in the ZIP is drawn from the deal; a PDF on the deal itself is taken when it is carried."
        )
    if decided.provisional_number:
        say("The document number is an example: that of the sequence is drawn when the deal is carried.")
    if decided.provisional:
        say("The debtor account is an example: the next free one is given when the deal is carried.")
    if output is None:
        sys.stdout.buffer.write(content)
        return
    scratch = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        scratch.write_bytes(content)
        scratch.replace(output)
    except OSError as e:
        with suppress(OSError):
            scratch.unlink()
        why = e.strerror or "it cannot be opened"
        lines = [
            f"Error: {output} cannot be written: {why}.",
            "  → Name a file in an existing folder of yours.",
        ]
        raise Failure(lines, ExitCode.REFUSED) from e
    say(f"Written: {output} ({len(content)} bytes).")


def _nothing_written(why: str, problems: Sequence[Problem]) -> Failure:
    lines = [f"Nothing is written: {why}."]
    lines += [line for problem in problems for line in problem_lines(problem, indent="  ")]
    return Failure(lines, ExitCode.ATTENTION)


def _of_run(services: Services, run_id: int) -> Subject:
    """A run with the deal as it was read last and the configuration it was read with.

    A deal that could not be booked is not kept, so it is read from Pipedrive again, as a retry would.
    """
    with services.database.transaction() as tx:
        run = runs.get(tx, run_id)
        if run is None:
            raise NotFoundError(
                f"There is no run {run_id}.", field="run", cure="List runs with: ml-connector run list"
            )
        tenant = tenants.get(tx, run.tenant_id)
        kept = runs.document_of(tx, run.id, "bundle")
    bundle = kept or read_deal_of(services, tenant, run.deal_id)
    version = (run.config_version if kept else None) or tenant.config_version
    with services.database.transaction() as tx:
        config = tenants.config_version(tx, tenant.id, version)
        published = given_rates(ecb_rates.of_currency(tx, str(bundle["deal"].get("currency"))))
        known = known_of_run(tx, tenant, run, bundle, config, published)
        return Subject(bundle, config, known, published)
