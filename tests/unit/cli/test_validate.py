"""``validate``: any file, always an answer, always the right exit code; no server, no tenant."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.datev.dxso import render_package
from connector.datev.extf import reader as extf_reader
from connector.datev.extf import render_debtors, render_posting_batch
from connector.datev.validation import check_path
from connector.datev.validation import report as report_module
from tests.unit.cli.console import command
from tests.unit.cli.files_for_datev import LEDGER, posting_batch, zipped
from tests.unit.datev.dxso.packages import HEADER, INVOICE
from tests.unit.datev.extf.headers import HEADER as EXTF_HEADER
from tests.unit.datev.partner_file_list import SAMPLES
from tests.unit.datev.partner_files import partner_file
from tests.unit.datev.samples import COMPANY, POSTING

GUID = str(POSTING.key).encode()
OTHER_GUID = b"0" + GUID[1:]


def written(folder: Path, name: str, content: bytes) -> str:
    """A file; returns its path."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def reports(*paths: str, exit_code: int, **environ: str) -> list[dict[str, Any]]:
    """The JSON of ``validate``."""
    shown = command("validate", *paths, "--format", "json", environ=environ)
    assert (exit_code, "") == (shown.exit_code, shown.stderr), shown.output
    return list(json.loads(shown.stdout))


def rules(report: dict[str, Any]) -> list[str]:
    """What was found, by rule."""
    return [problem["rule"] for problem in report["problems"]]


def test_a_right_file_is_clean_and_says_what_was_not_checked(tmp_path: Path) -> None:
    [report] = reports(written(tmp_path, "EXTF_x.csv", posting_batch()), exit_code=0)

    assert {
        "file": str(tmp_path / "EXTF_x.csv"),
        "format": "extf",
        "category": 21,
        "version": "13",
        "rows": 1,
        "verdict": "clean",
        "problems": [],
        "not_checked": report["not_checked"],
    } == report
    assert report["not_checked"]


def test_a_problem_of_a_cell_names_row_line_column_heading_rule_severity_and_cure(tmp_path: Path) -> None:
    content = posting_batch().replace(b"1190,00;", b"1190.00;", 1)

    [report] = reports(written(tmp_path, "x.csv", content), exit_code=1)

    [problem] = report["problems"]
    assert (
        1,
        3,
        1,
        "Umsatz (ohne Soll/Haben-Kz)",
        "bad_number",
        "error",
    ) == tuple(problem[key] for key in ("row", "line", "column", "field", "rule", "severity"))
    assert problem["cure"]
    assert problem["message"]


def test_a_file_without_headings_is_an_error_and_its_first_record_is_checked(tmp_path: Path) -> None:
    header, _headings, record = posting_batch().splitlines(keepends=True)
    content = header + record.replace(b'"S"', b'"X"', 1) + record.replace(GUID, OTHER_GUID)

    [report] = reports(written(tmp_path, "EXTF_x.csv", content), exit_code=1)

    assert [("headings_missing", None, 2), ("bad_text", 1, 2)] == [
        (problem["rule"], problem["row"], problem["line"]) for problem in report["problems"]
    ]
    assert 2 == report["rows"]


def batch_of(chart: str = "skr03", account_length: int = 4, **changes: Any) -> bytes:
    """A posting batch whose one row a bookkeeper may have written."""
    header = replace(EXTF_HEADER, chart=chart, account_length=account_length)
    scale = 10 ** (account_length - 4)
    posting = replace(POSTING, account=10000 * scale, contra_account=8400 * scale)
    right = render_posting_batch(header, [posting])
    first, headings, record = right.decode("cp1252").splitlines()
    cells = record.split(";")
    for name, content in changes.items():
        cells[int(name.removeprefix("c")) - 1] = content
    return "\r\n".join([first, headings, ";".join(cells), ""]).encode("cp1252")


ERROR, WARNING = "error", "warning"


