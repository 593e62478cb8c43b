"""Postings to batches: by fiscal year, month and limits; documents stay whole."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.datev.extf import render_posting_batch, split_postings
from connector.datev.extf.posting_rows import longest_row
from connector.errors import DataError
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.samples import POSTING


def _posting(document, day=date(2026, 11, 5), line=1, **change):
    return replace(
        POSTING, document_link="", document_number=f"PD-{document}", document_date=day, line=line, **change
    )


def _shape(parts):
    return [
        (part.fiscal_year, part.month, part.number, [posting.document_number for posting in part.postings])
        for part in parts
    ]


def test_each_month_of_each_fiscal_year_is_a_file_in_the_order_of_time():
    postings = [
        _posting(1, date(2026, 12, 31)),
        _posting(2, date(2027, 1, 1)),
        _posting(3, date(2026, 11, 30)),
    ]

    assert [
        (date(2026, 1, 1), date(2026, 11, 1), 1, ["PD-3"]),
        (date(2026, 1, 1), date(2026, 12, 1), 1, ["PD-1"]),
        (date(2027, 1, 1), date(2027, 1, 1), 1, ["PD-2"]),
    ] == _shape(split_postings(postings))


def test_a_fiscal_year_that_begins_within_a_month_splits_it():
    postings = [_posting(1, date(2026, 7, 15)), _posting(2, date(2026, 7, 14))]

    assert [
        (date(2025, 7, 15), date(2026, 7, 1), 1, ["PD-2"]),
        (date(2026, 7, 15), date(2026, 7, 1), 1, ["PD-1"]),
    ] == _shape(split_postings(postings, fiscal_year_start_month=7, fiscal_year_start_day=15))


def test_rows_of_a_document_come_together_and_no_file_has_too_many():
    postings = [_posting(1), _posting(2), _posting(1, line=2), _posting(3), _posting(2, line=2)]

    assert [
        (date(2026, 1, 1), date(2026, 11, 1), 1, ["PD-1", "PD-1"]),
        (date(2026, 1, 1), date(2026, 11, 1), 2, ["PD-2", "PD-2", "PD-3"]),
    ] == _shape(split_postings(postings, max_rows=3))


def test_the_guid_of_a_document_keeps_its_rows_together_whatever_their_numbers():
    rows = [replace(POSTING, document_number=number) for number in ("A", "B")]

    assert [["A", "B"]] == [
        [p.document_number for p in part.postings] for part in split_postings(rows, max_rows=2)
    ]
    with pytest.raises(DataError):
        split_postings(rows, max_rows=1)


def test_files_stay_below_the_limit_of_bytes():
    postings = [_posting(number, posting_text="ä" * 60) for number in range(200)]

    parts = split_postings(postings, max_bytes=20_000)

    sizes = [len(render_posting_batch(HEADER, part.postings)) for part in parts]
    assert postings == [posting for part in parts for posting in part.postings]
    assert 1 < len(parts)
    assert all(size <= 20_000 for size in sizes)


def test_every_document_that_fits_into_no_file_is_named():
    postings = [_posting(1), _posting(1, line=2), _posting(2), _posting(3, date(2026, 11, 30))]
    postings.append(_posting(3, date(2026, 12, 1), line=2))

    with pytest.raises(DataError) as caught:
        split_postings(postings, max_rows=1)

    assert ["document_too_large", "document_in_two_months"] == [p.code for p in caught.value.problems]


def test_a_document_larger_than_a_file_is_named():
    with pytest.raises(DataError) as caught:
        split_postings([_posting(1)], max_bytes=3_000)

    assert ["document_too_large"] == [problem.code for problem in caught.value.problems]


def test_nothing_makes_no_file():
    assert [] == split_postings([])


_texts = st.text(alphabet=st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=20)


@given(_texts, st.lists(st.tuples(_texts.filter(bool), _texts.filter(bool)), max_size=20))
def test_the_size_of_a_row_is_known_before_it_is_written(text, pairs):
    posting = replace(POSTING, posting_text=text, extra=tuple(pairs))

    one = render_posting_batch(HEADER, [posting])
    two = render_posting_batch(HEADER, [posting, posting])

    assert len(two) - len(one) == longest_row(posting)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 12), st.integers(1, 2)), max_size=40),
    st.integers(4, 9),
)
def test_no_posting_is_lost_and_no_document_torn(rows, max_rows):
    days = {document: date(2026, month, 3) for document, month, _ in rows}
    postings = [_posting(document, days[document], line) for document, _, line in rows]
    lists = {n: [p for p in postings if p.document_number == f"PD-{n}"] for n in days}
    if any(len(found) > max_rows for found in lists.values()):
        with pytest.raises(DataError):
            split_postings(postings, max_rows=max_rows)
        return

    parts = split_postings(postings, max_rows=max_rows)

    assert sorted(map(repr, postings)) == sorted(repr(p) for part in parts for p in part.postings)
    assert all(len(part.postings) <= max_rows for part in parts)
    assert all(
        {(p.document_date.year, p.document_date.month) for p in part.postings}
        == {(part.month.year, part.month.month)}
        for part in parts
    )
    for found in lists.values():
        assert 1 == sum(found[0] in part.postings for part in parts)
    assert parts == split_postings(list(postings), max_rows=max_rows)
