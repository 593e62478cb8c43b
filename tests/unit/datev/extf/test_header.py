"""The header record: exact for both categories, and every fault is found."""

from dataclasses import replace
from datetime import date

import pytest

from connector.datev.extf import BatchHeader, render_debtors, render_posting_batch
from connector.datev.extf.categories import DEBTORS, POSTING_BATCH
from connector.datev.extf.header import header_contents, header_problems
from connector.datev.extf.terms import year_after
from connector.errors import DataError
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.samples import COMPANY, POSTING


def _first_line(data: bytes) -> str:
    return data.decode("cp1252").split("\r\n")[0]


def test_the_header_of_a_posting_batch_is_exact():
    assert (
        '"EXTF";700;21;"Buchungsstapel";13;20261105103015123;;"RE";"";"";455148;1;20260101;4;20261101;20261130;'
        '"Pipedrive 2026/11";"ML";1;0;0;"EUR";;"";;;"03";;;"";""'
    ) == _first_line(render_posting_batch(HEADER, [POSTING]))


def test_the_header_of_master_data_leaves_the_period_and_what_belongs_to_it_empty():
    assert (
        '"EXTF";700;16;"Debitoren/Kreditoren";5;20261105103015123;;"RE";"";"";455148;1;20260101;4;;;'
        '"";"";;;;"";;"";;;"04";;;"";""'
    ) == _first_line(render_debtors(replace(HEADER, chart="skr04"), [COMPANY]))


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"consultant_number": 1000}, 11),
        ({"consultant_number": 10_000_000}, 11),
        ({"client_number": 0}, 12),
        ({"client_number": 100_000}, 12),
        ({"account_length": 3}, 14),
        ({"account_length": 9}, 14),
        ({"label": "x" * 31}, 17),
        ({"label": "a;b"}, 17),
        ({"dictation_mark": "m"}, 18),
        ({"origin": "REX"}, 8),
        ({"chart": "SKR03"}, 27),
    ],
)
def test_a_fault_in_a_field_of_the_header_is_found(change, column):
    header: BatchHeader = replace(HEADER, **change)

    problems = header_problems(header_contents(header, POSTING_BATCH))

    assert [f"column {column} ("] == [problem.field[: len(f"column {column} (")] for problem in problems]


@pytest.mark.parametrize(
    "change",
    [
        {"date_from": None},
        {"date_to": None},
        {"date_from": date(2026, 11, 30), "date_to": date(2026, 11, 1)},
        {"date_from": date(2025, 12, 1)},
        {"date_to": date(2027, 1, 1)},
    ],
)
def test_a_period_that_is_missing_backwards_or_outside_the_fiscal_year_is_found(change):
    problems = header_problems(header_contents(replace(HEADER, **change), POSTING_BATCH))

    assert ["header_period"] == [problem.code for problem in problems]


def test_a_batch_without_a_period_is_refused_once_not_for_every_row():
    with pytest.raises(DataError) as caught:
        render_posting_batch(replace(HEADER, date_from=None), [POSTING, POSTING])

    assert ["header_period"] == [problem.code for problem in caught.value.problems]


def test_master_data_needs_no_period():
    assert [] == header_problems(header_contents(replace(HEADER, date_from=None, date_to=None), DEBTORS))


@pytest.mark.parametrize(("index", "value"), [(3, "Debitoren/Kreditoren"), (4, "14")])
def test_a_category_name_or_version_that_does_not_belong_together_is_found(index, value):
    contents = list(header_contents(HEADER, POSTING_BATCH))
    contents[index] = value

    assert ["header_category"] == [problem.code for problem in header_problems(contents)]


@pytest.mark.parametrize("index", [6, 22, 23, 24, 25, 28, 29])
def test_a_reserved_field_must_stay_empty(index):
    contents = list(header_contents(HEADER, POSTING_BATCH))
    contents[index] = "1"

    assert ["bad_reserved"] == [problem.code for problem in header_problems(contents)]


def test_a_header_with_a_missing_field_is_found():
    assert ["header_field_count"] == [
        problem.code for problem in header_problems(header_contents(HEADER, POSTING_BATCH)[:-1])
    ]


def test_a_day_that_no_calendar_has_is_found():
    contents = list(header_contents(HEADER, POSTING_BATCH))
    contents[15] = "20261131"

    assert [("no_such_day", 16)] == [(problem.code, problem.column) for problem in header_problems(contents)]


def test_a_fiscal_year_that_began_on_a_leap_day_ends_with_february():
    assert date(2029, 3, 1) == year_after(date(2028, 2, 29))
    assert date(2027, 4, 15) == year_after(date(2026, 4, 15))
