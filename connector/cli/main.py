"""The root command."""

import click

from connector.cli.processes import demo, migrate, up


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Carry won Pipedrive deals into DATEV."""


main.add_command(demo)
main.add_command(up)
main.add_command(migrate)
