"""Our postings as a posting batch: the golden file, and one test per rule with the fault injected."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.posting import Side
from connector.datev.extf import check_file, read_file, render_posting_batch
from connector.errors import DataError
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.samples import POSTING

GOLDEN = Path(__file__).parent / "golden"

REVERSE_CHARGE = replace(
    POSTING, line=2, contra_account=8336, amount=Decimal("500.00"), tax_rate=Decimal(0), eu_vat="ATU12345678"
)
OSS = replace(
    POSTING,
    contra_account=8200,
    tax_key="240",
    amount=Decimal("120.00"),
    eu_vat="AT",
    eu_rate=Decimal(20),
    origin_country="DE",
    document_number="PD-43",
)
FOREIGN = replace(
    POSTING,
    currency="CHF",
    exchange_rate=Decimal("0.9412"),
    base_amount=Decimal("1264.34"),
    document_number="PD-44",
    cost_centre_1="100",
    cost_centre_2="KST 7",
    order_number="PO 4711",
    service_date=date(2026, 11, 1),
    posting_text='Ümläute; "Anführung" & Co. €',
)
CREDIT = replace(
    POSTING, side=Side.CREDIT, document_number="PD-45", due_date=None, document_link="", extra=()
)


def _problems(posting=POSTING, header=HEADER, more=()):
    with pytest.raises(DataError) as caught:
        render_posting_batch(header, [posting, *more])
    return caught.value.problems


def test_the_golden_batch_comes_out_byte_for_byte():
    postings = [POSTING, REVERSE_CHARGE, OSS, FOREIGN, CREDIT]

    assert (GOLDEN / "posting_batch.csv").read_bytes() == render_posting_batch(HEADER, postings)


def test_a_batch_of_ours_passes_our_own_check_of_files():
    file = read_file(render_posting_batch(HEADER, [POSTING, REVERSE_CHARGE, OSS, FOREIGN, CREDIT]))

    assert [] == check_file(file)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (1, "1190,00"),
        (2, '"S"'),
        (3, '""'),
        (4, ""),
        (5, ""),
        (6, '""'),
        (7, "10000"),
        (8, "8400"),
        (9, '""'),
        (10, "0511"),
        (11, '"PD-42"'),
        (14, '"Muster Möbel GmbH Website"'),
        (20, '"BEDI ""3f0c5b1e-7c1d-4c57-9a3e-5d2f1a6b7c8d"""'),
        (48, '"Pipedrive-Deal"'),
        (49, '"42"'),
        (50, '""'),
        (103, '"8a1d2c3b-4e5f-4a6b-8c7d-9e0f1a2b3c4d"'),
        (114, "0"),
        (115, ""),
        (117, "19112026"),
        (125, ""),
    ],
)
def test_a_cell_of_a_domestic_row_is_written_exactly(column, expected):
    row = read_file(render_posting_batch(HEADER, [POSTING])).rows[0]

    assert expected == row[column - 1]


def test_the_lock_stands_in_header_and_rows():
    file = read_file(render_posting_batch(replace(HEADER, finalise=True), [POSTING]))

    assert ("1", "1") == (file.header[20], file.rows[0][113])


