"""What DATEV takes at most (API description of extf-files), and what to say beyond."""

import re

from connector.datev.extf.problems import FileProblem, Severity

MAX_ROWS = 99_999
"""Records in one file."""
MAX_BYTES = 50 * 1024 * 1024
"""Size of one file: 50 MB."""
MAX_HEADER_CHARACTERS = 1_000
"""Length of the header record."""
MOST_BYTES_ABOVE_ROWS = 8 * 1024
"""Header record and headings take less: at most 1,000 characters, and 4,655 of the debtors' 254 headings."""

FILE_NAME = re.compile(r"EXTF_[A-Za-z0-9_.\-]{1,51}\.csv")
"""``EXTF_``, up to 51 characters, ``.csv``; DATEV replaces other characters by underscores."""


def too_many_rows(count: int) -> FileProblem:
    """DATEV's import takes a limited number of records."""
    return FileProblem(
        "too_many_rows",
        f"The file has {count} records, DATEV takes {MAX_ROWS}.",
        "file",
        "Split the records over several files.",
    )


def too_large(size: int) -> FileProblem:
    """DATEV's import takes files of a limited size (in bytes)."""
    return FileProblem(
        "file_too_large",
        f"The file has {size} bytes, DATEV takes {MAX_BYTES}.",
        "file",
        "Split the records over several files.",
    )


def file_name_problems(name: str) -> list[FileProblem]:
    """A warning where the online service would not take the name; DATEV's programs may read it yet."""
    if FILE_NAME.fullmatch(name):
        return []
    return [
        FileProblem(
            "file_name",
            f"DATEV's online service does not take a file of the name {name!r}.",
            "file",
            "Call it EXTF_, then up to 51 letters, digits and _ . -, then .csv.",
            severity=Severity.WARNING,
        )
    ]
