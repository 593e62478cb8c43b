"""Whatever is put into a right file that is wrong, the validator finds it, with row, column and severity."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connector.datev.extf import Severity, check_file, file_name_problems
from connector.datev.extf.categories import ACCOUNT_LABELS, CATEGORIES, DEBTORS, PAYMENT_TERMS, POSTING_BATCH
from connector.datev.extf.cells import content_of
from connector.datev.extf.columns import Kind
from connector.datev.extf.rules import parse_date
from connector.datev.extf.terms import BatchTerms
from tests.unit.datev.extf.made_files import RIGHT_ROWS, file_of

ERROR, WARNING = Severity.ERROR, Severity.WARNING
_COLUMNS = [
    pytest.param(category, number, id=f"{category.number}-{number}")
    for category in CATEGORIES.values()
    for number in range(1, len(category.newest_columns) + 1)
]


_texts = st.text(st.characters(exclude_characters='"'), max_size=12)


def _found(file):
    return [(problem.code, problem.column, problem.severity) for problem in check_file(file)]


def _faults(column):
    """Contents that cannot stand in a column, by the rule they break."""
    match column.kind:
        case Kind.TEXT:
            yield "x" * (column.length + 1), "text_too_long"
            yield "\t", "control_character"
            yield "\x00", "control_character"
        case Kind.NUMBER:
            longest = "1" * column.length
            yield from ((fault, "bad_number") for fault in ("abc", "-1", "1.5", "1 ", longest + "1", '"'))
            yield f"1,{'1' * (column.decimals + 1)}", "bad_number"
        case Kind.RESERVED:
            yield "1", "bad_reserved"
        case Kind.DAY_MONTH:
            yield from ((fault, "bad_day_month") for fault in ("511", "05.11", "3213", "0013", "2026-11-05"))
        case _:
            yield from ((fault, "bad_date") for fault in ("5112026", "05.11.2026", "20261105", "32132026"))
            yield "31022026", "no_such_day"
    if column.required:
        yield "", "required_cell_empty"


@pytest.mark.parametrize("category", CATEGORIES.values(), ids=lambda category: category.name)
def test_the_right_file_has_no_problem(category):
    assert [] == check_file(file_of(category, {}, {}))


@pytest.mark.parametrize(("category", "number"), _COLUMNS)
def test_wrong_kind_length_pattern_and_absence_are_found_in_every_column(category, number):
    column = category.newest_columns[number - 1]
    for content, code in _faults(column):
        problems = [p for p in check_file(file_of(category, {}, {number: content})) if p.code == code]

        assert [(2, 4, number, column.heading)] == [(p.row, p.line, p.column, p.heading) for p in problems]
        assert problems[0].message.startswith("Row 2:")
        assert problems[0].cure


@settings(max_examples=300)
@given(st.data())
def test_any_content_that_a_column_does_not_take_is_found_there(data):
    category = CATEGORIES[data.draw(st.sampled_from(sorted(CATEGORIES)))]
    number = data.draw(st.integers(1, len(category.newest_columns)))
    column = category.newest_columns[number - 1]
    content = data.draw(st.one_of(_texts, st.text("0123456789,", max_size=14)))
    assume(not column.accepts(content))

    assert number in [problem.column for problem in check_file(file_of(category, {number: content}))]


POSTING_FAULTS = [
    ({7: "1000000"}, "account_too_long", 7, ERROR),
    ({8: "84000000"}, "account_too_long", 8, ERROR),
    ({8: "10000"}, "account_against_itself", 8, ERROR),
    ({10: "0112"}, "document_date_outside_period", 10, ERROR),
    ({10: "3111"}, "document_date_outside_period", 10, ERROR),
    ({4: "0,94"}, "currency_without_code", 3, ERROR),
    ({3: "EUR", 5: "1,00"}, "currency_without_code", 3, ERROR),
    ({3: "CHF"}, "currency_incomplete", 4, ERROR),
    ({3: "CHF", 4: "0,94", 5: "126,60"}, "currency_incomplete", 4, ERROR),
    ({3: "CHF", 4: "0,94", 6: "EUR"}, "currency_incomplete", 4, ERROR),
    ({3: "CHF", 4: "0,94", 5: "126,60", 6: "USD"}, "base_currency", 6, ERROR),
    ({3: "CHF", 4: "0,94", 5: "111,86", 6: "EUR"}, "base_amount_wrong", 5, ERROR),
    ({3: "CHF", 4: "0,94", 5: "126,70", 6: "EUR"}, "base_amount_wrong", 5, ERROR),
    ({21: "Art"}, "half_pair", 21, ERROR),
    ({36: "Inhalt"}, "half_pair", 35, ERROR),
    ({48: "Art"}, "half_pair", 48, ERROR),
    ({87: "Inhalt"}, "half_pair", 86, ERROR),
    ({114: ""}, "lock_not_explicit", 114, WARNING),
    ({114: "1"}, "lock_contradicts_header", 114, WARNING),
    ({7: "1200", 117: "30112026"}, "due_date_without_personal_account", 117, WARNING),
    ({12: "301126", 117: "30112026"}, "due_date_twice", 12, WARNING),
    ({41: "20,00"}, "eu_rate_without_country", 40, ERROR),
    ({124: "20,00"}, "eu_rate_without_country", 123, ERROR),
    ({40: "GR123456789"}, "greece_is_el", 40, ERROR),
    ({123: "GR"}, "greece_is_el", 123, ERROR),
    ({9: "10", 40: "AT"}, "key_needs_eu_field", 41, ERROR),
    ({9: "11", 40: "AT"}, "key_needs_eu_field", 40, ERROR),
    ({9: "12"}, "key_needs_eu_field", 40, ERROR),
    ({9: "13"}, "key_needs_eu_field", 40, ERROR),
    ({9: "231", 40: "FR"}, "key_needs_eu_field", 40, ERROR),
    ({9: "240", 40: "FR"}, "key_needs_eu_field", 41, ERROR),
    ({97: "3"}, "prepayment_without_kind", 96, ERROR),
    ({98: "FR"}, "prepayment_without_kind", 96, ERROR),
    ({101: "8070"}, "prepayment_without_kind", 96, ERROR),
    ({115: "31112026"}, "no_such_day", 115, ERROR),
    ({14: "x" * 61}, "text_too_long", 14, WARNING),
    ({21: "x" * 21, 22: "y"}, "text_too_long", 21, WARNING),
    ({86: "x" * 21, 87: "y"}, "text_too_long", 86, WARNING),
    ({11: "RE_1"}, "bad_text", 11, WARNING),
    ({11: "RE 1"}, "bad_text", 11, ERROR),
    ({20: 'BEDI "123"'}, "bad_text", 20, ERROR),
    ({20: "8a1d2c3b-4e5f-4a6b-8c7d-9e0f1a2b3c4d"}, "bad_text", 20, ERROR),
]
POSTINGS_THAT_ARE_RIGHT = [
    {3: "CHF", 4: "0,94", 5: "126,60", 6: "EUR"},
    {3: "EUR"},
    {7: "27", 8: "691"},
    {7: "8400", 8: "10000", 117: "30112026"},
    {9: "11", 40: "ATU12345678"},
    {9: "240", 40: "EL", 41: "24,00", 123: "DE"},
    {12: "4711", 117: "30112026"},
    {20: 'BEDI "8a1d2c3b-4e5f-4a6b-8c7d-9e0f1a2b3c4d"', 21: "Art", 22: "Inhalt"},
    {96: "AG", 97: "3", 101: "8070"},
    {97: "0", 99: "0", 101: "0"},
    {118: "G", 119: "0,00", 120: "DE"},
]
DEBTOR_FAULTS = [
    ({1: "1000"}, "debtor_account_length", 1, ERROR),
    ({1: "100000"}, "debtor_account_length", 1, ERROR),
    ({7: "1"}, "name_in_wrong_column", 4, WARNING),
    ({7: "0"}, "name_in_wrong_column", 6, WARNING),
    ({2: "", 4: "Muster"}, "name_in_wrong_column", 2, WARNING),
    ({9: ""}, "vat_id_without_country", 9, ERROR),
    ({9: "GR"}, "greece_is_el", 9, ERROR),
    ({10: "DE123456788"}, "vat_id_with_country", 10, ERROR),
    ({9: "FR", 10: "FR12345678901"}, "vat_id_with_country", 10, ERROR),
    ({27: "31022026"}, "no_such_day", 27, ERROR),
]


@pytest.mark.parametrize(("change", "code", "column", "severity"), POSTING_FAULTS)
def test_what_is_wrong_between_the_cells_of_a_posting_is_found(change, code, column, severity):
    assert [(code, column, severity)] == _found(file_of(POSTING_BATCH, change))


@pytest.mark.parametrize("change", POSTINGS_THAT_ARE_RIGHT)
def test_unusual_postings_that_are_right_have_no_problem(change):
    assert [] == _found(file_of(POSTING_BATCH, change))


@pytest.mark.parametrize(("change", "code", "column", "severity"), DEBTOR_FAULTS)
def test_what_is_wrong_between_the_cells_of_a_debtor_is_found(change, code, column, severity):
    assert [(code, column, severity)] == _found(file_of(DEBTORS, change))


def test_a_french_vat_id_may_begin_with_its_country_again():
    assert [] == _found(file_of(DEBTORS, {9: "FR", 10: "FR123456789"}))


def test_locked_rows_of_a_locked_batch_are_right():
    assert [] == _found(file_of(POSTING_BATCH, {114: "1"}, header={21: "1"}))


@pytest.mark.parametrize(
    ("category", "faults"), [(POSTING_BATCH, POSTING_FAULTS), (DEBTORS, DEBTOR_FAULTS)], ids=["21", "16"]
)
def test_without_any_one_of_the_rules_a_fault_would_be_missed(category, faults, monkeypatch):
    for rule in category.rules:
        rest = tuple(other for other in category.rules if other is not rule)
        weaker = replace(category, rules=rest)
        monkeypatch.setitem(CATEGORIES, category.number, weaker)

        missed = [code for change, code, _, _ in faults if not _found(file_of(category, change))]

        assert missed, rule


@pytest.mark.parametrize(
    ("category", "header", "code", "field", "severity"),
    [
        (POSTING_BATCH, {1: "EXT"}, "bad_text", 1, ERROR),
        (POSTING_BATCH, {2: "510"}, "bad_number", 2, ERROR),
        (POSTING_BATCH, {3: "99"}, "header_category", 3, ERROR),
        (POSTING_BATCH, {4: "Buchungstapel"}, "header_category", 3, ERROR),
        (POSTING_BATCH, {5: "14"}, "header_category", 3, ERROR),
        (POSTING_BATCH, {6: "20261305103015123"}, "no_such_time", 6, ERROR),
        (POSTING_BATCH, {6: "20261105253015123"}, "no_such_time", 6, ERROR),
        (POSTING_BATCH, {11: "1000"}, "bad_number", 11, ERROR),
        (POSTING_BATCH, {13: "20260230"}, "no_such_day", 13, ERROR),
        (POSTING_BATCH, {15: ""}, "header_period", 15, ERROR),
        (POSTING_BATCH, {16: "20270101"}, "header_period", 15, ERROR),
        (POSTING_BATCH, {17: "a;b"}, "bad_text", 17, ERROR),
        (POSTING_BATCH, {24: "x"}, "bad_reserved", 24, ERROR),
        (DEBTORS, {13: "20260230"}, "no_such_day", 13, ERROR),
        (DEBTORS, {16: "20261231"}, "period_in_master_data", 16, WARNING),
        (POSTING_BATCH, {4: "x" * 1001}, "header_too_long", None, ERROR),
    ],
)
def test_what_is_wrong_in_the_header_is_found(category, header, code, field, severity):
    assert (code, field, severity) in _found(file_of(category, header=header))


@pytest.mark.parametrize(("version", "columns"), [(9, 120), (10, 121), (11, 122)])
def test_an_old_version_is_checked_and_told(version, columns):
    file = file_of(POSTING_BATCH, {1: "x"}, version=version)

    assert columns == len(file.rows[0])
    assert [("old_version", 5, WARNING), ("bad_number", 1, ERROR)] == _found(file)


@pytest.mark.parametrize(
    ("category", "version"), [(POSTING_BATCH, 12), (ACCOUNT_LABELS, 2), (PAYMENT_TERMS, 2), (DEBTORS, 5)]
)
def test_versions_that_datev_takes_are_right(category, version):
    assert [] == _found(file_of(category, version=version))


def test_rows_are_checked_although_something_unrelated_is_wrong_in_the_header():
    found = _found(file_of(POSTING_BATCH, {1: "x"}, header={17: "a;b"}))

    assert [("bad_text", 17, ERROR), ("bad_number", 1, ERROR)] == found


def test_a_heading_of_another_column_is_worse_than_a_misspelled_one():
    file = file_of(DEBTORS)
    headings = ("Account", file.headings[2], file.headings[1], *file.headings[3:])

    assert [("heading", 1, WARNING), ("heading", 2, ERROR), ("heading", 3, ERROR)] == _found(
        replace(file, headings=headings)
    )


def test_a_file_without_records_is_found():
    assert [("no_rows", None, ERROR)] == _found(replace(file_of(DEBTORS), rows=()))


def test_other_quotes_than_datevs_are_told_once_per_column():
    file = file_of(POSTING_BATCH, {14: "Text"}, {14: "Text"}, {14: "Text", 1: "x"})
    bare_text = [(*row[:13], "Text", *row[14:]) for row in file.rows]
    rows = [(f'"{content_of(row[0])}"', *row[1:]) for row in bare_text]

    assert [
        ("quotes", 1, 1, WARNING),
        ("quotes", 14, 1, WARNING),
        ("bad_number", 1, 3, ERROR),
    ] == [(p.code, p.column, p.row, p.severity) for p in check_file(replace(file, rows=tuple(rows)))]


@pytest.mark.parametrize("content", ["00002200000000", "3002202", "30022026", "", "xx", "٣٠012026x"])
def test_what_is_no_date_is_none(content):
    assert None is parse_date(content)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("EXTF_a.csv", True),
        (f"EXTF_{'x' * 51}.csv", True),
        (f"EXTF_{'x' * 52}.csv", False),
        ("EXTF_.csv", False),
        ("EXTF_Büro.csv", False),
        ("DTVF_a.csv", False),
        ("EXTF_a.CSV", False),
    ],
)
def test_a_name_that_the_online_service_would_not_take_is_told(name, right):
    assert ([] if right else [("file_name", WARNING)]) == [
        (problem.code, problem.severity) for problem in file_name_problems(name)
    ]


def test_an_empty_cell_may_have_quotes_or_none():
    file = file_of(POSTING_BATCH)
    swapped = {"": '""', '""': ""}

    assert [] == _found(replace(file, rows=(tuple(swapped.get(cell, cell) for cell in file.rows[0]),)))


def test_a_header_of_an_older_version_is_refused_with_all_that_is_wrong():
    header = {2: "510", 5: "7", 15: "", 16: ""}

    assert [("bad_number", 2, ERROR), ("header_category", 3, ERROR), ("header_period", 15, ERROR)] == _found(
        file_of(POSTING_BATCH, header=header)
    )


@given(st.dictionaries(st.integers(1, 31), st.one_of(_texts, st.text("0123456789", max_size=9)), max_size=6))
def test_any_header_is_checked_without_falling_over(header):
    problems = check_file(file_of(POSTING_BATCH, header=header))

    assert all(problem.message and problem.cure for problem in problems)


def test_every_rule_takes_any_contents():
    terms = BatchTerms.from_header([content_of(cell) for cell in file_of(POSTING_BATCH).header])

    @given(st.data())
    def check(data):
        category = CATEGORIES[data.draw(st.sampled_from([21, 16]))]
        strange = st.sampled_from(["", "NaN", "1E9999999", "-", ",", "\N{SUPERSCRIPT TWO}", "٣٣", "x" * 300])
        columns = range(1, len(category.newest_columns) + 1)
        change = data.draw(st.dictionaries(st.sampled_from(columns), strange, max_size=8))
        change |= {3: "CHF", 4: "NaN", 5: "1E9999999", 6: "EUR"} if data.draw(st.booleans()) else {}
        contents = [(RIGHT_ROWS[category] | change).get(number, "") for number in columns]
        for rule in category.rules:
            for breach in rule(contents, terms):
                assert breach.cure

    check()
