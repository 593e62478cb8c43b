"""Arguments that several commands share."""

from pathlib import Path

import click

tenant_argument = click.argument("tenant_key", metavar="TENANT")

readable_file = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
