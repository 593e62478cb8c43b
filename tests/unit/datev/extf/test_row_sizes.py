"""How large a row becomes is known before there is a file: by that a batch is filled."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from connector.datev.extf import render_debtors, render_posting_batch
from connector.datev.extf.categories import DEBTORS, POSTING_BATCH
from connector.datev.extf.cells import join_cells
from connector.datev.extf.debtors import longest_debtor_row
from connector.datev.extf.limits import MAX_HEADER_CHARACTERS, MOST_BYTES_ABOVE_ROWS
from connector.datev.extf.posting_rows import longest_row
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.samples import COMPANY, POSTING

_texts = st.text(alphabet=st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=20)


@given(_texts, st.lists(st.tuples(_texts.filter(bool), _texts.filter(bool)), max_size=20))
def test_the_size_of_a_posting_is_known_before_it_is_written(text, pairs):
    posting = replace(POSTING, posting_text=text, extra=tuple(pairs))

    one = render_posting_batch(HEADER, [posting])
    two = render_posting_batch(HEADER, [posting, posting])

    assert len(two) - len(one) == longest_row(posting)


@given(_texts.filter(lambda text: bool(text.strip())))
def test_the_size_of_a_debtor_is_known_before_it_is_written(name):
    debtor = replace(COMPANY, name=name)
    other = replace(debtor, account=debtor.account + 1)

    one = render_debtors(HEADER, [debtor])
    two = render_debtors(HEADER, [debtor, other])

    assert len(two) - len(one) == longest_debtor_row(other)


def test_what_stands_above_the_rows_takes_less_than_is_kept_free_for_it():
    for category in (POSTING_BATCH, DEBTORS):
        headings = join_cells(column.heading for column in category.newest_columns)
        assert MAX_HEADER_CHARACTERS + len(headings) + 4 <= MOST_BYTES_ABOVE_ROWS
