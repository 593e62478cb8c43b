"""Every request the connector sends, held against DATEV's own API descriptions."""

import json
import re
from collections.abc import Callable
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from connector.datev import clients, documents, dxso_jobs, extf_files
from connector.datev.operations import OPERATIONS, Api
from connector.datev.verdicts import error_from
from tests.unit.datev.api.fake_http import APP_ID, BASE_URL, FakeHttp, Script, Sent, api_with

FOLDER = Path(__file__).parents[4].parent / "shared" / "data" / "datev" / "openapi"
FILES = {
    Api.CLIENTS: "accounting-clients-2.0.json",
    Api.DOCUMENTS: "accounting_documents-2.1.12.json",
    Api.EXTF: "accounting_extf-files-3.0.1.json",
    Api.DXSO: "accounting_dxso-jobs-2.1.7.json",
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"DATEV's API descriptions are not at {FOLDER}")

CLIENT, JOB, GUID = "455148-2", "8a772151-6c21-40fe-96ae-4d42cbeeda5a", "07b94406-666b-4b3a-acdc-c8e783dcd7cd"
CLIENT_BODY = {"id": CLIENT, "consultant_number": 455148, "client_number": 2}
ACCEPTED = Script(202, None, {"Location": f"/clients/{CLIENT}/extf-files/jobs/{JOB}"})

CALLS: dict[str, tuple[Api, Script, Callable[[FakeHttp], Any]]] = {
    "list_clients": (Api.CLIENTS, Script(200, []), lambda h: clients.list_clients(api_with(h))),
    "get_client": (Api.CLIENTS, Script(200, CLIENT_BODY), lambda h: clients.get_client(api_with(h), CLIENT)),
    "get_documents_client": (
        Api.DOCUMENTS,
        Script(200, CLIENT_BODY),
        lambda h: documents.get_documents_client(api_with(h), CLIENT),
    ),
    "document_types": (
        Api.DOCUMENTS,
        Script(200, []),
        lambda h: documents.document_types(api_with(h), CLIENT),
    ),
    "put_document": (
        Api.DOCUMENTS,
        Script(201, {}),
        lambda h: documents.put_document(
            api_with(h),
            CLIENT,
            GUID,
            file_name="Rechnung Müller.pdf",
            content=b"%PDF-1.7",
            document_type="Rechnungsausgang",
            note="n" * 255,
        ),
    ),
    "import_file": (
        Api.EXTF,
        ACCEPTED,
        lambda h: extf_files.import_file(
            api_with(h), CLIENT, file_name="EXTF_BS_1.csv", reference_id="mlc-1-1", content=b'"EXTF"'
        ),
    ),
    "list_extf_jobs": (
        Api.EXTF,
        Script(200, []),
        lambda h: extf_files.find_job(api_with(h), CLIENT, reference_id="r", file_name="EXTF_1.csv"),
    ),
    "get_extf_job": (
        Api.EXTF,
        Script(200, {"id": JOB, "result": "pending"}),
        lambda h: extf_files.get_job(api_with(h), CLIENT, JOB),
    ),
    "create_dxso_job": (
        Api.DXSO,
        Script(201, {"id": JOB}),
        lambda h: dxso_jobs.create_job(api_with(h), CLIENT, accounting_month="2026-11"),
    ),
    "add_dxso_file": (
        Api.DXSO,
        Script(201, {}),
        lambda h: dxso_jobs.add_file(api_with(h), CLIENT, JOB, file_name="document.xml", content=b"<a/>"),
    ),
    "finalise_dxso_job": (Api.DXSO, Script(204), lambda h: dxso_jobs.finalise_job(api_with(h), CLIENT, JOB)),
    "delete_dxso_job": (Api.DXSO, Script(204), lambda h: dxso_jobs.delete_job(api_with(h), CLIENT, JOB)),
    "dxso_job_status": (
        Api.DXSO,
        Script(200, {"status": 0}),
        lambda h: dxso_jobs.job_status(api_with(h), CLIENT, JOB),
    ),
    "dxso_protocol": (
        Api.DXSO,
        Script(200, []),
        lambda h: dxso_jobs.protocol_entries(api_with(h), CLIENT, JOB),
    ),
}
OPERATION_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def description(api: Api) -> dict[str, Any]:
    return json.loads((FOLDER / FILES[api]).read_text(encoding="utf-8"))


def sent_by(name: str) -> Sent:
    _api, script, call = CALLS[name]
    http = FakeHttp(script)
    call(http)
    return http.sent[0]


