"""accounting:documents: uploads and their refusals."""

import pytest

from tests.unit.sandbox.driver import DOCUMENTS, GUID, Driver
from tests.unit.sandbox.partner import PDF, Partner, configured


def test_a_document_is_stored_under_our_guid_once(partner: Partner) -> None:
    first = partner.put_document(document_type="Rechnungsausgang", note="Hinweis")
    again = partner.put_document(content=PDF + b"2")
    assert (201, "Rechnungsausgang", "Hinweis") == (
        first.status_code,
        first.json["document_type"],
        first.json["note"],
    )
    assert [("Rechnung 1.pdf", 13)] == [(file["name"], file["size"]) for file in first.json["files"]]
    assert (409, "#DCO01012") == (again.status_code, again.json["error"])
    stored = partner.driver.arrivals()["documents"]
    assert [(GUID, 13)] == [(row["guid"], row["size"]) for row in stored]
    assert PDF == partner.driver.client.get(f"/control/files/{stored[0]['sha256']}").data


def test_an_upper_case_guid_is_the_same_guid(partner: Partner) -> None:
    codes = [partner.put_document(guid=guid).status_code for guid in (GUID, GUID.upper())]
    assert [201, 409] == codes


def test_an_empty_document_type_is_ignored(partner: Partner) -> None:
    assert "document_type" not in partner.put_document(document_type="").json


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"document_type": "Fantasie"}, "#DCO01010"),
        ({"document_type": "x" * 31}, "#DCO01227"),
        ({"note": "x" * 256}, "#DCO01223"),
        ({"category": "x" * 31, "folder": "f", "register": "r"}, "#DCO01224"),
        ({"category": "nur eine Ebene"}, "#DCO01017"),
        ({"note": 5}, "#DCO01217"),
        ({"guid": "ac4d376f-d081-1cb3-98de-190fa93b500e"}, "#DCO01234"),
        ({"guid": "nonsense"}, "#DCO01234"),
        ({"name": "a.zip", "media_type": "application/zip"}, "#DCO01015"),
        ({"name": "a.exe", "media_type": "application/octet-stream"}, "#DCO01015"),
        ({"media_type": "text/plain"}, "#DCO01219"),
        ({"content": b"no pdf at all"}, "#DCO01245"),
        ({"name": "n" * 252 + ".pdf"}, "#DCO01222"),
    ],
)
def test_a_wrong_document_is_refused_with_its_code(
    partner: Partner, change: dict[str, object], code: str
) -> None:
    answer = partner.put_document(**change)  # type: ignore[arg-type]
    assert (400, code) == (answer.status_code, answer.json["error"])
    assert [] == partner.driver.arrivals()["documents"]


def test_a_document_above_20_megabytes_is_refused(partner: Partner) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
    body = part + b"Content-Type: application/pdf\r\n\r\n" + PDF + b"x" * 20 * 1024 * 1024 + b"\r\n--b--\r\n"
    headers = {**partner.headers, "Content-Type": "multipart/form-data; boundary=b"}
    path = f"{DOCUMENTS}/clients/455148-1/documents/{GUID}"
    answer = partner.driver.client.put(path, headers=headers, data=body)
    assert (400, "#DCO01016") == (answer.status_code, answer.json["error"])


def test_a_request_without_the_file_is_refused(partner: Partner) -> None:
    path = f"{DOCUMENTS}/clients/455148-1/documents/{GUID}"
    form = {"metadata": "{}"}
    kind = "multipart/form-data"
    answer = partner.driver.client.put(path, headers=partner.headers, data=form, content_type=kind)
    assert "#DCO01004" == answer.json["error"]


def test_disallowed_characters_in_a_file_name_become_underscores(partner: Partner) -> None:
    answer = partner.put_document(name="Rechnung #1: Müller.pdf")
    assert "Rechnung _1_ Müller.pdf" == answer.json["files"][0]["name"]


def test_without_belege_online_nothing_can_be_uploaded(sandbox: Driver) -> None:
    partner = configured(sandbox, belege_online=False)
    assert "#DCO01019" == partner.put_document().json["error"]
    assert partner.get(f"{DOCUMENTS}/clients/455148-1").json["is_document_management_available"] is False


def test_the_new_belege_online_refuses_copies_and_other_file_types(sandbox: Driver) -> None:
    partner = configured(sandbox, belege_online="new")
    other = GUID.replace("ac4d", "bc4d")
    assert 201 == partner.put_document().status_code
    assert "#DCO01253" == partner.put_document(guid=other).json["error"]
    word = partner.put_document(guid=other, name="a.doc", media_type="application/msword")
    assert "#DCO01215" == word.json["error"]
    extensions = partner.get(f"{DOCUMENTS}/clients/455148-1/duo-version").json["allowed_file_extensions"]
    assert ("pdf" in extensions, "doc" in extensions) == (True, False)


def test_document_types_are_the_clients_own(sandbox: Driver) -> None:
    partner = configured(sandbox, document_types=["Ausgang 2026"])
    names = [row["name"] for row in partner.get(f"{DOCUMENTS}/clients/455148-1/document-types").json]
    assert ["Ausgang 2026"] == names
    assert "#DCO01010" == partner.put_document(document_type="Rechnungsausgang").json["error"]


def test_the_basics_show_fiscal_years_and_account_length(sandbox: Driver) -> None:
    partner = configured(
        sandbox, account_length=5, fiscal_years=[2025, {"start": "2026-01-01", "end": "2026-12-31"}]
    )
    years = partner.get(f"{DOCUMENTS}/clients/455148-1").json["basic_accounting_information"]
    assert [("2025-01-01", 5), ("2026-01-01", 5)] == [
        (year["fiscal_year_start"], year["account_length"]) for year in years
    ]