@pytest.mark.parametrize(
    ("chart", "length", "cells", "found"),
    [
        ("skr03", 4, {"c9": '"3"'}, [("key_on_automatic_account", ERROR)]),
        ("skr03", 4, {"c9": '"40"'}, []),
        ("skr03", 4, {"c9": '"20"'}, []),
        ("skr03", 4, {"c8": "8200"}, [("key_missing_on_plain_account", WARNING)]),
        ("skr03", 4, {"c8": "8200", "c9": '"40"'}, [("key_lifts_nothing", WARNING)]),
        ("skr03", 4, {"c8": "8200", "c9": '"3"'}, []),
        ("skr04", 4, {"c8": "4200"}, [("key_missing_on_plain_account", WARNING)]),
        ("skr04", 4, {"c8": "4400", "c9": '"3"'}, [("key_on_automatic_account", ERROR)]),
        ("skr03", 4, {"c7": "8400", "c8": "10000", "c9": '"3"'}, [("key_on_automatic_account", ERROR)]),
        ("skr03", 5, {"c7": "100000", "c8": "84001", "c9": '"3"'}, [("key_on_automatic_account", ERROR)]),
        ("skr03", 4, {"c8": "1400"}, [("account_collective", ERROR)]),
        ("skr03", 4, {"c8": "1401"}, [("account_reserved", ERROR)]),
        ("skr03", 4, {"c8": "8195"}, [("account_reserved", ERROR)]),
        ("skr03", 4, {"c8": "8125"}, [("account_needs_eu_field", ERROR)]),
        ("skr03", 4, {"c8": "8125", "c40": '"ATU12345675"'}, []),
        ("skr03", 4, {"c8": "8125", "c40": '"DE136695976"'}, [("vat_id_german", WARNING)]),
        ("skr03", 4, {"c8": "8336", "c40": '"AT"'}, [("vat_id_without_number", WARNING)]),
        ("skr04", 4, {"c8": "4336", "c40": '"DE136695976"'}, [("vat_id_german", WARNING)]),
        ("skr03", 4, {"c7": "1200", "c8": "8336", "c40": '"AT"', "c117": ""}, []),
        ("skr03", 4, {"c8": "8315", "c40": '"AT"'}, []),
        ("skr03", 4, {"c8": "8400", "c40": '"DE136695976"'}, []),
        ("skr03", 4, {"c8": "8336"}, [("account_needs_eu_field", ERROR)]),
        ("skr03", 4, {"c7": "1200", "c8": "8200", "c117": ""}, []),
        ("skr03", 4, {"c8": "9999"}, []),
        ("skr03", 4, {"c13": "23,80"}, [("discount_on_invoice", WARNING)]),
        ("skr03", 4, {"c7": "8400", "c8": "10000", "c13": "23,80"}, [("discount_on_invoice", WARNING)]),
        ("skr03", 4, {"c7": "1200", "c8": "10000", "c13": "23,80", "c117": ""}, []),
    ],
)
def test_accounts_and_keys_are_held_against_the_chart_of_the_header(
    tmp_path: Path, chart: str, length: int, cells: dict[str, str], found: list[tuple[str, str]]
) -> None:
    content = batch_of(chart, length, **cells)

    wrong = any(severity == ERROR for _rule, severity in found)
    [report] = reports(written(tmp_path, "EXTF_x.csv", content), exit_code=int(wrong))

    assert found == [(problem["rule"], problem["severity"]) for problem in report["problems"]]


def test_an_account_that_was_reserved_after_the_fiscal_year_of_the_file_is_a_warning(tmp_path: Path) -> None:
    content = batch_of(c8="8195").replace(
        b";20260101;4;20261101;20261130;", b";20250101;4;20251101;20251130;"
    )

    [report] = reports(written(tmp_path, "EXTF_x.csv", content), exit_code=0)

    assert ("account_reserved", WARNING) in [
        (problem["rule"], problem["severity"]) for problem in report["problems"]
    ]


def test_a_ledger_file_says_that_its_keys_are_held_against_no_chart(tmp_path: Path) -> None:
    [report] = reports(written(tmp_path, "x.xml", LEDGER), exit_code=0)

    assert any("buCode" in sentence for sentence in report["not_checked"])


def test_headings_in_another_spelling_are_no_record(tmp_path: Path) -> None:
    header, _headings, record = posting_batch().splitlines(keepends=True)
    content = header + b";".join([b"Amount"] * 125) + b"\r\n" + record

    [report] = reports(written(tmp_path, "EXTF_x.csv", content), exit_code=0)

    assert {"heading"} == set(rules(report))
    assert 1 == report["rows"]


