"""DATEV-Format (EXTF, header version 700): tables of columns, writer, reader, validator.

What others call (stable):

- :func:`render_posting_batch`, :func:`render_debtors`: our records to the bytes of a whole file.
- :func:`posting_batch_chunks` with :func:`save`: the same in steady memory, straight into a file.
- :class:`ExtfReader`: a file of any origin and size, row by row. :func:`read_file`: the same as one object.
- :func:`check_rows`, :func:`check_file`: every problem of what was read, as :class:`FileProblem` (a
  :class:`~connector.errors.Problem` with severity, row, line and column). :func:`file_name_problems`:
  what DATEV's online service asks of the name.
- :func:`write_file`: what was read, byte for byte.

What cannot be read or written is a :class:`~connector.errors.DataError` with all its problems.
"""

from connector.datev.extf.debtors import render_debtors
from connector.datev.extf.file import ExtfFile, read_file, write_file
from connector.datev.extf.header import BatchHeader
from connector.datev.extf.limits import file_name_problems
from connector.datev.extf.postings import posting_batch_chunks, render_posting_batch
from connector.datev.extf.problems import FileProblem, Severity
from connector.datev.extf.reader import ExtfReader
from connector.datev.extf.validator import check_file, check_rows
from connector.datev.extf.writer import save

__all__ = [
    "BatchHeader",
    "ExtfFile",
    "ExtfReader",
    "FileProblem",
    "Severity",
    "check_file",
    "check_rows",
    "file_name_problems",
    "posting_batch_chunks",
    "read_file",
    "render_debtors",
    "render_posting_batch",
    "save",
    "write_file",
]
