"""Files of any size: written and read in pieces, in the same memory, whole or not at all."""

import codecs
import io
import itertools
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.datev.extf import (
    ExtfReader,
    check_file,
    check_rows,
    posting_batch_chunks,
    read_file,
    render_posting_batch,
    save,
    write_file,
)
from connector.datev.extf import reader as reader_module
from connector.datev.extf.categories import CATEGORIES, POSTING_BATCH
from connector.datev.extf.limits import MAX_ROWS
from connector.errors import DataError
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.extf.made_files import file_of
from tests.unit.datev.samples import POSTING

HEAD = b'"EXTF";700;21;"Buchungsstapel";13\r\nText\r\n'


class _Drip(io.RawIOBase):
    """A source that gives a few bytes at a time, wherever they end."""

    def __init__(self, data, seed):
        self._data = io.BytesIO(data)
        sizes = (1, 2, 3, 400, 7, 1, 50)
        self._sizes = itertools.cycle(sizes[seed % len(sizes) :] + sizes[: seed % len(sizes)])

    def read(self, size=-1):
        return self._data.read(min(size, next(self._sizes)))


def _read(data):
    reader = ExtfReader(io.BytesIO(data))
    return reader, list(reader)


def _problems(data):
    with pytest.raises(DataError) as caught:
        _read(data)
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


def _postings(count):
    return (replace(POSTING, document_number=f"PD-{number}") for number in range(count))


def test_a_batch_comes_in_pieces_that_are_the_whole_file():
    pieces = list(posting_batch_chunks(HEADER, _postings(1000)))

    assert 3 < len(pieces)
    assert render_posting_batch(HEADER, _postings(1000)) == b"".join(pieces)


def test_after_the_first_problem_no_piece_comes_and_all_problems_are_told():
    bad = {300: {"document_number": "a b"}, 900: {"posting_text": "Łódź"}}
    postings = [replace(posting, **bad.get(n, {})) for n, posting in enumerate(_postings(1000), 1)]
    pieces = []

    with pytest.raises(DataError) as caught:
        pieces += posting_batch_chunks(HEADER, postings)

    assert 1 == len(pieces)
    assert [("bad_text", 300, 11), ("not_in_encoding", 900, 14)] == [
        (problem.code, problem.row, problem.column) for problem in caught.value.problems
    ]


def test_a_saved_file_is_the_rendered_file(tmp_path):
    path = tmp_path / "EXTF_x.csv"

    size = save(posting_batch_chunks(HEADER, _postings(1000)), path)

    assert render_posting_batch(HEADER, _postings(1000)) == path.read_bytes()
    assert size == path.stat().st_size


def test_a_file_with_a_problem_leaves_no_file_and_keeps_the_old_one(tmp_path):
    path = tmp_path / "EXTF_x.csv"
    postings = [*_postings(1000), replace(POSTING, posting_text="x" * 61)]
    for before in ([], [path]):
        with pytest.raises(DataError):
            save(posting_batch_chunks(HEADER, postings), path)

        assert before == list(tmp_path.iterdir())
        path.write_bytes(b"old")

    assert b"old" == path.read_bytes()