def test_every_problem_has_the_same_keys(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, "x.csv", posting_batch().replace(b"1190,00;", b"1190.00;", 1)),
        written(tmp_path, "x.xml", LEDGER.replace(b"<tax>19.00", b"<tax>19")),
        written(tmp_path, "x.zip", zipped({"a.pdf": b"no pdf"})),
        str(tmp_path / "missing"),
    ]

    found = reports(*paths, exit_code=2)

    keys = {"rule", "severity", "message", "cure", "file", "line", "row", "column", "field", "path"}
    assert {frozenset(keys)} == {frozenset(problem) for report in found for problem in report["problems"]}
    assert ["errors", "errors", "errors", "unreadable"] == [report["verdict"] for report in found]


def test_a_problem_of_an_element_names_its_line_and_path(tmp_path: Path) -> None:
    [report] = reports(written(tmp_path, "x.xml", LEDGER.replace(b"<tax>19.00", b"<tax>19,00")), exit_code=1)

    [problem] = report["problems"]
    assert ("bad_value", "tax", 1, "LedgerImport/consolidate/accountsReceivableLedger[1]/tax") == tuple(
        problem[key] for key in ("rule", "field", "row", "path")
    )
    assert b"<tax>" in LEDGER.splitlines()[problem["line"] - 1]


def test_of_several_files_the_worst_decides(tmp_path: Path) -> None:
    clean = written(tmp_path, "clean.xml", LEDGER)
    wrong = written(tmp_path, "wrong.xml", LEDGER.replace(b"1190.00", b"1190.01", 1))
    garbage = written(tmp_path, "garbage", b"\x89PNG")

    codes = [
        command("validate", *files).exit_code for files in ([clean], [clean, wrong], [garbage, wrong, clean])
    ]

    assert [0, 1, 2] == codes


def test_warnings_leave_the_exit_code_alone(tmp_path: Path) -> None:
    content = LEDGER.replace(b"<dueDate>", b"<exchangeRate>1.000000</exchangeRate><dueDate>", 1)

    [report] = reports(written(tmp_path, "x.xml", content), exit_code=0)

    assert [("rate_without_currency", "warning")] == [
        (problem["rule"], problem["severity"]) for problem in report["problems"]
    ]


def test_the_text_tells_place_rule_and_cure(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", posting_batch().replace(b"1190,00;", b"1190.00;", 1))

    shown = command("validate", path)

    assert f"{path} (EXTF, category 21, version 13, 1 row): errors, 1 error" in shown.stdout
    assert "  error: line 3, row 1: column 1 (Umsatz (ohne Soll/Haben-Kz)) is " in shown.stdout
    assert "[bad_number]" in shown.stdout
    assert "    → " in shown.stdout
    assert "  Not checked:" in shown.stdout


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty_file"),
        (b"\x00\x01\x02" * 1000, "format_unknown"),
        (b"Datum;Betrag\r\n1;2\r\n", "format_unknown"),
        (b'"EXTF",700,21,"Buchungsstapel",13', "separator"),
        (b"EXTF\t700\t21", "separator"),
        (b"%PDF-1.7", "format_unknown"),
        (b"<html></html>", "format_unknown"),
        (b"<LedgerImport", "xml_unreadable"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "xml_unreadable"),
        (b"PK\x03\x04 and then nothing", "zip_unreadable"),
        ('"EXTF";700;21'.encode("utf-16-le"), "bad_encoding"),
        ('"EXTF";700;21'.encode("utf-16-be"), "bad_encoding"),
    ],
)
def test_what_is_of_no_known_format_is_unreadable(tmp_path: Path, content: bytes, rule: str) -> None:
    [report] = reports(written(tmp_path, "file", content), exit_code=2)

    assert [rule] == rules(report)
    assert "unreadable" == report["verdict"]


