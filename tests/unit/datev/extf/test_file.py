"""Reading and writing: what is read is written again, and no bytes make the reader fall over."""

import codecs
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.datev.extf import ExtfFile, check_file, read_file, render_posting_batch, write_file
from connector.datev.extf.cells import content_of, decimal_text, join_cells, quote, split_cells
from connector.errors import DataError
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.samples import POSTING

_PRINTABLE = "".join(
    sign for byte in range(0x20, 0x100) if byte != 0x7F and (sign := bytes([byte]).decode("cp1252", "ignore"))
)
contents = st.text(alphabet=_PRINTABLE, max_size=40)
bare_cells = st.text(alphabet="0123456789,", max_size=12)
cells = st.one_of(contents.map(quote), bare_cells)
rows = st.lists(st.lists(cells, min_size=1, max_size=9).map(tuple), max_size=5).map(tuple)
_FIRST = ('"EXTF"', "700", "21", '"Buchungsstapel"', "13")


def _codes(data):
    with pytest.raises(DataError) as caught:
        read_file(data)
    return [problem.code for problem in caught.value.problems]


@given(contents)
def test_a_quoted_cell_says_what_was_quoted(content):
    assert content == content_of(quote(content))


@given(st.lists(cells, min_size=1, max_size=20))
def test_cells_joined_and_split_are_the_same_cells(row):
    assert tuple(row) == split_cells(join_cells(row))


@given(rows, st.sampled_from(["cp1252", "utf-8", "utf-16-le", "utf-16-be"]))
def test_a_file_written_and_read_is_the_same_file(body, encoding):
    file = ExtfFile(_FIRST, ("Umsatz",), body, encoding)

    assert file == read_file(write_file(file))


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fall_over(data):
    for start in (b"", b'"EXTF";700;21;"x";13\r\n', codecs.BOM_UTF16_LE):
        try:
            file = read_file(start + data)
        except DataError:
            continue
        assert isinstance(file, ExtfFile)


@given(st.integers(min_value=2), st.binary(min_size=1, max_size=3))
def test_a_damaged_batch_is_read_or_refused_but_never_falls_over(place, noise):
    data = render_posting_batch(HEADER, [POSTING])
    place %= len(data)
    damaged = data[:place] + noise + data[place + 1 :]
    try:
        file = read_file(damaged)
    except DataError:
        return
    assert all(problem.message and problem.cure for problem in check_file(file))


def test_an_empty_cell_and_a_quoted_empty_cell_stay_apart():
    file = ExtfFile(_FIRST, ("a", "b"), (("", '""'),))

    assert (("", '""'),) == read_file(write_file(file)).rows


def test_every_line_ends_with_cr_lf():
    data = render_posting_batch(HEADER, [POSTING])

    assert 3 == data.count(b"\r\n") == data.count(b"\n")
    assert data.endswith(b"\r\n")


def test_utf_8_is_known_by_its_mark_and_kept():
    data = codecs.BOM_UTF8 + '"EXTF";700;21;"Buchungsstapel";13\r\nText\r\n"Łódź"\r\n'.encode()

    file = read_file(data)

    assert ("utf-8", "Łódź") == (file.encoding, file.content(1, 1))
    assert data == write_file(file)


def test_a_file_of_another_kind_is_refused():
    assert ["not_extf"] == _codes(b"PK\x03\x04")
    assert ["not_extf"] == _codes(b"")


def test_a_file_without_headings_is_refused():
    assert ["headings_missing"] == _codes(b'"EXTF";700;21;"Buchungsstapel";13\r\n')


def test_a_byte_that_the_encoding_lacks_is_refused():
    assert ["bad_encoding"] == _codes(b'"EXTF";700;21;"Buchungsstapel";13\r\n\x81\r\n')


def test_every_line_with_a_broken_quote_is_named():
    data = b'"EXTF";700;21;"Buchungsstapel";13\r\nText\r\n"open;1\r\n1;2\r\n"a"b"c"\r\n'

    with pytest.raises(DataError) as caught:
        read_file(data)

    assert ["line 3", "line 5"] == [problem.field for problem in caught.value.problems]


def test_a_header_record_that_is_too_short_is_refused():
    assert ["header_too_short"] == _codes(b'"EXTF";700\r\nText\r\n')


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        ("119", 2, "119,00"),
        ("119.5", 2, "119,50"),
        ("119.500", 2, "119,50"),
        ("1E+3", 2, "1000,00"),
        ("0.005", 2, "0,005"),
        ("1234567.89", 2, "1234567,89"),
        ("1.1", 6, "1,100000"),
    ],
)
def test_numbers_get_a_decimal_comma_and_are_never_rounded(value, decimals, expected):
    assert expected == decimal_text(Decimal(value), decimals)


def test_every_sign_of_windows_1252_is_written_as_its_own_byte():
    signs = "".join(sign for sign in _PRINTABLE if sign not in ('"', ";"))
    for start in range(0, len(signs), 50):
        text = signs[start : start + 50]

        data = render_posting_batch(HEADER, [replace(POSTING, posting_text=text)])

        assert text.encode("cp1252") in data