def test_the_creation_time_is_german_time_with_milliseconds():
    assert "20261105103015123" == read_file(render_posting_batch(HEADER, [POSTING])).header[5]


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"amount": Decimal("0.00")}, "bad_number", 1),
        ({"amount": Decimal("-1.00")}, "bad_number", 1),
        ({"amount": Decimal("1.005")}, "bad_number", 1),
        ({"amount": Decimal("12345678901.00")}, "bad_number", 1),
        ({"amount": Decimal("NaN")}, "bad_number", 1),
        ({"account": 1000}, "debtor_account_length", 7),
        ({"account": 100000}, "debtor_account_length", 7),
        ({"contra_account": 84000}, "revenue_account_length", 8),
        ({"contra_account": 840}, "revenue_account_length", 8),
        ({"tax_key": "12345"}, "text_too_long", 9),
        ({"tax_key": "A"}, "bad_text", 9),
        ({"document_date": date(2026, 12, 1)}, "document_date_outside_period", 10),
        ({"document_date": date(2025, 11, 5), "document_number": "X" * 37}, "text_too_long", 11),
        ({"document_number": "RE 1"}, "bad_text", 11),
        ({"document_number": "RE_1"}, "bad_text", 11),
        ({"document_number": "RÄ1"}, "bad_text", 11),
        ({"posting_text": "x" * 61}, "text_too_long", 14),
        ({"posting_text": "two\nlines"}, "control_character", 14),
        ({"posting_text": "Łódź"}, "not_in_encoding", 14),
        ({"document_link": 'a"b'}, "bad_text", 20),
        ({"cost_centre_1": "x" * 37}, "text_too_long", 37),
        ({"cost_centre_2": "x" * 37}, "text_too_long", 38),
        ({"eu_vat": "12"}, "bad_text", 40),
        ({"eu_vat": "ATU12345678901234"}, "text_too_long", 40),
        ({"eu_rate": Decimal(120)}, "bad_number", 41),
        ({"eu_rate": Decimal(20)}, "eu_rate_without_country", 40),
        ({"tax_key": "240", "eu_vat": "AT"}, "key_needs_eu_field", 41),
        ({"origin_country": "D"}, "bad_text", 123),
        ({"extra": (("Art", ""),)}, "half_pair", 48),
        ({"extra": (("", "Inhalt"),)}, "half_pair", 48),
        ({"extra": (("x" * 21, "y"),)}, "text_too_long", 48),
        ({"extra": (("x", "y" * 211),)}, "text_too_long", 49),
        ({"extra": (("x", "y"),) * 21}, "too_many_extra_pairs", 48),
        ({"order_number": "x" * 31}, "text_too_long", 95),
        ({"key": "not a guid"}, "bad_text", 103),
        ({"currency": "CHF"}, "currency_incomplete", 4),
        ({"currency": "CHF", "exchange_rate": Decimal("0.9")}, "currency_incomplete", 4),
        ({"exchange_rate": Decimal("0.9")}, "currency_without_code", 3),
        ({"base_amount": Decimal("9.00")}, "currency_without_code", 3),
        (
            {"currency": "CHF", "exchange_rate": Decimal(0), "base_amount": Decimal(1)},
            "bad_number",
            4,
        ),
        (
            {"currency": "CHF", "exchange_rate": Decimal("0.9412345"), "base_amount": Decimal(1)},
            "bad_number",
            4,
        ),
        ({"currency": "Taler"}, "text_too_long", 3),
    ],
)
def test_a_fault_is_found_with_its_row_and_column(change, code, column):
    problems = _problems(replace(POSTING, **change))

    found = [problem for problem in problems if problem.code == code]
    assert [code] == [problem.code for problem in found]
    assert found[0].field.startswith(f"column {column} (")
    assert found[0].message.startswith("Row 1 (document ")
    assert found[0].cure


def test_all_problems_of_all_rows_are_told_at_once():
    bad = replace(POSTING, amount=Decimal(0), posting_text="x" * 61)
    worse = replace(POSTING, document_number="a b", document_date=date(2026, 1, 1))

    problems = _problems(bad, more=[POSTING, worse])

    assert ["Row 1", "Row 1", "Row 3", "Row 3"] == [problem.message[:5] for problem in problems]


def test_a_row_of_another_year_in_the_same_month_is_no_row_of_this_batch():
    header = replace(
        HEADER, fiscal_year_start=date(2026, 7, 1), date_from=date(2026, 12, 1), date_to=date(2027, 1, 31)
    )
    january = replace(POSTING, document_date=date(2027, 1, 5), due_date=None)

    assert render_posting_batch(header, [january])
    assert ["document_date_outside_period"] == [
        problem.code for problem in _problems(replace(january, document_date=date(2027, 2, 5)), header)
    ]


def test_a_document_date_one_year_off_is_refused_although_day_and_month_fit():
    problems = _problems(replace(POSTING, document_date=date(2025, 11, 5)))

    assert ["document_date_outside_period"] == [problem.code for problem in problems]


def test_an_empty_batch_is_refused():
    with pytest.raises(DataError) as caught:
        render_posting_batch(HEADER, [])

    assert ["no_rows"] == [problem.code for problem in caught.value.problems]


def test_more_than_99999_rows_are_refused(monkeypatch):
    monkeypatch.setattr("connector.datev.extf.writer.MAX_ROWS", 1)

    assert ["too_many_rows"] == [problem.code for problem in _problems(more=[POSTING])]


def test_a_file_above_the_size_limit_is_refused(monkeypatch):
    monkeypatch.setattr("connector.datev.extf.writer.MAX_BYTES", 100)

    assert ["file_too_large"] == [problem.code for problem in _problems()]


_texts = st.text(alphabet=st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=60)


@given(
    amount=st.decimals(min_value="0.01", max_value="9999999999.99", places=2),
    text=_texts,
    pairs=st.lists(st.tuples(_texts.filter(bool).map(lambda t: t[:20]), _texts.filter(bool)), max_size=20),
    day=st.dates(date(2026, 11, 1), date(2026, 11, 30)),
)
def test_whatever_is_written_reads_back_the_same_and_checks_clean(amount, text, pairs, day):
    posting = replace(
        POSTING, amount=amount, posting_text=text, extra=tuple(pairs), document_date=day, due_date=None
    )

    file = read_file(render_posting_batch(HEADER, [posting]))

    assert [] == check_file(file)
    assert amount == Decimal(file.content(1, 1).replace(",", "."))
    assert (text, f"{day:%d%m}") == (file.content(1, 14), file.content(1, 10))
    assert pairs == [(file.content(1, 48 + 2 * n), file.content(1, 49 + 2 * n)) for n in range(len(pairs))]
