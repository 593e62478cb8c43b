"""Which file of a deal is its invoice."""

import pytest
from fpdf import FPDF

from connector.invoice.choose import newest_matching_pdf, pdf_unreadable


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


END = b"startxref\n9\n%%EOF\n"
NO_PDF = "The file 'a.pdf' on the deal is no PDF, whatever its name says."
CUT_OFF = "The file 'a.pdf' on the deal has no end: it was cut off, or saved or uploaded in part only."


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n" + END,
        b"\xef\xbb\xbf%PDF-1.4" + END,
        b"\r\n \t%PDF-1.4" + END,
        b"%PDF-1.4 startxref 9 %%EOF",
        b"%PDF-1.4\n" + END + b"\0" * 900,
        b"%PDF-1.4\n" + END + b"\0" * 2000,
        b"%PDF-1.4\n" + END + b" " * 60_000,
        b"%PDF-1.4\n" + END + b"<!-- x -->" * 200,
        b"%PDF-1.4\n" + END + b"9 0 obj<<>>endobj\n" + END,
        b"%PDF-1.4 startxref 0 %%EOF",
        b"%PDF-1.4 startxref %%EOF",
    ],
)
def test_a_pdf_that_begins_and_ends_as_one_is_one(data):
    assert pdf_unreadable(data, "a.pdf") is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"MZ" + b"\x00" * 500 + b"%PDF-1.4" + END, NO_PDF),
        (b"x%PDF-1.4" + END, NO_PDF),
        (b" " * 1024 + b"%PDF-1.4" + END, NO_PDF),
        (b"<html>", NO_PDF),
        (b"", NO_PDF),
        (b"%PDF-", CUT_OFF),
        (b"%PDF-1.7\n%%EOF", CUT_OFF),
        (b"%PDF-1.7\n" + END[:-2], CUT_OFF),
        (b"%PDF-1.7\n" + END + b"1 0 obj" * 1000, CUT_OFF),
        (b"%PDF-1.7\n" + END + b"9 0 obj\n<<>>", CUT_OFF),
        (b"%PDF-1.7\n" + END + b"9\x000\r\nobj", CUT_OFF),
        (b"%PDF-1.7\n" + END + b"9 0 obj stream" + b"x" * 100_000, CUT_OFF),
        (b"%PDF-1.7\nstartxref\n4711\n%%EOF", CUT_OFF),
    ],
)
def test_what_is_no_whole_pdf_is_told_with_its_cure(data, message):
    problem = pdf_unreadable(data, "a.pdf")

    assert ("invoice_pdf_unreadable", message) == (problem.code, problem.message)
    assert problem.cure


def test_an_invoice_of_ours_that_is_cut_off_anywhere_is_found():
    made = FPDF()
    made.add_page()
    made.set_font("helvetica")
    made.cell(text="Rechnung")
    whole = bytes(made.output())

    assert pdf_unreadable(whole, "a.pdf") is None
    assert all(pdf_unreadable(whole[:size], "a.pdf") for size in range(len(whole) - 1))
