"""Reading an EXTF file of any size: header record and headings at once, rows one by one.

Only the shape is asked for here: encoding, quotes, a header record and headings. What the cells
hold is the validator's business.
"""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from connector.datev.extf.cells import content_of, split_cells
from connector.datev.extf.problems import LINES_ABOVE, FileProblem
from connector.errors import DataError

ENCODING = "cp1252"
"""What DATEV assumes without a byte-order mark; its check tool knows nothing else."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The other encodings that DATEV's import knows, by their marks."""

_LONGEST_MARK = max(len(mark) for mark, _ in BYTE_ORDER_MARKS)

LONGEST_LINE = 200_000
"""Characters; 254 columns filled to the last character stay far below. A longer line is no record, and
would have to be kept in memory as a whole."""

_BLOCK = 1 << 16
"""Bytes read at once."""
_LOST = "\ufffd"
"""What a byte that the encoding does not know is read as."""

Row = tuple[str, ...]
"""Cells as written, quotes included."""


class ExtfReader:
    """An EXTF (or DTVF) file being read; iterate it once for its rows."""

    def __init__(self, source: BinaryIO) -> None:
        """Read header record and headings.

        :raises DataError: the bytes are no such file.
        """
        self._lines = _Lines(source)
        self._problems: list[FileProblem] = []
        self.encoding = self._lines.encoding
        """Of the file: cp1252, or what its byte-order mark says."""
        header, headings = next(self._lines, ""), next(self._lines, None)
        if header.split(";", 1)[0].strip('"') not in ("EXTF", "DTVF"):
            raise DataError([unreadable("not_extf", "The file does not begin with EXTF or DTVF.")])
        if headings is None:
            raise DataError([unreadable("headings_missing", "The file has no line of column headings.")])
        self.header: Row = self._cells(header, 1)
        self.headings: Row = self._cells(headings, 2)
        if not self._problems and len(self.header) < 5:
            message = "The header record has fewer than five fields."
            self._problems.append(unreadable("header_too_short", message, 1))
        if self._problems:
            # Without them the rows mean nothing, but their broken lines are named all the same.
            for _ in self:
                pass

    @property
    def category(self) -> str:
        """Header field 3."""
        return content_of(self.header[2])

    @property
    def version(self) -> str:
        """Header field 5: the version of the category."""
        return content_of(self.header[4])

    @property
    def size(self) -> int:
        """Bytes read so far; those of the whole file after the last row."""
        return self._lines.size

    def __iter__(self) -> Iterator[Row]:
        """The rows that can be read, in their order.

        :raises DataError: after the last of them, naming every line (and cell) that could not be read.
        """
        for number, line in enumerate(self._lines, start=LINES_ABOVE + 1):
            row = self._cells(line, number)
            if row:
                yield row
        problems = sorted(self._problems + self._lines.problems, key=lambda problem: problem.line or 0)
        if problems:
            raise DataError(problems)

    def _cells(self, line: str, number: int) -> Row:
        """The cells of a line; none where it cannot be read, which is noted."""
        try:
            return split_cells(line)
        except ValueError as error:
            self._problems.append(unreadable("bad_quotes", f"Line {number} cannot be read: {error}.", number))
            return ()


class _Lines:
    """The lines of a file, without their ends (CR LF, CR or LF), decoded block by block."""

    def __init__(self, source: BinaryIO) -> None:
        block = source.read(_BLOCK)
        # One byte more than a mark, because a block that is empty without it would look like the end.
        while len(block) <= _LONGEST_MARK and (more := source.read(_BLOCK)):
            block += more
        marked = ((mark, encoding) for mark, encoding in BYTE_ORDER_MARKS if block.startswith(mark))
        mark, self.encoding = next(marked, (b"", ENCODING))
        self.size = len(block)
        self.problems: list[FileProblem] = []
        self._decoder = codecs.getincrementaldecoder(self.encoding)()
        self._damaged = False
        """Whether a byte was lost in what has not been handed out yet."""
        self._count = 0
        """Lines completed so far."""
        self._rest = ""
        """Beginning of the line whose end has not been read yet."""
        self._all = self._every_line(source, block[len(mark) :])

    def __iter__(self) -> Iterator[str]:
        return self._all

    def __next__(self) -> str:
        return next(self._all)

    def _every_line(self, source: BinaryIO, block: bytes) -> Iterator[str]:
        while block and len(self._rest) <= LONGEST_LINE:
            yield from self._lines_of(self._rest + self._decode(block, final=False))
            block = source.read(_BLOCK)
            self.size += len(block)
        if len(self._rest) > LONGEST_LINE:
            message = f"Line {self._count + 1} has more than {LONGEST_LINE} characters; reading ended there."
            self.problems.append(unreadable("line_too_long", message, self._count + 1))
            return
        rest = self._rest + self._decode(b"", final=True)
        if rest:
            yield from self._lines_of(rest + "\n")

    def _lines_of(self, text: str) -> list[str]:
        """The whole lines of ``text``; what follows the last line end is kept for the next block."""
        held = ""
        if text.endswith("\r"):
            # Its LF may come with the next block.
            text, held = text[:-1], "\r"
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = rest + held
        if self._damaged:
            for number, line in enumerate(lines, start=self._count + 1):
                self._name_lost_bytes(line, number)
            self._damaged = _LOST in rest
        self._count += len(lines)
        return lines

    def _decode(self, block: bytes, *, final: bool) -> str:
        try:
            return self._decoder.decode(block, final)
        except UnicodeDecodeError:
            # Read on, so that every line with such bytes is named, not only the first. A decoder that
            # raises has taken nothing of the block.
            self._damaged = True
            self._decoder.errors = "replace"
            text = self._decoder.decode(block, final)
            self._decoder.errors = "strict"
            return text

    def _name_lost_bytes(self, line: str, number: int) -> None:
        cells = [cell for cell, content in enumerate(line.split(";"), start=1) if _LOST in content]
        if cells:
            shown = ", ".join(str(cell) for cell in cells)
            self.problems.append(
                unreadable(
                    "bad_encoding",
                    f"Line {number} has bytes that are not valid {self.encoding}, in cell {shown}.",
                    number,
                    cells[0],
                )
            )


def unreadable(code: str, message: str, line: int | None = None, column: int | None = None) -> FileProblem:
    """A problem about what keeps a file from being read."""
    return FileProblem(
        code,
        message,
        "file" if line is None else f"line {line}",
        "Export the file again from the program that made it, do not edit it.",
        row=line - LINES_ABOVE if line is not None and line > LINES_ABOVE else None,
        line=line,
        column=column,
    )