def test_a_full_batch_goes_in_one_go_and_one_row_more_does_not(monkeypatch):
    # A tenth of the real number, which the benchmark carries.
    monkeypatch.setattr("connector.datev.extf.writer.MAX_ROWS", MAX_ROWS // 10)

    assert (MAX_ROWS // 10) + 2 == sum(
        piece.count(b"\r\n") for piece in posting_batch_chunks(HEADER, _postings(MAX_ROWS // 10))
    )
    with pytest.raises(DataError) as caught:
        list(posting_batch_chunks(HEADER, _postings(MAX_ROWS // 10 + 1)))
    assert ["too_many_rows"] == [problem.code for problem in caught.value.problems]


def _peak(action):
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_file(tmp_path):
    def write_and_check(count):
        path = tmp_path / f"EXTF_{count}.csv"
        save(posting_batch_chunks(HEADER, _postings(count)), path)
        with path.open("rb") as file:
            reader = ExtfReader(file)
            assert [] == list(check_rows(reader.header, reader.headings, reader))

    write_and_check(10)
    small, large = (_peak(lambda count=count: write_and_check(count)) for count in (600, 3000))

    assert large < small * 1.3


def test_a_label_that_windows_1252_lacks_is_a_problem_of_the_header():
    with pytest.raises(DataError) as caught:
        render_posting_batch(replace(HEADER, label="Łódź"), [POSTING])

    assert [("not_in_encoding", 1, 17, None)] == [
        (problem.code, problem.line, problem.column, problem.row) for problem in caught.value.problems
    ]


@given(st.integers(0, 9), st.sampled_from(["cp1252", "utf-8", "utf-16-le", "utf-16-be"]))
@settings(max_examples=50)
def test_it_does_not_matter_where_the_pieces_end(seed, encoding):
    file = replace(file_of(POSTING_BATCH, {14: "Müller"}, {}, {14: "€ – ß"}), encoding=encoding)

    reader = ExtfReader(_Drip(write_file(file), seed))

    assert (file.header, file.headings, file.rows) == (reader.header, reader.headings, tuple(reader))
    assert encoding == reader.encoding


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_lines_may_end_as_on_any_system(end):
    data = HEAD.replace(b"\r\n", end) + b"1" + end + b"2" + end + b"3"

    for seed in range(5):
        assert [("1",), ("2",), ("3",)] == list(ExtfReader(_Drip(data, seed)))


def test_the_size_of_the_file_is_known_after_the_last_row():
    data = render_posting_batch(HEADER, _postings(1000))
    reader, _ = _read(data)

    assert len(data) == reader.size


def test_every_byte_that_the_encoding_lacks_is_named_with_line_and_cell():
    assert [("bad_encoding", 3, 2), ("bad_encoding", 5, 1)] == _problems(
        HEAD + b"1;\x81;\x8d\r\n2;3\r\n\x9d;4\r\n"
    )
    assert [("bad_encoding", 3, 2)] == _problems(codecs.BOM_UTF8 + HEAD + b"1;\xff\r\n2;3\r\n")
    utf_16 = codecs.BOM_UTF16_LE + HEAD.decode().encode("utf-16-le")
    assert [("bad_encoding", 3, 1)] == _problems(utf_16 + b"\x00\xdca\x00\r\x00\n\x00")
    assert [("bad_encoding", 3, 1)] == _problems(utf_16 + b"1")


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_lost_bytes_are_named_wherever_the_pieces_end(mark):
    data = mark + HEAD + b"1;x\x9d\xffyz;3\r\n\x81\r\nabc\r\n"
    for seed in range(7):
        with pytest.raises(DataError) as caught:
            list(ExtfReader(_Drip(data, seed)))

        found = [(problem.code, problem.line, problem.column) for problem in caught.value.problems]
        assert [("bad_encoding", 3, 2), ("bad_encoding", 4, 1)] == found


def test_a_byte_lost_in_the_header_is_named_too():
    assert [("bad_encoding", 1, 4)] == _problems(HEAD.replace(b"Buchung", b"\x81") + b"1\r\n")


def test_every_broken_line_is_named_the_header_included():
    assert [("bad_quotes", 1, None), ("bad_quotes", 4, None)] == _problems(
        b'"EXTF";700;"21\r\nText\r\n1\r\n"2\r\n'
    )


def test_a_huge_line_is_refused_without_being_kept(monkeypatch):
    monkeypatch.setattr(reader_module, "LONGEST_LINE", 1000)

    assert [("line_too_long", 4, None)] == _problems(HEAD + b"1\r\n" + b"x" * 200_000 + b"\r\n2\r\n")
    assert [("line_too_long", 4, None)] == _problems(HEAD + b"1\r\n" + b'"' * 70_000)


def test_a_nul_is_read_and_found_by_the_check():
    file = read_file(write_file(file_of(POSTING_BATCH, {14: "a\x00b"})))

    assert [("control_character", 1, 14)] == [(p.code, p.row, p.column) for p in check_file(file)]


_pieces = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"\r\n",
            b";",
            b'"',
            b'""',
            b"\x00",
            b"\x81",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"x" * 3000,
        ]
    ),
)


@settings(max_examples=400)
@given(
    st.sampled_from([b"", HEAD, codecs.BOM_UTF8 + HEAD, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"DTVF"]),
    st.lists(_pieces, max_size=20),
    st.integers(0, 9),
)
def test_no_bytes_make_reader_or_validator_fall_over(start, pieces, seed):
    data = start + b"".join(pieces)
    try:
        reader = ExtfReader(_Drip(data, seed))
        problems = list(check_rows(reader.header, reader.headings, reader))
    except DataError as error:
        problems = error.problems
        assert problems
    assert all(problem.message and problem.cure for problem in problems)


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(CATEGORIES)),
    st.sampled_from(["cp1252", "utf-8", "utf-16-le"]),
    st.lists(st.tuples(st.integers(min_value=0), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_a_damaged_file_is_read_or_refused_but_never_falls_over(number, encoding, noises):
    data = write_file(replace(file_of(CATEGORIES[number], {}, {}), encoding=encoding))
    for position, noise in noises:
        place = position % len(data)
        data = data[:place] + noise + data[place + 1 :]
    try:
        problems = check_file(read_file(data))
    except DataError as error:
        problems = error.problems
    assert all(problem.message and problem.cure for problem in problems)
