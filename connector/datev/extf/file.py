"""An EXTF file in memory, read from bytes and written to bytes."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from connector.datev.extf.cells import LINE_END, content_of, join_cells, split_cells
from connector.errors import DataError, Problem

ENCODING = "cp1252"
"""What DATEV assumes without a byte-order mark; its check tool knows nothing else."""

MAX_ROWS = 99_999
"""DATEV's import takes at most so many records (API description of extf-files)."""
MAX_BYTES = 50 * 1024 * 1024
"""DATEV's import takes files of at most 50 MB."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExtfFile:
    """Header record, headings and rows; every cell as written, quotes included."""

    header: Row
    headings: Row
    rows: tuple[Row, ...]
    encoding: str = ENCODING

    @property
    def category(self) -> str:
        """Header field 3."""
        return content_of(self.header[2])

    @property
    def version(self) -> str:
        """Header field 5: the version of the category."""
        return content_of(self.header[4])

    def content(self, row: int, column: int) -> str:
        """What stands in a cell, without quotes; both counted from 1, as DATEV counts."""
        return content_of(self.rows[row - 1][column - 1])


def write_file(file: ExtfFile) -> bytes:
    """The file as bytes: every line ends with CR LF.

    Raises:
        DataError: a character is not in the file's encoding.
    """
    lines = [join_cells(row) for row in (file.header, file.headings, *file.rows)]
    mark = next((mark for mark, encoding in _BYTE_ORDER_MARKS if encoding == file.encoding), b"")
    return mark + encode_lines(lines, file.encoding)


def encode_lines(lines: Sequence[str], encoding: str = ENCODING) -> bytes:
    """Lines to bytes, each ended.

    Raises:
        DataError: names every line that holds a character the encoding lacks.
    """
    try:
        return (LINE_END.join(lines) + LINE_END).encode(encoding)
    except UnicodeEncodeError:
        raise DataError(encoding_problems(lines, encoding)) from None


def encoding_problems(lines: Sequence[str], encoding: str = ENCODING) -> list[Problem]:
    """One problem for each line with characters that the encoding lacks; never dropped, never replaced."""
    problems = []
    for number, line in enumerate(lines, start=1):
        missing = [sign for sign in dict.fromkeys(line) if not encodable(sign, encoding)]
        if missing:
            shown = " ".join(f"{sign} (U+{ord(sign):04X})" for sign in missing)
            problems.append(
                Problem(
                    "not_in_encoding",
                    f"Line {number} of the file holds characters that {encoding} lacks: {shown}.",
                    f"line {number}",
                    "Transliterate the text before it is written.",
                )
            )
    return problems


def encodable(text: str, encoding: str = ENCODING) -> bool:
    """Whether the text can be written without loss."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def read_file(data: bytes) -> ExtfFile:
    """Read any EXTF (or DTVF) file of version 700.

    Only the shape is asked for here: encoding, quotes, a header record and headings. What the
    cells hold is the validator's business.

    Raises:
        DataError: the bytes are no such file; every broken line is named.
    """
    encoding, text = _decode(data)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if not lines or lines[0].split(";")[0].strip('"') not in ("EXTF", "DTVF"):
        raise DataError([_unreadable("not_extf", "The file does not begin with EXTF or DTVF.")])
    if len(lines) < 2:
        raise DataError([_unreadable("headings_missing", "The file has no line of column headings.")])
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(split_cells(line))
        except ValueError as error:
            problems.append(
                _unreadable("bad_quotes", f"Line {number} cannot be read: {error}.", f"line {number}")
            )
    if not problems and len(rows[0]) < 5:
        problems.append(
            _unreadable("header_too_short", "The header record has fewer than five fields.", "line 1")
        )
    if problems:
        raise DataError(problems)
    return ExtfFile(rows[0], rows[1], tuple(rows[2:]), encoding)


def _decode(data: bytes) -> tuple[str, str]:
    marked = ((mark, encoding) for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark))
    mark, encoding = next(marked, (b"", ENCODING))
    try:
        return encoding, data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        message = f"Byte {len(mark) + error.start} of the file is not valid {encoding}."
        raise DataError([_unreadable("bad_encoding", message)]) from error


def _unreadable(code: str, message: str, field: str = "file") -> Problem:
    return Problem(
        code, message, field, "Export the file again from the program that made it, do not edit it."
    )
