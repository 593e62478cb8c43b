"""Records to a finished file: all of it or none of it, in memory that does not grow with the file.

A record names the columns it fills; the layout folds all others into constant text once, so that a
row of 125 or 254 columns costs no more than the columns it uses.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol, TypeVar

from connector.datev.extf.categories import Category
from connector.datev.extf.cells import LINE_END, SEPARATOR, join_cells
from connector.datev.extf.columns import CELL_BREAK, Column, cell_problem, column_name
from connector.datev.extf.file import encodable
from connector.datev.extf.header import (
    HEADER_FIELDS,
    BatchHeader,
    header_contents,
    header_problems,
    version_of,
)
from connector.datev.extf.limits import MAX_BYTES, MAX_ROWS, too_large, too_many_rows
from connector.datev.extf.problems import LINES_ABOVE, FileProblem
from connector.datev.extf.reader import ENCODING
from connector.errors import DataError

_CHUNK = 256
"""Rows encoded at once: enough that the cost of a call vanishes, few enough to keep in memory."""

Record = TypeVar("Record")
Record_contra = TypeVar("Record_contra", contravariant=True)


class RowWriter(Protocol[Record_contra]):
    """What a category knows about its records."""

    def line(self, record: Record_contra, number: int, problems: list[FileProblem]) -> str:
        """The line of one record; empty where something is wrong with it, which is added to ``problems``."""

    def encoding_problems(self, record: Record_contra, number: int) -> list[FileProblem]:
        """The cells whose characters the file cannot hold; asked only where the encoding failed."""


class RowLayout:
    """How records that fill the same columns become lines."""

    def __init__(self, columns: Sequence[Column], filled: Sequence[int]) -> None:
        """``filled``: the numbers of the columns that records of this layout fill, ascending, from 1."""
        self._columns = columns
        self._filled = tuple(number - 1 for number in filled)
        self._right = Column.all_accept([columns[index] for index in self._filled]).fullmatch
        slots = set(filled)
        self.template = SEPARATOR.join(
            column.cell("%s") if number in slots else column.empty_cell
            for number, column in enumerate(columns, start=1)
        )
        """The line with ``%s`` where a content goes (its quotes doubled), quoted where the column is."""

    def line(self, contents: Sequence[str]) -> str:
        """The line of contents that are right."""
        return self.template % tuple(content.replace('"', '""') for content in contents)

    def spread(self, contents: Sequence[str], size: int) -> list[str]:
        """The contents at their places among ``size`` columns, for rules between cells."""
        row = [""] * size
        for index, content in zip(self._filled, contents, strict=True):
            row[index] = content
        return row

    def cell_problems(self, contents: Sequence[str], where: str, number: int) -> list[FileProblem]:
        """What is wrong with single cells."""
        if self._right(CELL_BREAK.join(contents)):
            return []
        return [
            cell_problem(self._columns, index, content, where, number)
            for index, content in zip(self._filled, contents, strict=True)
            if not self._columns[index].accepts(content)
        ]

    def encoding_problems(self, contents: Sequence[str], where: str, number: int | None) -> list[FileProblem]:
        """The cells with characters that the file's encoding lacks; never dropped, never replaced.

        ``number`` is None for the header record.
        """
        return [
            FileProblem(
                "not_in_encoding",
                f"{where} {column_name(index, self._columns[index])} holds characters that "
                "Windows-1252 lacks: "
                + " ".join(sign for sign in dict.fromkeys(content) if not encodable(sign))
                + ".",
                column_name(index, self._columns[index]),
                "Transliterate the text before it is written.",
                row=number,
                line=1 if number is None else number + LINES_ABOVE,
                column=index + 1,
                heading=self._columns[index].heading,
            )
            for index, content in zip(self._filled, contents, strict=True)
            if not encodable(content)
        ]


_HEADER_LAYOUT = RowLayout(HEADER_FIELDS, range(1, len(HEADER_FIELDS) + 1))


def columns_of(header: BatchHeader, category: Category) -> tuple[Column, ...]:
    """The columns that a file of this header has; those of the newest version where it names none we know.

    The check of the header says that once, instead of every row.
    """
    return category.columns(version_of(header, category)) or category.newest_columns


def chunks(
    header: BatchHeader, category: Category, rows: RowWriter[Record], records: Iterable[Record]
) -> Iterator[bytes]:
    """A complete file in Windows-1252 with CR LF, piece by piece.

    Throw away what has come where this raises: use :func:`save`, or join all pieces first.

    Raises:
        DataError: after the last record, with every problem of header and records. After the first
            problem no more pieces come.
    """
    contents = header_contents(header, category)
    problems: list[FileProblem] = header_problems(contents)
    problems += _HEADER_LAYOUT.encoding_problems(contents, "The header record:", None)
    lines = [
        _HEADER_LAYOUT.line(contents),
        join_cells(column.heading for column in columns_of(header, category)),
    ]
    count = size = 0
    held: list[Record] = []
    for count, record in enumerate(records, start=1):
        lines.append(rows.line(record, count, problems))
        held.append(record)
        if len(held) == _CHUNK:
            piece = _encoded(lines, held, count, rows, problems)
            size += len(piece)
            if piece and not problems and size <= MAX_BYTES:
                yield piece
            lines.clear()
            held.clear()
    piece = _encoded(lines, held, count, rows, problems) if lines else b""
    size += len(piece)
    problems += _file_problems(count, size)
    if problems:
        problems.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
        raise DataError(problems)
    yield piece


def save(pieces: Iterable[bytes], path: Path) -> int:
    """Write the pieces of a file to ``path``, whole or not at all; returns its size in bytes.

    The pieces go into a file beside it, which takes the name when the last one is written: nobody
    ever sees half a file, and one that stood there before stays until then.

    Raises:
        DataError: what the pieces raise.
    """
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        unfinished = Path(file.name)
        try:
            size = sum(map(file.write, pieces))
        except BaseException:
            unfinished.unlink()
            raise
    unfinished.replace(path)
    return size


def _encoded(
    lines: list[str], held: list[Record], last: int, rows: RowWriter[Record], problems: list[FileProblem]
) -> bytes:
    """Lines to bytes; where that fails, the cells to blame are found among the records of these lines."""
    text = LINE_END.join(lines) + LINE_END
    with suppress(UnicodeEncodeError):
        # The same bytes, much faster: the two differ only where Latin-1 has control characters (0x80 to
        # 0x9F), which no column takes.
        return text.encode("latin-1")
    try:
        return text.encode(ENCODING)
    except UnicodeEncodeError:
        for number, record in enumerate(held, start=last - len(held) + 1):
            problems += rows.encoding_problems(record, number)
        return b""


def _file_problems(count: int, size: int) -> list[FileProblem]:
    problems = []
    if not count:
        problems.append(FileProblem("no_rows", "The file has no records.", "file", "Send no file at all."))
    if count > MAX_ROWS:
        problems.append(too_many_rows(count))
    if size > MAX_BYTES:
        problems.append(too_large(size))
    return problems
