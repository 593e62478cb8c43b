"""The short way of a posting to its row says the same as the long way, and as the validator."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.accounting.posting import Side
from connector.datev.extf import check_file, read_file, render_posting_batch
from connector.datev.extf import posting_rows as module
from connector.datev.extf.posting_rows import PostingRows
from connector.errors import DataError
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.samples import POSTING

_GUID = "8a1d2c3b-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
_words = st.sampled_from(
    ["", "x", 'a "quote"', "x" * 20, "x" * 36, "x" * 61, "a\x1fb", "Łódź", "ü", "1", "\n"]
)
_days = st.sampled_from([date(2026, 11, 1), date(2026, 11, 30), date(2025, 11, 5), date(2026, 12, 1)])
_numbers = st.sampled_from(
    [
        Decimal(text)
        for text in ("0", "-1", "0.01", "1", "1.5", "1E+2", "19.00", "1.005", "99999999999", "NaN")
    ]
)
_currencies = st.sampled_from(
    [
        ("EUR", None, None),
        ("EUR", Decimal(1), Decimal(1)),
        ("CHF", None, None),
        ("CHF", Decimal("0.5"), Decimal("2.00")),
        ("CHF", Decimal("0.5"), Decimal("2.02")),
        ("CHF", Decimal("0.5"), None),
        ("CHF", Decimal("NaN"), Decimal(1)),
        ("chf", Decimal("0.5"), Decimal("2.00")),
    ]
)


@st.composite
def changes(draw):
    """A right posting with a few fields made something else, right or wrong."""
    currency, rate, base = draw(_currencies)
    possible = {
        "amount": _numbers,
        "side": st.sampled_from(list(Side)),
        "account": st.sampled_from([10000, 69999, 1000, 100000, 0, -1000]),
        "contra_account": st.sampled_from([8400, 84000, 840, 0]),
        "tax_key": st.sampled_from(["", "3", "40", "240", "11", "231", "10", "12345", "A"]),
        "document_number": st.sampled_from(["", "PD-1", "RE_1", "RE 1", "X" * 37]),
        "document_date": _days,
        "service_date": st.one_of(st.none(), _days),
        "due_date": st.one_of(st.none(), _days),
        "posting_text": _words,
        "eu_vat": st.sampled_from(["", "AT", "ATU12345678", "GR123", "12", "AT" + "1" * 14]),
        "eu_rate": st.sampled_from([None, Decimal(20), Decimal("5.50"), Decimal(120), Decimal(-1)]),
        "origin_country": st.sampled_from(["", "DE", "GR", "D", "DE123"]),
        "cost_centre_1": _words,
        "cost_centre_2": _words,
        "document_link": st.sampled_from(["", _GUID, "no guid", 'a"b']),
        "order_number": _words,
        "key": st.sampled_from([_GUID, "", "no guid"]),
        "extra": st.lists(st.tuples(_words, _words), max_size=3).map(tuple),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(possible)), max_size=3))
    change = {name: draw(possible[name]) for name in sorted(chosen)}
    return change | {"currency": currency, "exchange_rate": rate, "base_amount": base}


@settings(max_examples=400)
@given(changes(), st.sampled_from([12, 13]), st.booleans())
def test_a_posting_is_written_exactly_where_the_long_way_finds_nothing_wrong(change, version, finalise):
    header = replace(HEADER, posting_batch_version=version, finalise=finalise)
    # An amount that the foreign base amounts above fit.
    posting = replace(POSTING, **{"amount": Decimal("1.00")} | change)
    rows = PostingRows(header)
    problems, again = [], []

    line = rows.line(posting, 1, problems)
    careful = rows._line_after_all_checks(posting, 1, again)

    assert (careful, again) == (line, problems)
    assert bool(line) is not bool(problems)


@settings(max_examples=300)
@given(changes())
def test_what_is_written_is_right_for_the_validator_too(change):
    posting = replace(POSTING, **{"amount": Decimal("1.00")} | change)
    with suppress(DataError):
        assert [] == check_file(read_file(render_posting_batch(HEADER, [posting])))


def test_a_right_posting_takes_the_short_way(monkeypatch):
    monkeypatch.setattr(PostingRows, "_line_after_all_checks", None)
    foreign = replace(
        POSTING, currency="CHF", exchange_rate=Decimal("0.9412"), base_amount=Decimal("1264.34")
    )
    quoted = replace(POSTING, posting_text='Fa. "Muster"', extra=(("Art", 'Inhalt "1"'),))
    oss = replace(POSTING, contra_account=8200, tax_key="240", eu_vat="AT", eu_rate=Decimal(20))

    assert 7 == render_posting_batch(HEADER, [POSTING, foreign, quoted, oss, POSTING]).count(b"\r\n")


def test_cells_are_remembered_only_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(module, "_KEPT", 3)
    rows = PostingRows(HEADER)

    lines = [rows.line(replace(POSTING, account=10000 + n), 1, []) for n in range(10)]

    assert [str(10000 + n) for n in range(10)] == [line.split(";")[6] for line in lines]
    assert 3 >= len(rows._accounts)


@pytest.mark.parametrize(
    ("base", "right"), [("1264.34", True), ("1264.35", True), ("1264.36", False), ("1264.32", False)]
)
def test_the_base_amount_is_right_to_a_cent(base, right):
    posting = replace(POSTING, currency="CHF", exchange_rate=Decimal("0.9412"), base_amount=Decimal(base))
    problems = []

    line = PostingRows(HEADER).line(posting, 1, problems)

    assert right is bool(line)
    assert ([] if right else [("base_amount_wrong", 5)]) == [(p.code, p.column) for p in problems]
