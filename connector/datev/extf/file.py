"""An EXTF file in memory, read from bytes and written to bytes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from connector.datev.extf.cells import LINE_END, content_of, join_cells
from connector.datev.extf.problems import LINES_ABOVE, FileProblem
from connector.datev.extf.reader import BYTE_ORDER_MARKS, ENCODING, ExtfReader, Row
from connector.errors import DataError


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
    mark = next((mark for mark, encoding in BYTE_ORDER_MARKS if encoding == file.encoding), b"")
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


def encoding_problems(lines: Sequence[str], encoding: str = ENCODING) -> list[FileProblem]:
    """One problem for each line with characters that the encoding lacks; never dropped, never replaced."""
    problems = []
    for number, line in enumerate(lines, start=1):
        missing = [sign for sign in dict.fromkeys(line) if not encodable(sign, encoding)]
        if missing:
            shown = " ".join(f"{sign} (U+{ord(sign):04X})" for sign in missing)
            problems.append(
                FileProblem(
                    "not_in_encoding",
                    f"Line {number} of the file holds characters that {encoding} lacks: {shown}.",
                    f"line {number}",
                    "Transliterate the text before it is written.",
                    row=number - LINES_ABOVE if number > LINES_ABOVE else None,
                    line=number,
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
    """Read any EXTF (or DTVF) file of version 700; :class:`ExtfReader` does the same in steady memory.

    Raises:
        DataError: the bytes are no such file; every broken line is named.
    """
    reader = ExtfReader(io.BytesIO(data))
    rows = tuple(reader)
    return ExtfFile(reader.header, reader.headings, rows, reader.encoding)
