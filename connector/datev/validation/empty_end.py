"""Empty lines behind the last record: what editors and old programs leave at the end of a file."""

from collections.abc import Iterable, Iterator
from itertools import repeat

from connector.datev.extf.problems import LINES_ABOVE
from connector.datev.extf.reader import Row
from connector.datev.findings import Finding, Severity
from connector.datev.validation.judgements import JUDGEMENTS

_EMPTY: Row = ("",)
_ENDS = (_EMPTY, ("\x1a",))
"""A line without anything, and Ctrl-Z, with which DOS ended a text."""


class WithoutEmptyEnd:
    """Rows without the empty ones behind the last; one between others is handed on, as a row of one cell."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self._records = 0
        self._held = 0
        """Empty rows behind the last that was handed on."""

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            if row in _ENDS:
                self._held += 1
                continue
            yield from repeat(_EMPTY, self._held)
            self._records += self._held + 1
            self._held = 0
            yield row

    def findings(self, member: str) -> Iterator[Finding]:
        """What to say of the end, once all rows are read."""
        if self._held:
            yield Finding(
                rule="empty_end",
                message=f"Behind the last record there are empty lines ({self._held}).",
                cure="End the file with the CR LF of its last record.",
                severity=Severity(str(JUDGEMENTS["empty_end"].severity)),
                file=member,
                line=LINES_ABOVE + self._records + 1,
            )
