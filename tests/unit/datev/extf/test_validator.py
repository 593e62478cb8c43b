"""The validator on files of any origin: one fault in a right file, one problem."""

from dataclasses import replace

import pytest

from connector.datev.extf import check_file, read_file, render_debtors, render_posting_batch
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.samples import COMPANY, POSTING


@pytest.fixture
def batch():
    return read_file(render_posting_batch(HEADER, [POSTING, replace(POSTING, document_number="PD-43")]))


def _with_cell(file, column, cell, row=2):
    cells = list(file.rows[row - 1])
    cells[column - 1] = cell
    rows = list(file.rows)
    rows[row - 1] = tuple(cells)
    return replace(file, rows=tuple(rows))


def _found(file):
    return [(problem.code, problem.field.split(" (")[0]) for problem in check_file(file)]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        (1, "", "required_cell_empty"),
        (1, "0,00", "bad_number"),
        (1, "1.190,00", "bad_number"),
        (1, "-5,00", "bad_number"),
        (2, '"X"', "bad_text"),
        (8, "0", "bad_number"),
        (7, "1000000", "account_too_long"),
        (8, "84000000", "account_too_long"),
        (9, '"S1"', "bad_text"),
        (10, "511", "bad_day_month"),
        (10, "3111", "document_date_outside_period"),
        (10, "0510", "document_date_outside_period"),
        (11, '"RE 1"', "bad_text"),
        (12, '"0.1"', "bad_text"),
        (13, "0,00", "bad_number"),
        (15, "2", "bad_number"),
        (20, '"ohne Kennung"', "bad_text"),
        (21, '"Art"', "half_pair"),
        (39, "1,23456", "bad_number"),
        (42, '"Z"', "bad_text"),
        (43, "000", "bad_number"),
        (49, '""', "half_pair"),
        (92, "26", "bad_number"),
        (96, '"XX"', "bad_text"),
        (114, "", "lock_not_explicit"),
        (114, "2", "bad_number"),
        (115, "31022026", "no_such_day"),
        (116, "2026-01-01", "bad_date"),
        (118, '"X"', "bad_text"),
        (120, '"D"', "bad_text"),
        (123, '"D"', "bad_text"),
    ],
)
def test_a_fault_in_a_cell_is_the_only_problem_found(batch, column, cell, code):
    found = _found(_with_cell(batch, column, cell))

    pair = 48 if column == 49 else column
    assert [(code, f"column {pair}")] == found


def test_a_due_date_without_a_personal_account_is_found(batch):
    assert [("due_date_without_personal_account", "column 117")] == _found(_with_cell(batch, 7, "1200"))


@pytest.mark.parametrize(
    ("column", "cell", "code", "named"),
    [(3, '"CHF"', "currency_incomplete", 4), (5, "100,00", "currency_without_code", 3)],
)
def test_half_a_currency_is_found(batch, column, cell, code, named):
    assert [(code, f"column {named}")] == _found(_with_cell(batch, column, cell))


def test_a_row_is_named_by_its_number(batch):
    assert "Row 2:" == check_file(_with_cell(batch, 2, '"X"'))[0].message[:6]


def test_a_missing_cell_is_found(batch):
    file = replace(batch, rows=(batch.rows[0][:-1],))

    assert [("cell_count", "line")] == _found(file)


def test_a_changed_heading_is_found(batch):
    file = replace(batch, headings=("Umsatz", *batch.headings[1:]))

    assert [("heading", "column 1")] == _found(file)


def test_a_missing_heading_is_found(batch):
    assert [("heading_count", "line 2")] == _found(replace(batch, headings=batch.headings[:-1]))


def test_a_category_that_we_do_not_know_is_said_not_guessed(batch):
    header = (
        *batch.header[:2],
        "48",
        '"Diverse Adressen"',
        "2",
        *batch.header[5:14],
        "",
        "",
        *batch.header[16:],
    )

    assert [("category_unknown", "column 3")] == _found(replace(batch, header=header))


def test_a_fault_in_the_header_is_told_before_the_rows(batch):
    header = (*batch.header[:13], "9", *batch.header[14:])

    assert [("bad_number", "column 14")] == _found(_with_cell(replace(batch, header=header), 2, '"X"'))


def test_too_many_rows_are_found(batch, monkeypatch):
    monkeypatch.setattr("connector.datev.extf.validator.MAX_ROWS", 1)

    assert [("too_many_rows", "file")] == _found(batch)


def test_a_version_12_file_has_one_column_less(batch):
    header = (*batch.header[:4], "12", *batch.header[5:])
    file = replace(
        batch, header=header, headings=batch.headings[:-1], rows=tuple(row[:-1] for row in batch.rows)
    )

    assert [] == check_file(file)


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        (7, '"3"', "bad_text"),
        (15, '"XX"', "bad_text"),
        (27, "2026", "bad_date"),
        (45, '"DE12"', "bad_text"),
        (46, '"x"', "bad_reserved"),
        (47, '"abc"', "bad_text"),
        (111, "12,00", "bad_number"),
        (126, "x" * 41, "text_too_long"),
    ],
)
def test_a_fault_in_master_data_is_found(column, cell, code):
    file = read_file(render_debtors(HEADER, [COMPANY]))

    assert [(code, f"column {column}")] == _found(_with_cell(file, column, cell, row=1))
