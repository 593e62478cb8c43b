"""What a check finds in a file for DATEV: where it stands, how bad it is, and the cure."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from connector.errors import Problem


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """DATEV refuses it, or books something else than is written."""
    WARNING = "warning"
    """DATEV takes it, but cuts, ignores or asks, or what it passes on is doubtful."""
    INFO = "info"
    """Good to know; nothing has to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found; places that make no sense for the format stay None or empty."""

    rule: str
    """Stable name for machines, snake_case, such as ``sum_differs``."""
    message: str
    cure: str
    severity: Severity = Severity.ERROR
    file: str = ""
    """Name inside a ZIP."""
    line: int | None = None
    """Line of the file, counted from 1."""
    row: int | None = None
    """Record, counted from 1 without the lines above it: a row of an EXTF file, a line of a ledger."""
    column: int | None = None
    """Column of an EXTF file in DATEV's numbering, or field of its header record."""
    field: str = ""
    """Heading of the column, or name of the element or attribute."""
    path: str = ""
    """Way to the element, such as ``LedgerImport/consolidate/accountsReceivableLedger[3]``."""

    def as_problem(self, file: str = "") -> Problem:
        """As the pipeline tells it; ``file`` is said where the finding names no file itself."""
        name = self.file or file
        place = ", ".join(
            part
            for part in (
                name,
                f"line {self.line}" if self.line else "",
                f"row {self.row}" if self.row else "",
            )
            if part
        )
        message = f"{place}: {self.message}" if place else self.message
        return Problem(self.rule, message, self.field or name, self.cure)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: every key in every finding."""
        return {**asdict(self), "severity": str(self.severity)}
