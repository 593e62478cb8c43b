"""``keys``: the encryption keys of the stored secrets."""

from dataclasses import asdict
from typing import Any

import click

from connector.cli.output import format_option, say, show, tell
from connector.cli.session import opened_services
from connector.pipeline.key_rotation import rotate_keys
from connector.vault import generate_key


@click.group()
def keys() -> None:
    """Encryption keys of the stored secrets (MultiFernet, newest key first)."""


@keys.command()
def generate() -> None:
    """Print a new random key for MLC_ENCRYPTION_KEYS. Nothing is stored or changed."""
    say("Keep it secret. Put it into MLC_ENCRYPTION_KEYS; earlier keys stay behind it, with commas between.")
    tell(generate_key())


@keys.command()
@click.option(
    "--new-key/--same-key",
    default=True,
    show_default=True,
    help="Key file: make a new first key, or only re-encrypt with the present one (after an interruption).",
)
@click.option(
    "--all-processes-know",
    is_flag=True,
    help="Keys from MLC_ENCRYPTION_KEYS: every running process has been started with the first key.",
)
@format_option
def rotate(*, new_key: bool, all_processes_know: bool, fmt: str) -> None:
    """Re-encrypt every stored secret with the newest key, while everything runs.

    With a key file, a new key becomes its first line; running processes read the file again by themselves.
    The earlier keys stay, because backups need them. Keys from MLC_ENCRYPTION_KEYS are changed by you: the
    command says how.
    """
    with opened_services() as services:
        done = [
            asdict(column)
            for column in rotate_keys(services, new_key=new_key, all_processes_know=all_processes_know)
        ]
    show(fmt, {"columns": done, "rotated": sum(column["rotated"] for column in done)}, _lines)


def _lines(value: dict[str, Any]) -> list[str]:
    lines = [
        f"{column['column']}: {column['rotated']} re-encrypted, {column['already_current']} already current"
        for column in value["columns"]
    ]
    return [*lines, "Done. The earlier keys still read backups; keep them as long as those."]
