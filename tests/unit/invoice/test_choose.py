"""Which file of a deal is its invoice."""

import pytest

from connector.invoice.choose import looks_like_pdf, newest_matching_pdf


def _file(number, name, add_time, **more):
    return {
        "id": number,
        "name": name,
        "file_name": f"stored-{number}",
        "file_type": "pdf",
        "add_time": add_time,
        "active_flag": True,
        "inline_flag": False,
        **more,
    }


OLD = _file(1, "Rechnung alt.pdf", "2026-11-01 08:00:00")
NEW = _file(2, "RECHNUNG neu.PDF", "2026-11-02 08:00:00")
OFFER = _file(3, "Angebot.pdf", "2026-11-03 08:00:00")


def test_the_newest_that_matches_is_chosen_whatever_its_case():
    assert NEW == newest_matching_pdf([NEW, OLD, OFFER], "rechnung*.pdf")


def test_the_order_of_the_list_does_not_matter():
    assert NEW == newest_matching_pdf([OFFER, OLD, NEW], "Rechnung*")


def test_nothing_matches_nothing():
    assert newest_matching_pdf([OFFER], "Rechnung*.pdf") is None
    assert newest_matching_pdf([], "*") is None


@pytest.mark.parametrize(
    "change",
    [
        {"active_flag": False},
        {"active_flag": 0},
        {"inline_flag": True},
        {"inline_flag": 1},
        {"name": "Rechnung.docx", "file_type": "docx"},
    ],
)
def test_deleted_files_pictures_in_mails_and_other_kinds_never_count(change):
    assert OLD == newest_matching_pdf([OLD, NEW | change], "rechnung*")


def test_of_two_added_in_the_same_second_the_higher_id_counts():
    twin = NEW | {"id": 9}

    assert twin == newest_matching_pdf([twin, NEW], "*")


def test_a_record_with_little_in_it_still_works():
    bare = {"file_name": "a.pdf", "add_time": None, "id": None, "name": None, "file_type": None}

    assert bare == newest_matching_pdf([bare], "*.pdf")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7\n", True),
        (b"\xef\xbb\xbf%PDF-1.4", True),
        (b"\r\n \t%PDF-1.4", True),
        (b"MZ" + b"\x00" * 500 + b"%PDF-1.4", False),
        (b"x%PDF-1.4", False),
        (b" " * 1024 + b"%PDF-1.4", False),
        (b"<html>", False),
        (b"", False),
    ],
)
def test_bytes_tell_whether_they_are_a_pdf(data, expected):
    assert expected is looks_like_pdf(data)
