"""``privacy``: what is held about a person, and its erasure."""

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import click

from connector.cli.arguments import organization_number, person_number
from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure
from connector.cli.output import format_option, say, show
from connector.cli.session import actor, opened_services
from connector.pipeline.personal import Subject
from connector.pipeline.privacy import Erasure, erase_person, would_erase
from connector.pipeline.privacy_export import Export, export_person

tenant_option = click.option("--tenant", "tenant_key", required=True, metavar="TENANT", help="Who holds it.")
person_option = click.option(
    "--person", type=person_number, metavar="ID", help="Pipedrive's number of a person."
)
organization_option = click.option(
    "--organization", type=organization_number, metavar="ID", help="Pipedrive's number of an organization."
)


@click.group()
def privacy() -> None:
    """Privacy: what is held about a person or an organization (GDPR)."""


@privacy.command("export")
@tenant_option
@person_option
@organization_option
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="NAME.zip: data.json and the PDFs; NAME.json: everything in one document.",
)
def export_(*, tenant_key: str, person: int | None, organization: int | None, output: Path) -> None:
    """Write down everything that is held about somebody. The file is readable by you alone (mode 0600)."""
    subject = _subject(person, organization)
    if output.suffix not in {".json", ".zip"}:
        raise Failure(
            [f"Error: {output.name} is neither .json nor .zip.", "  → Name the file NAME.json or NAME.zip."],
            ExitCode.USAGE,
        )
    with opened_services() as services:
        found = export_person(services, tenant_key, subject, actor=actor())
    _write(output, found)
    what = "Nothing is held" if found.empty else f"{len(found.data['runs'])} runs, {len(found.pdfs)} PDFs"
    say(f"{what} about {subject}: {output}")


@privacy.command()
@tenant_option
@person_option
@organization_option
@click.option("--dry-run", is_flag=True, help="Only say what would go and what would stay.")
@click.option("--confirm", metavar="TEXT", help="What is asked for otherwise, for scripts: person:4")
@format_option
def erase(
    *,
    tenant_key: str,
    person: int | None,
    organization: int | None,
    dry_run: bool,
    confirm: str | None,
    fmt: str,
) -> None:
    """Erase what is held about somebody, but for what the law wants kept: that is named, with its last day.

    Exit code 3: something stays only because a deal is on its way or held: end that, then repeat this.
    """
    subject = _subject(person, organization)
    with opened_services() as services:
        if dry_run:
            done = would_erase(services, tenant_key, subject)
        else:
            _confirmed(subject, tenant_key, confirm)
            done = erase_person(services, tenant_key, subject, actor=actor())
    show(fmt, _facts(done), lambda _: _lines(done, dry_run=dry_run))
    if any(kept.until is None for kept in done.kept):
        raise click.exceptions.Exit(ExitCode.ATTENTION)


def _subject(person: int | None, organization: int | None) -> Subject:
    if (person is None) == (organization is None):
        raise Failure(
            [
                "Error: name one: --person ID or --organization ID.",
                "  → The number is in Pipedrive's address.",
            ],
            ExitCode.USAGE,
        )
    return Subject("person", person) if person else Subject("organization", organization or 0)


def _confirmed(subject: Subject, tenant_key: str, given: str | None) -> None:
    """Erased is erased, but for backups: nobody does it by a slip."""
    typed = given or click.prompt(f"Erase {subject} of {tenant_key} for good? Type {subject}", err=True)
    if typed.strip() != str(subject):
        raise Failure(
            ["Error: this is not what was asked for; nothing was erased.", f"  → Type {subject}"],
            ExitCode.REFUSED,
        )


def _write(output: Path, found: Export) -> None:
    output.touch(mode=0o600)
    output.chmod(0o600)
    if output.suffix == ".zip":
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data.json", _json(found.data))
            for name, content in found.pdfs.items():
                archive.writestr(name, content)
        return
    pdfs = {name: base64.b64encode(content).decode() for name, content in found.pdfs.items()}
    output.write_text(_json({**found.data, "pdfs": pdfs}), "utf-8")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _facts(done: Erasure) -> dict[str, Any]:
    return {
        "about": str(done.subject),
        "erased": done.erased,
        "kept": [
            {"what": kept.what, "why": kept.why, "until": kept.until.isoformat() if kept.until else None}
            for kept in done.kept
        ],
    }


def _lines(done: Erasure, *, dry_run: bool) -> list[str]:
    verb = "Would be erased" if dry_run else "Erased"
    lines = [f"{verb}: {number} × {what}" for what, number in done.erased.items()]
    lines = lines or [f"Nothing to erase about {done.subject}."]
    lines += [f"Stays until {kept.until or 'that ends'}: {kept.what} ({kept.why})" for kept in done.kept]
    if done.erased and not dry_run:
        lines.append("Backups made before still have it: it goes with them.")
    return lines