def described(name: str) -> dict[str, Any]:
    operation = OPERATION_BY_NAME[name]
    return description(operation.api)["paths"][operation.path][operation.method.lower()]


def resolve(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def parts_of(sent: Sent) -> dict[str, tuple[str, bytes]]:
    """The parts of a multipart body: name → (content type, content)."""
    wire = sent.on_the_wire()
    head = f"Content-Type: {wire.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + wire.body)
    parts = {}
    for part in message.get_payload():
        name = part.get_param("name", header="Content-Disposition")
        assert name not in parts
        parts[name] = (part.get_content_type(), part.get_payload(decode=True))
    return parts


def test_every_operation_on_the_four_interfaces_is_checked_here():
    wanted = {operation.name for operation in OPERATIONS if operation.api is not Api.LOGIN}
    assert wanted == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_method_and_path_are_described(name):
    sent, operation = sent_by(name), OPERATION_BY_NAME[name]
    paths = description(CALLS[name][0])["paths"]
    assert operation.method.lower() in paths[operation.path]
    pattern = re.sub(r"\{[a-z-]+\}", "[^/]+", BASE_URL + operation.path)
    assert re.fullmatch(pattern, sent.url)
    assert operation.method == sent.method


@pytest.mark.parametrize("name", CALLS)
def test_parameters_are_described_and_none_is_missing(name):
    sent = sent_by(name)
    parameters = described(name).get("parameters", [])
    by_place = {
        place: {p["name"]: p for p in parameters if p["in"] == place} for place in ("query", "header")
    }
    assert set(sent.params) <= set(by_place["query"])
    for place, given in (("query", sent.params), ("header", sent.headers)):
        for parameter in by_place[place].values():
            if parameter.get("required"):
                assert parameter["name"] in given
            if parameter["name"] in given:
                value, schema = given[parameter["name"]], parameter["schema"]
                jsonschema.validate(value, schema)
                if "pattern" in schema:
                    assert re.fullmatch(schema["pattern"], value)


@pytest.mark.parametrize("name", CALLS)
def test_both_keys_that_the_description_demands_are_sent(name):
    sent, spec = sent_by(name), description(CALLS[name][0])
    assert spec["components"]["securitySchemes"]["client_id"]["name"] == "X-DATEV-Client-Id"
    assert APP_ID == sent.headers["X-DATEV-Client-Id"]
    assert sent.headers["Authorization"].startswith("Bearer ")


@pytest.mark.parametrize("name", CALLS)
def test_the_successes_are_those_described(name):
    codes = {int(code) for code in described(name)["responses"] if code.startswith("2")}
    assert codes == set(OPERATION_BY_NAME[name].success)


@pytest.mark.parametrize("name", CALLS)
def test_the_body_has_the_described_kind_and_content(name):
    sent, spec, body = sent_by(name), description(CALLS[name][0]), described(name).get("requestBody")
    wire = sent.on_the_wire()
    if body is None:
        assert not wire.body
        return
    content_type = wire.headers["Content-Type"].partition(";")[0]
    assert content_type in body["content"]
    schema = resolve(spec, body["content"][content_type]["schema"])
    if content_type == "multipart/form-data":
        assert set(parts_of(sent)) <= set(schema["properties"])
    elif content_type.endswith("json"):
        given = json.loads(wire.body)
        jsonschema.validate(given, {**schema, "additionalProperties": False})
    else:
        assert wire.body


def test_the_documents_metadata_follow_their_schema():
    parts = parts_of(sent_by("put_document"))
    kind, content = parts["metadata"]
    assert "application/json" == kind
    schema = description(Api.DOCUMENTS)["components"]["schemas"]["metadata"]
    jsonschema.validate(json.loads(content), {**schema, "additionalProperties": False})
    assert ("application/pdf", b"%PDF-1.7") == parts["file"]


def test_every_error_code_described_for_an_operation_finds_a_cure():
    for name, (api, _script, _call) in CALLS.items():
        for status, response in described(name)["responses"].items():
            if status.startswith("2"):
                continue
            for code in set(re.findall(r"DCO\d{5}|\b1008\d{3}\b", json.dumps(response))):
                link = f"http://www.datev.de/hilfe/{code}"
                body = {"error": f"#{code}"} if code.startswith("DCO") else {"type": link}
                http = FakeHttp(Script(int(status), body))
                answer = http.send("GET", "https://datev.example/x")
                error = error_from(OPERATION_BY_NAME[name], answer)
                assert error.cure, (api, name, status, code)
                assert code == error.answer.partner_code
