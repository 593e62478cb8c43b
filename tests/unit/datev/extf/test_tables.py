"""The tables of columns against DATEV's own files and the field lists made from them."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.datev.extf.categories import (
    ACCOUNT_LABELS,
    CATEGORIES,
    DEBTORS,
    PAYMENT_TERMS,
    POSTING_BATCH,
)
from connector.datev.extf.cells import content_of
from connector.datev.extf.columns import CELL_BREAK, Column, Kind
from connector.datev.extf.debtor_columns import DEBTOR_COLUMNS
from connector.datev.extf.header import HEADER_FIELDS
from connector.datev.extf.posting_columns import PAIRS, POSTING_COLUMNS
from tests.unit.datev.partner_file_list import SAMPLES
from tests.unit.datev.partner_files import partner_file


def _table(name):
    with partner_file(f"tables/{name}").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_category_21_has_125_columns_and_version_12_drops_the_last():
    assert 125 == len(POSTING_COLUMNS)
    assert POSTING_COLUMNS[:124] == POSTING_BATCH.columns(12)
    assert POSTING_COLUMNS == POSTING_BATCH.columns(POSTING_BATCH.version)


def test_category_16_has_254_columns():
    assert 254 == len(DEBTOR_COLUMNS)
    assert DEBTOR_COLUMNS == DEBTORS.columns(5)
    assert DEBTORS.columns(4) is None


_some = st.one_of(
    st.sampled_from(
        ["", "0", "1", "S", "0511", "05112026", "EUR", "8400", "1,5", '"', "0,00", "a\x1fb", "x" * 211]
    ),
    st.text(max_size=12),
)


@given(st.lists(st.tuples(st.sampled_from(POSTING_COLUMNS + DEBTOR_COLUMNS), _some), min_size=1, max_size=8))
def test_a_row_is_accepted_exactly_where_every_column_accepts_its_content(row):
    columns, contents = zip(*row, strict=True)

    whole = Column.all_accept(columns).fullmatch(CELL_BREAK.join(contents)) is not None

    assert all(column.accepts(content) for column, content in row) is whole


def test_the_header_record_has_31_fields():
    assert 31 == len(HEADER_FIELDS)


def test_required_columns_are_those_of_datev():
    assert [1, 2, 7, 8, 10] == [n for n, column in enumerate(POSTING_COLUMNS, 1) if column.required]
    assert [1] == [n for n, column in enumerate(DEBTOR_COLUMNS, 1) if column.required]


def test_pairs_are_kind_and_content_of_the_same_number():
    headings = [
        (POSTING_COLUMNS[kind - 1].heading, POSTING_COLUMNS[content - 1].heading) for kind, content in PAIRS
    ]

    assert 28 == len(headings)
    assert ("Beleginfo - Art 8", "Beleginfo - Inhalt 8") == headings[7]
    assert ("Zusatzinformation - Art 20", "Zusatzinformation- Inhalt 20") == headings[-1]


@pytest.mark.parametrize(("name", "number"), SAMPLES)
def test_headings_are_spelled_as_in_datevs_sample(name, number):
    sample = partner_file(f"extf/{name}").read_text(encoding="cp1252").splitlines()[1]

    category = CATEGORIES[number]
    assert sample == ";".join(column.heading for column in category.columns(category.version))


@pytest.mark.parametrize(
    ("table", "columns", "heading"),
    [
        ("buchungsstapel_fields_v13.csv", POSTING_COLUMNS, "heading_in_datev_sample"),
        ("debitoren_kreditoren_fields.csv", DEBTOR_COLUMNS, "heading"),
    ],
)
def test_lengths_and_quoting_are_those_of_datevs_lists(table, columns, heading):
    rows = _table(table)
    lengths = {row["no"]: row["max_length"].split()[0] for row in rows}
    # Four digits before the comma plus the comma make DATEV's "5" of the exchange rate.
    lengths |= {row["no"]: "4" for row in rows if row[heading] == "Kurs"}

    assert [row["text_in_sample"] != "bare" for row in rows] == [column.quoted for column in columns]
    assert [] == [
        (number, column.heading, column.length, lengths[str(number)])
        for number, column in enumerate(columns, 1)
        if column.kind in (Kind.TEXT, Kind.NUMBER)
        and lengths[str(number)].isdigit()
        and int(lengths[str(number)]) != column.length
    ]


_KINDS = {"Text": Kind.TEXT, "Betrag": Kind.NUMBER, "Zahl": Kind.NUMBER, "Konto": Kind.NUMBER}


def test_kinds_decimals_and_duties_of_category_21_are_those_of_datevs_list():
    rows = _table("buchungsstapel_fields_v13.csv")
    dates = {"4": Kind.DAY_MONTH, "8": Kind.DATE}

    assert [
        (
            row["no"],
            _KINDS.get(row["type"]) or dates[row["max_length"]],
            int(row["decimals"]),
            row["required"],
        )
        for row in rows
    ] == [
        (str(number), column.kind, column.decimals, "1" if column.required else "0")
        for number, column in enumerate(POSTING_COLUMNS, 1)
    ]


def test_kinds_and_decimals_of_category_16_are_those_of_datevs_list():
    rows = _table("debitoren_kreditoren_fields.csv")
    kinds = {"text": Kind.TEXT, "number": Kind.NUMBER, "date": Kind.DATE, "reserved": Kind.RESERVED}
    expected = {row["no"]: (kinds[row["kind"]], 2 if "decimals" in row["max_length"] else 0) for row in rows}
    # Called reserved there, but DATEV's own sample fills it with a digit.
    expected["134"] = (Kind.TEXT, 0)

    assert expected == {str(n): (column.kind, column.decimals) for n, column in enumerate(DEBTOR_COLUMNS, 1)}


@pytest.mark.parametrize(
    ("table", "category"),
    [("kontenbeschriftungen_fields.csv", ACCOUNT_LABELS), ("zahlungsbedingungen_fields.csv", PAYMENT_TERMS)],
)
def test_headings_quoting_and_examples_of_the_small_categories_are_datevs(table, category):
    rows = _table(table)
    columns = category.newest_columns

    assert [(row["heading"], row["text_in_sample"] != "bare") for row in rows] == [
        (column.heading, column.quoted) for column in columns
    ]
    assert [] == [
        row["heading"]
        for row, column in zip(rows, columns, strict=True)
        if not column.accepts(content_of(row["example_from_sample"]))
    ]


def test_labels_lengths_and_quoting_of_the_header_are_those_of_datevs_list():
    rows = _table("header_fields.csv")

    assert [row["type"] == "Text" for row in rows] == [field.quoted for field in HEADER_FIELDS]
    assert [row["label_in_format_definition"] for row in rows] == [field.heading for field in HEADER_FIELDS]
    assert [] == [
        (field.heading, field.length, row["max_length"])
        for row, field in zip(rows, HEADER_FIELDS, strict=True)
        if row["max_length"] and field.kind is not Kind.RESERVED and int(row["max_length"]) != field.length
    ]


@pytest.mark.parametrize(("version", "count"), [(9, 120), (10, 121), (11, 122), (12, 124), (13, 125)])
def test_each_version_of_category_21_has_its_columns(version, count):
    assert POSTING_COLUMNS[:count] == POSTING_BATCH.columns(version)


def test_account_labels_of_version_2_lack_the_long_label():
    assert ACCOUNT_LABELS.newest_columns[:3] == ACCOUNT_LABELS.columns(2)
    assert ("Kontenbeschriftung lang", 300) == (
        ACCOUNT_LABELS.newest_columns[3].heading,
        ACCOUNT_LABELS.newest_columns[3].length,
    )


def test_no_column_takes_a_control_character():
    # The writer relies on it: between 0x80 and 0x9F Latin-1 has control characters, Windows-1252 has others.
    controls = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]

    assert [] == [
        (column.heading, sign)
        for category in CATEGORIES.values()
        for column in (*category.newest_columns, *HEADER_FIELDS)
        for sign in controls
        if column.accepts(sign) or column.accepts(f'BEDI "{sign}"') or column.accepts(f'DORE "{sign}"')
    ]


def test_digits_of_other_scripts_are_no_numbers():
    assert [] == [
        column.heading
        for column in (*POSTING_COLUMNS, *DEBTOR_COLUMNS, *HEADER_FIELDS)
        if column.kind is not Kind.TEXT and column.accepts("\N{ARABIC-INDIC DIGIT ONE}")
    ]
