"""Arguments that several commands share."""

from pathlib import Path
from typing import Any

import click

tenant_argument = click.argument("tenant_key", metavar="TENANT")

readable_file = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class RunNumber(click.ParamType[int]):
    """A run's number. Click's own words for another text speak of integer ranges."""

    name = "run"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number.

        :raises click.BadParameter: it is none.
        """
        text = str(value)
        if not text.isascii() or not text.isdigit() or int(text) == 0:
            self.fail(f"{text!r} is not the number of a run. List them: ml-connector run list", param, ctx)
        return int(text)
