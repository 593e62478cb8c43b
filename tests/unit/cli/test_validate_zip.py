"""ZIPs for Belegtransfer and DXSO jobs: flat, whole, linked; and nothing in them can do harm."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from connector.datev.validation import check_path, zip_members
from tests.unit.cli.files_for_datev import LEDGER, PDF, package_files, posting_batch, zipped

LEDGER_NAME = "Rechnungsdaten_RA_PD-42.xml"
PDF_NAME = "Rechnungsbild_RA_PD-42.pdf"


def checked(folder: Path, content: bytes) -> dict[str, Any]:
    """The report on a ZIP."""
    path = folder / "package.zip"
    path.write_bytes(content)
    report = check_path(path).as_dict()
    assert json.dumps(report)
    return report


def found(folder: Path, content: bytes) -> list[tuple[str, str]]:
    """(Rule, file inside) of everything that is found."""
    return [(problem["rule"], problem["file"]) for problem in checked(folder, content)["problems"]]


def test_a_whole_package_is_clean(tmp_path: Path) -> None:
    report = checked(tmp_path, zipped(package_files()))

    assert ("zip", "clean", 2, []) == tuple(report[key] for key in ("format", "verdict", "rows", "problems"))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("../evil.pdf", "unsafe_name"),
        ("/etc/evil.pdf", "unsafe_name"),
        ("C:\\evil.pdf", "unsafe_name"),
        ("..\\evil.pdf", "unsafe_name"),
        ("folder/a.pdf", "zip_folder"),
        ("folder\\a.pdf", "zip_folder"),
        ("folder/", "zip_folder"),
        ("a?.pdf", "file_name"),
    ],
)
def test_a_name_that_datev_does_not_take_is_found(tmp_path: Path, name: str, rule: str) -> None:
    files = package_files() | {name: PDF}

    assert rule in [rule for rule, _ in found(tmp_path, zipped(files))]
    assert ["package.zip"] == [path.name for path in tmp_path.iterdir()]


def test_a_file_that_is_missing_is_found_at_its_place_in_document_xml(tmp_path: Path) -> None:
    files = package_files()
    del files[PDF_NAME]

    [problem] = checked(tmp_path, zipped(files))["problems"]

    assert ("file_missing", "document.xml", "archive/content/document[1]/extension[2]") == (
        problem["rule"],
        problem["file"],
        problem["path"],
    )


def test_a_file_that_document_xml_does_not_name_is_found(tmp_path: Path) -> None:
    assert [("file_not_named", "more.pdf")] == found(tmp_path, zipped(package_files() | {"more.pdf": PDF}))


def test_a_package_without_document_xml_still_has_its_ledgers_checked(tmp_path: Path) -> None:
    files = {"a.xml": LEDGER.replace(b"1190.00", b"1190.01", 1)}

    assert [("document_xml_missing", ""), ("sum_differs", "a.xml")] == found(tmp_path, zipped(files))


def test_a_ledger_of_another_month_than_document_xml_says_is_found(tmp_path: Path) -> None:
    files = package_files()
    files["document.xml"] = files["document.xml"].replace(b'value="2026-11"', b'value="2026-10"')

    assert [("date_outside_month", LEDGER_NAME)] == found(tmp_path, zipped(files))


def test_a_ledger_that_is_none_is_found(tmp_path: Path) -> None:
    files = package_files() | {LEDGER_NAME: b"<invoice/>"}

    assert [("wrong_root", LEDGER_NAME)] == found(tmp_path, zipped(files))


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    files = package_files()
    files["document.xml"] = files["document.xml"].replace(b' type="2"', b' type="1"', 1)
    files[LEDGER_NAME] = files[LEDGER_NAME].replace(b"<tax>19.00", b"<tax>19")
    files[PDF_NAME] = b"GIF89a"

    assert [
        ("wrong_type", "document.xml"),
        ("bad_value", LEDGER_NAME),
        ("pdf_unreadable", PDF_NAME),
    ] == found(tmp_path, zipped(files))


def test_xml_that_is_broken_or_brings_entities_is_found(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    files = package_files() | {LEDGER_NAME: bomb, "document.xml": b"<archive"}

    assert {("xml_unreadable", LEDGER_NAME), ("xml_unreadable", "document.xml")} == set(
        found(tmp_path, zipped(files))
    )


def test_two_files_of_one_name_are_found(tmp_path: Path) -> None:
    assert ("file_name_twice", PDF_NAME) in found(tmp_path, zipped(package_files(), PDF_NAME))


def test_a_file_of_a_kind_that_belege_online_does_not_take_is_a_warning(tmp_path: Path) -> None:
    report = checked(tmp_path, zipped(package_files() | {"more.docx": b"x"}))

    assert ("file_type", "warning") in [
        (problem["rule"], problem["severity"]) for problem in report["problems"]
    ]


def test_an_extf_file_inside_is_checked_too(tmp_path: Path) -> None:
    files = package_files() | {"EXTF_x.csv": posting_batch().replace(b"1190,00;", b"1190.00;", 1)}

    assert ("bad_number", "EXTF_x.csv") in found(tmp_path, zipped(files))


def test_an_encrypted_file_is_found_and_not_read(tmp_path: Path) -> None:
    content = bytearray(zipped({"document.xml": b"<archive/>"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1

    assert [("encrypted", "document.xml")] == found(tmp_path, bytes(content))


def test_a_damaged_member_is_found(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("document.xml", b"<archive/>")
    content = buffer.getvalue().replace(b"<archive/>", b"<archivX/>", 1)

    assert [("member_unreadable", "document.xml")] == found(tmp_path, content)


def test_a_file_beyond_datevs_limit_is_not_unpacked(tmp_path: Path) -> None:
    files = package_files() | {LEDGER_NAME: b" " * (20 * 1024 * 1024 + 1)}

    assert [("file_too_large", LEDGER_NAME)] == found(tmp_path, zipped(files))


def test_a_zip_that_unpacks_to_more_than_any_package_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_members, "MOST_BYTES", 3000)
    files = {"document.xml": package_files()["document.xml"]} | {f"{n}.xml": b" " * 2500 for n in range(3)}

    assert 3 == [rule for rule, _ in found(tmp_path, zipped(files))].count("zip_too_large")


def test_more_files_than_any_package_has_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_members, "MOST_MEMBERS", 2)

    assert [("too_many_files", "")] == found(tmp_path, zipped(package_files()))


def test_an_empty_zip_says_so(tmp_path: Path) -> None:
    assert [("zip_empty", "")] == found(tmp_path, zipped({}))


@pytest.mark.parametrize("name", [PDF_NAME, "more.png", "more.docx"])
def test_a_picture_whose_check_sum_is_wrong_beyond_its_first_bytes_is_found(
    tmp_path: Path, name: str
) -> None:
    files = package_files() | {name: PDF + b" " * 5000 + b"marked" + PDF}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)

    content = buffer.getvalue().replace(b"marked", b"marXed", 1)

    assert ("member_unreadable", name) in found(tmp_path, content)


@pytest.mark.parametrize("content", [PDF[:-1], PDF[:5], PDF + b"\n9 0 obj", b"%PDF-1.7\n%%EOF"])
def test_a_pdf_that_was_cut_off_is_found(tmp_path: Path, content: bytes) -> None:
    files = package_files() | {PDF_NAME: content}

    assert [("pdf_cut_off", PDF_NAME)] == found(tmp_path, zipped(files))


@pytest.mark.parametrize("behind", [b" ", b"\0", b"<!-- x -->"], ids=["blanks", "zeros", "remarks"])
def test_a_whole_pdf_may_have_something_behind_its_end(tmp_path: Path, behind: bytes) -> None:
    files = package_files() | {PDF_NAME: PDF + behind * 2000}

    assert [] == found(tmp_path, zipped(files))


def test_a_long_pdf_is_judged_by_its_own_end(tmp_path: Path) -> None:
    body = b"%PDF-1.7\n" + b"1 0 obj\n" * 50_000
    package = package_files()

    assert [] == found(tmp_path, zipped(package | {PDF_NAME: body + PDF}))
    assert [("pdf_cut_off", PDF_NAME)] == found(tmp_path, zipped(package | {PDF_NAME: PDF + body}))


def test_pictures_beyond_all_measure_are_not_read_to_their_end_which_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = package_files()
    data = sum(len(content) for name, content in files.items() if name.endswith(".xml"))
    monkeypatch.setattr(zip_members, "MOST_BYTES", data)
    files[PDF_NAME] = PDF + b" " * data + PDF

    report = checked(tmp_path, zipped(files))

    assert ("clean", []) == (report["verdict"], report["problems"])
    assert any("pictures" in sentence and "not read" in sentence for sentence in report["not_checked"])


def test_a_collection_of_posting_batches_and_packages_is_clean(tmp_path: Path) -> None:
    batches = {"EXTF_2026-12.csv": posting_batch(), "EXTF_2027-01.csv": posting_batch()}
    packages = {"2026-12.zip": zipped(package_files()), "2027-01.zip": zipped(package_files())}

    reports = [checked(tmp_path, zipped(files)) for files in (batches, packages, batches | packages)]

    assert [("clean", 2, []), ("clean", 4, []), ("clean", 6, [])] == [
        (report["verdict"], report["rows"], report["problems"]) for report in reports
    ]
    assert all(any("collection" in said for said in report["not_checked"]) for report in reports)


def test_what_is_wrong_inside_a_collection_is_told_with_its_path(tmp_path: Path) -> None:
    package = package_files()
    package[LEDGER_NAME] = package[LEDGER_NAME].replace(b"<tax>19.00", b"<tax>19")
    package[PDF_NAME] = b"GIF89a"
    lonely = {name: content for name, content in package_files().items() if name != PDF_NAME}
    files = {
        "a.zip": zipped(package),
        "b.zip": zipped(lonely),
        "c.zip": zipped({"EXTF_x.csv": posting_batch().replace(b"1190,00;", b"1190.00;", 1)}),
        "d.zip": b"PK\x03\x04 and then nothing",
        "e.zip": zipped({"a.pdf": PDF}),
        "f.csv": b"Datum;Betrag",
        "g.zip": zipped({}),
    }

    assert [
        ("bad_value", f"a.zip/{LEDGER_NAME}"),
        ("pdf_unreadable", f"a.zip/{PDF_NAME}"),
        ("file_missing", "b.zip/document.xml"),
        ("bad_number", "c.zip/EXTF_x.csv"),
        ("zip_unreadable", "d.zip"),
        ("document_xml_missing", "e.zip"),
        ("format_unknown", "f.csv"),
        ("zip_empty", "g.zip"),
    ] == found(tmp_path, zipped(files))


@pytest.mark.parametrize("stray", [b"<settings/>", b"", b"<ar", b"no XML at all"])
def test_xml_of_another_kind_makes_no_package_of_a_collection(tmp_path: Path, stray: bytes) -> None:
    files = {"EXTF_a.csv": posting_batch(), "stray.xml": stray}

    report = checked(tmp_path, zipped(files))

    assert 1 == report["rows"]
    assert [("stray_file", "stray.xml", "warning")] == [
        (problem["rule"], problem["file"], problem["severity"]) for problem in report["problems"]
    ]


@pytest.mark.parametrize("name", [LEDGER_NAME, "document.xml"])
def test_xml_of_a_package_makes_one_whatever_lies_beside_it(tmp_path: Path, name: str) -> None:
    files = {"EXTF_a.csv": posting_batch(), name: package_files()[name]}

    missing = [problem for problem in found(tmp_path, zipped(files)) if problem[1] != "EXTF_a.csv"]

    assert missing


def test_a_stray_file_in_a_collection_is_a_warning_and_the_rest_is_read(tmp_path: Path) -> None:
    package = package_files()
    package[LEDGER_NAME] = package[LEDGER_NAME].replace(b"<tax>19.00", b"<tax>19")
    batch = posting_batch()
    inner = zipped({"EXTF_b.csv": batch, "readme.md": b"x"})
    files = {"readme.txt": b"x", "a.zip": zipped(package), "EXTF_a.csv": batch, "b.zip": inner, "c.pdf": PDF}

    report = checked(tmp_path, zipped(files))

    assert [
        ("stray_file", "readme.txt", "warning"),
        ("bad_value", f"a.zip/{LEDGER_NAME}", "error"),
        ("stray_file", "b.zip/readme.md", "warning"),
        ("stray_file", "c.pdf", "warning"),
    ] == [(problem["rule"], problem["file"], problem["severity"]) for problem in report["problems"]]
    assert 4 == report["rows"]


def test_batches_beside_a_stray_file_are_a_collection_but_beside_a_picture_a_package(tmp_path: Path) -> None:
    batch = posting_batch()
    broken = batch.replace(b"1190,00;", b"1190.00;", 1)

    assert [("bad_number", "EXTF_a.csv"), ("stray_file", "readme.txt")] == found(
        tmp_path, zipped({"EXTF_a.csv": broken, "readme.txt": b"x"})
    )
    assert [("document_xml_missing", ""), ("bad_number", "EXTF_a.csv")] == found(
        tmp_path, zipped({"EXTF_a.csv": broken, "a.pdf": PDF})
    )
    assert ("document_xml_missing", "") in found(tmp_path, zipped({"readme.txt": b"x"}))


def test_names_inside_a_collection_may_lie_in_folders_but_never_lead_out_of_it(tmp_path: Path) -> None:
    batch = posting_batch()
    files = {"2026/EXTF_a.csv": batch, "../EXTF_b.csv": batch, "2026/": b""}

    assert [("unsafe_name", "../EXTF_b.csv")] == found(tmp_path, zipped(files))


def test_a_zip_in_a_zip_in_a_zip_is_not_opened(tmp_path: Path) -> None:
    inner = zipped({"EXTF_x.csv": posting_batch(), "deep.zip": zipped(package_files())})

    assert [("zip_too_deep", "a.zip/deep.zip")] == found(tmp_path, zipped({"a.zip": inner}))


def test_a_zip_inside_a_package_stays_a_kind_that_belege_online_does_not_take(tmp_path: Path) -> None:
    files = package_files() | {"more.zip": zipped(package_files())}

    assert ("file_type", "more.zip") in found(tmp_path, zipped(files))


def test_limits_hold_for_all_zips_of_a_collection_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = zipped(package_files())
    files = {"a.zip": package, "b.zip": package}
    members = len(package_files())
    data = len(package) + sum(len(content) for name, content in package_files().items() if name != PDF_NAME)

    monkeypatch.setattr(zip_members, "MOST_MEMBERS", 2 + members)
    assert [("too_many_files", "b.zip")] == found(tmp_path, zipped(files))

    monkeypatch.undo()
    monkeypatch.setattr(zip_members, "MOST_BYTES", data)
    assert [("zip_too_large", "b.zip")] == found(tmp_path, zipped(files))

    monkeypatch.undo()
    monkeypatch.setattr(zip_members, "MOST_INNER_BYTES", len(package) - 1)
    assert [("zip_too_large", "a.zip"), ("zip_too_large", "b.zip")] == found(tmp_path, zipped(files))


def test_an_inner_zip_is_not_opened_where_its_directory_alone_is_beyond_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_members, "MOST_MEMBERS", 5)
    opened: list[object] = []
    open_zip = zip_members.open_zip

    def counted(source: Any) -> Any:
        opened.append(source)
        return open_zip(source)

    monkeypatch.setattr("connector.datev.validation.zips.open_zip", counted)

    inner = zipped({f"{number}.pdf": PDF for number in range(6)})

    assert [("too_many_files", "a.zip")] == found(tmp_path, zipped({"a.zip": inner}))
    assert 1 == len(opened)


def test_an_encrypted_zip_in_a_collection_is_found_and_not_read(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.zip": zipped({})}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1

    assert [("encrypted", "a.zip")] == found(tmp_path, bytes(content))
