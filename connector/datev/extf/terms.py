"""What the header says and the rows must keep to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

HOME_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """The header's fields that rules between cells compare with."""

    account_length: int
    """Field 14."""
    fiscal_year_start: date
    """Field 13."""
    date_from: date
    """Field 15; the first day of the fiscal year in master data, which has no period."""
    date_to: date
    """Field 16; the last day of the fiscal year in master data."""
    locked: bool = False
    """Field 21."""

    @classmethod
    def from_header(cls, contents: Sequence[str]) -> "BatchTerms":
        """From the contents of a header record that has been checked."""
        start = date.fromisoformat(contents[12])
        first = date.fromisoformat(contents[14]) if contents[14] else start
        last = date.fromisoformat(contents[15]) if contents[15] else date.fromordinal(_end(start))
        return cls(int(contents[13]), start, first, last, contents[20] == "1")


def year_after(start: date) -> date:
    """First day of the fiscal year after the one that begins on ``start``."""
    if (start.month, start.day) == (2, 29):
        return date(start.year + 1, 3, 1)
    return start.replace(year=start.year + 1)


def _end(start: date) -> int:
    return year_after(start).toordinal() - 1
