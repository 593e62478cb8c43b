"""Arguments that several commands share."""

from pathlib import Path
from typing import Any

import click

tenant_argument = click.argument("tenant_key", metavar="TENANT")

readable_file = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


LARGEST_NUMBER = 2**63 - 1
"""As the database keeps numbers; neither we nor Pipedrive gives one beyond."""


class Number(click.ParamType[int]):
    """The number of something. Click's own words for another text speak of integer ranges.

    :param what: the number of which it is, with its article.
    :param where: where the right one is found, in a sentence.
    """

    def __init__(self, what: str, where: str) -> None:
        self.name = "number"
        self._what = what
        self._where = where

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number.

        :raises click.BadParameter: it is none, or one that nothing can have.
        """
        text = str(value)
        # The length first: Python makes no number of more than 4,300 digits.
        sound = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_NUMBER))
        if not sound or not 0 < int(text) <= LARGEST_NUMBER:
            self.fail(f"{text!r:.50} is not the number of {self._what}. {self._where}", param, ctx)
        return int(text)


_AT_PIPEDRIVE = "It stands at the end of the address of its page in Pipedrive."

run_number = Number("a run", "List them: ml-connector run list")
deal_number = Number("a deal", _AT_PIPEDRIVE)
person_number = Number("a person", _AT_PIPEDRIVE)
organization_number = Number("an organization", _AT_PIPEDRIVE)
batch_number = Number("a batch", "ml-connector run show RUN --format json names it.")
call_number = Number("a call", "List them: ml-connector http-log")