def test_a_folder_a_pipe_and_a_missing_file_are_unreadable(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    found = reports(str(tmp_path), str(pipe), str(tmp_path / "missing"), exit_code=2)

    assert [["no_file"]] * 3 == [rules(report) for report in found]


def test_a_name_that_a_screen_would_obey_is_written_out(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31mred\udcff.csv"

    shown = command("validate", str(path))

    assert shown.exit_code == 2
    assert "\x1b" not in shown.stdout
    assert "a\\x1b[31mred\\udcff.csv" in shown.stdout


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_encodings_that_datev_takes_are_read_by_their_mark(tmp_path: Path, encoding: str) -> None:
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    content = (mark + posting_batch().decode("cp1252")).encode(encoding)

    [report] = reports(written(tmp_path, "x.csv", content), exit_code=0)

    assert ("extf", 1, []) == (report["format"], report["rows"], report["problems"])


def test_utf_8_without_mark_is_an_error_because_datev_would_spoil_it(tmp_path: Path) -> None:
    content = posting_batch().decode("cp1252").encode("utf-8")

    [report] = reports(written(tmp_path, "x.csv", content), exit_code=1)

    assert "utf8_without_mark" == rules(report)[0]


@pytest.mark.parametrize(("name", "told"), [("EXTF_Buchungsstapel.csv", False), ("export.txt", True)])
def test_a_name_that_datevs_import_does_not_look_for_is_said(tmp_path: Path, name: str, told: bool) -> None:
    [report] = reports(written(tmp_path, name, posting_batch()), exit_code=0)

    assert told == any("EXTF_….csv" in sentence for sentence in report["not_checked"])


def test_lines_that_end_with_cr_alone_are_a_warning(tmp_path: Path) -> None:
    content = posting_batch().replace(b"\r\n", b"\r")

    [report] = reports(written(tmp_path, "x.csv", content), exit_code=0)

    assert ["line_ends"] == rules(report)
    assert report["problems"][0]["message"].startswith("3 lines end with CR alone")


def test_a_row_that_is_due_before_it_is_written_is_a_warning(tmp_path: Path) -> None:
    [report] = reports(written(tmp_path, "x.csv", batch_of(c117="04112026")), exit_code=0)

    assert ["due_date_before_document"] == rules(report)


def test_an_account_twice_in_master_data_is_a_warning(tmp_path: Path) -> None:
    content = render_debtors(replace(EXTF_HEADER, date_from=None, date_to=None), [COMPANY])
    again = content + content.splitlines(keepends=True)[-1]

    [once, twice] = reports(
        written(tmp_path, "a.csv", content), written(tmp_path, "b.csv", again), exit_code=0
    )

    assert [[], ["account_twice"]] == [rules(once), rules(twice)]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 16])
def test_line_ends_of_another_system_are_a_warning(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extf_reader, "_BLOCK", size)
    right = written(tmp_path, "right.csv", posting_batch())
    wrong = written(tmp_path, "wrong.csv", posting_batch().replace(b"\r\n", b"\n"))

    found = reports(right, wrong, exit_code=0)

    assert [[], ["line_ends"]] == [rules(report) for report in found]
    assert found[1]["problems"][0]["message"].startswith("3 lines end with LF alone")


def test_rows_are_said_to_be_unchecked_where_the_header_record_is_wrong(tmp_path: Path) -> None:
    [report] = reports(
        written(tmp_path, "x.csv", posting_batch().replace(b";700;", b";510;", 1)), exit_code=1
    )

    assert any("header record" in sentence for sentence in report["not_checked"])


def test_a_category_without_known_columns_is_read_by_its_header_and_says_so(tmp_path: Path) -> None:
    start = b'"EXTF";700;48;"Diverse Adressen";2;20240130140440439;;"RE";"";"";29098;55003;20240101;4;;;'
    header = start + b'"";"";;;;"";;"";;;"03";;;"";""'
    content = header + b"\r\nAdressnummer;Konto\r\nDIV500;10000\r\n"

    [report] = reports(written(tmp_path, "x.csv", content), exit_code=0)

    assert [("category_unknown", "info")] == [
        (problem["rule"], problem["severity"]) for problem in report["problems"]
    ]
    assert (48, "2", 1) == (report["category"], report["version"], report["rows"])
    assert any("columns of this category" in sentence for sentence in report["not_checked"])


@pytest.mark.parametrize(("name", "category"), SAMPLES)
def test_datevs_own_samples_are_right_but_for_their_cut_last_line(name: str, category: int) -> None:
    [report] = reports(str(partner_file("extf") / name), exit_code=1)

    assert category == report["category"]
    assert [("cell_count", report["rows"])] == [
        (problem["rule"], problem["row"]) for problem in report["problems"] if problem["severity"] == "error"
    ]


