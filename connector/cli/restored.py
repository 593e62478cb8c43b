"""``restored``: the first command on a database that was restored from a backup."""

import click

from connector.cli.output import format_option, show
from connector.cli.session import actor, opened_services
from connector.pipeline.restored import halt_after_restore


@click.command("restored")
@click.confirmation_option(
    prompt="Every tenant will be parked, and every deal on its way will wait for a person. Go on?"
)
@format_option
def restored(*, fmt: str) -> None:
    """After a restore: stop whatever DATEV may have got since the backup.

    Run it before the workers start. It parks every tenant and every deal that had not ended, and leaves out
    the numbers of batches that DATEV may know. How to go on: docs/runbook.md, "The database was restored".
    """
    with opened_services() as services:
        halted = halt_after_restore(services, actor=actor())
    value = {"tenants": halted.tenants, "runs": list(halted.runs), "batches": list(halted.batches)}
    show(
        fmt,
        value,
        lambda _: [
            f"Parked: tenants {halted.tenants}, runs {len(halted.runs)}, batches {len(halted.batches)}.",
            "  → List the runs: ml-connector run list --state needs_attention --limit 1000",
        ],
    )
