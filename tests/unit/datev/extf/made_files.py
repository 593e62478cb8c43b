"""EXTF files of every category made from contents, right in every respect; a test breaks one thing."""

from dataclasses import replace

from connector.datev.extf import ExtfFile
from connector.datev.extf.categories import ACCOUNT_LABELS, DEBTORS, PAYMENT_TERMS, POSTING_BATCH, Category
from connector.datev.extf.header import HEADER_FIELDS, header_contents
from tests.unit.datev.extf.headers import HEADER

RIGHT_ROWS = {
    POSTING_BATCH: {1: "119,00", 2: "S", 7: "10000", 8: "8400", 10: "0511", 11: "PD-42", 114: "0"},
    DEBTORS: {1: "10000", 2: "Muster GmbH", 7: "2", 9: "DE", 10: "123456788"},
    ACCOUNT_LABELS: {1: "691", 2: "Kredit", 3: "de-DE", 4: "Teilzahlungskredit"},
    PAYMENT_TERMS: {1: "10", 2: "30 Tage 2,0%; 60 Tage netto", 3: "1", 4: "2200", 8: "60", 31: "0"},
}
"""Contents of one row by column."""


def row_of(category: Category, contents: dict[int, str], version: int | None = None) -> tuple[str, ...]:
    """A row of cells; columns without a content are empty in the canonical way."""
    columns = category.columns(version or category.version) or ()
    return tuple(column.cell(contents.get(number, "")) for number, column in enumerate(columns, 1))


def file_of(
    category: Category,
    *rows: dict[int, str],
    version: int | None = None,
    header: dict[int, str] | None = None,
) -> ExtfFile:
    """A file whose rows are :data:`RIGHT_ROWS` with the changes given, or without any; so the header."""
    fields = list(header_contents(replace(HEADER, posting_batch_version=version or 13), category))
    fields[4] = str(version or category.version)
    for number, content in (header or {}).items():
        fields[number - 1] = content
    columns = category.columns(version or category.version) or ()
    return ExtfFile(
        tuple(field.cell(content) for field, content in zip(HEADER_FIELDS, fields, strict=True)),
        tuple(column.heading for column in columns),
        tuple(row_of(category, RIGHT_ROWS[category] | row, version) for row in (rows or ({},))),
    )