def test_broken_lines_are_named_beside_wrong_cells(tmp_path: Path) -> None:
    header, headings, row = posting_batch().splitlines()
    content = b"\r\n".join([header, headings, row.replace(b"1190,00;", b"1190.00;", 1), b'"a', b""])

    [report] = reports(written(tmp_path, "x.csv", content), exit_code=1)

    assert {("bad_number", 3), ("bad_quotes", 4)} == {
        (problem["rule"], problem["line"]) for problem in report["problems"]
    }


def test_datevs_schemas_are_asked_where_they_are_and_said_to_be_missing_where_not(tmp_path: Path) -> None:
    path = written(tmp_path, "x.xml", LEDGER)

    [without] = reports(path, exit_code=0)
    [broken] = reports(path, exit_code=0, DATEV_XSD_DIR=str(tmp_path))
    [with_] = reports(path, exit_code=0, DATEV_XSD_DIR=str(partner_file("xsd")))

    assert ["DATEV_XSD_DIR" in " ".join(report["not_checked"]) for report in (without, with_)] == [
        True,
        False,
    ]
    assert "cannot be read" in " ".join(broken["not_checked"])


_BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">%s]>
<LedgerImport xmlns="http://xml.datev.de/bedi/tps/ledger/v060" version="&i;">&i;</LedgerImport>""" % b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8)
)
_READER = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>
<LedgerImport xmlns="http://xml.datev.de/bedi/tps/ledger/v060">&b;</LedgerImport>"""


@pytest.mark.parametrize("content", [_BOMB, _READER])
def test_xml_with_entities_is_refused_unread(tmp_path: Path, content: bytes) -> None:
    [report] = reports(written(tmp_path, "x.xml", content), exit_code=2)

    assert ["xml_unreadable"] == rules(report)


def test_xml_of_any_depth_is_refused_or_read(tmp_path: Path) -> None:
    deep = b"<a>" * 100_000

    [report] = reports(written(tmp_path, "x.xml", deep), exit_code=2)

    assert ["xml_unreadable"] == rules(report)


def test_problems_beyond_all_measure_are_counted_and_the_worst_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "MOST_FINDINGS", 2)
    path = written(tmp_path, "x.xml", LEDGER.replace(b"<consolidate", b"<a/><b/><c/><d/><consolidate", 1))

    [report] = reports(path, exit_code=1)

    assert ["unknown_element", "unknown_element", "more_problems"] == rules(report)
    assert "2 more problems" in report["problems"][-1]["message"]
    assert "error" == report["problems"][-1]["severity"]


def test_a_document_xml_is_recognised(tmp_path: Path) -> None:
    package = render_package(HEADER, [INVOICE])

    [report] = reports(written(tmp_path, "document.xml", package.document_xml.content), exit_code=0)

    assert ("document", "6.0", 1) == (report["format"], report["version"], report["rows"])


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(
    content=st.binary(max_size=300), beginning=st.sampled_from([b"", b'"EXTF";700;21;', b"<", b"PK\x03\x04"])
)
def test_no_bytes_crash_the_check(tmp_path: Path, content: bytes, beginning: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(beginning + content)

    report = check_path(path)

    assert report.findings
    assert json.dumps(report.as_dict())


@FUZZ
@given(data=st.data())
def test_no_damage_to_a_right_file_crashes_the_check(tmp_path: Path, data: st.DataObject) -> None:
    package = render_package(HEADER, [INVOICE])
    right = data.draw(
        st.sampled_from(
            [
                posting_batch(),
                LEDGER,
                package.document_xml.content,
                zipped({"document.xml": LEDGER, "a.xml": LEDGER}),
                zipped({"a.zip": zipped({"a.xml": LEDGER}), "EXTF_x.csv": posting_batch()}),
            ]
        )
    )
    place = data.draw(st.integers(0, len(right) - 1))
    path = tmp_path / "file"
    path.write_bytes(
        right[:place] + data.draw(st.binary(max_size=20)) + right[place + data.draw(st.integers(0, 20)) :]
    )

    assert json.dumps(check_path(path).as_dict())
