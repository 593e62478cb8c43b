"""Problems of EXTF files: with their place, and with what DATEV makes of them."""

from dataclasses import dataclass
from enum import StrEnum

from connector.errors import Problem


class Severity(StrEnum):
    """What DATEV makes of it."""

    ERROR = "error"
    """The import refuses the file or the row, or books something else than is meant."""
    WARNING = "warning"
    """The import goes through, but cuts, drops or assumes something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem(Problem):
    """One thing wrong with a file, with its place for machines; :attr:`code` is the id of the broken rule."""

    severity: Severity = Severity.ERROR
    row: int | None = None
    """Number of the record, from 1, without the two lines above the records; None for header and file."""
    line: int | None = None
    """Number of the line in the file, from 1; None where it is about the file."""
    column: int | None = None
    """DATEV's number of the column (of the field, in line 1); None where it is about the line."""
    heading: str = ""
    """DATEV's name of the column."""

    def as_dict(self) -> dict[str, str]:
        """The four values every problem has; places and weight are asked for one by one."""
        return {"code": self.code, "message": self.message, "field": self.field, "cure": self.cure}


LINES_ABOVE = 2
"""Header record and headings stand above the records."""
