"""DATEV-Format (EXTF, header version 700): tables of columns, writer, reader, validator. Pure."""

from connector.datev.extf.debtors import render_debtors
from connector.datev.extf.file import ExtfFile, read_file, write_file
from connector.datev.extf.header import BatchHeader
from connector.datev.extf.postings import render_posting_batch
from connector.datev.extf.validator import check_file

__all__ = [
    "BatchHeader",
    "ExtfFile",
    "check_file",
    "read_file",
    "render_debtors",
    "render_posting_batch",
    "write_file",
]
