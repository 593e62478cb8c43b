"""The sandbox against the partners' own API descriptions: 2xx answers validate, what is required is refused.

The descriptions are not part of this repository (they belong to the partners); where they are absent, all of
this is skipped.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from flask import Flask

from tests.unit.sandbox.driver import CLIENTS, DOCUMENTS, DXSO, EXTF, GUID, Driver, extf

DATA = Path(__file__).parents[4] / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the partners' API descriptions are not beside the repository"
)

DATEV_FILES = {
    CLIENTS: "datev/openapi/accounting-clients-2.0.json",
    DOCUMENTS: "datev/openapi/accounting_documents-2.1.12.json",
    DXSO: "datev/openapi/accounting_dxso-jobs-2.1.7.json",
    EXTF: "datev/openapi/accounting_extf-files-3.0.1.json",
}

NULLABLE_IN_TRUTH = True
"""Pipedrive's descriptions mark few fields nullable, yet recorded answers hold null nearly everywhere (no
organization, no lead, not lost …), so null passes for every property of a Pipedrive answer."""


@cache
def datev_description(base: str) -> Any:
    return json.loads((DATA / DATEV_FILES[base]).read_text())


@cache
def pipedrive_description(version: int) -> Any:
    text = (DATA / f"pipedrive/openapi/pipedrive-v{version}.yaml").read_text()
    return yaml.load(text, Loader=yaml.CSafeLoader)


def resolved(root: Any, node: Any, *, nullable: bool) -> Any:
    """A schema without references; ``nullable`` turned into a type that jsonschema knows."""
    if isinstance(node, list):
        return [resolved(root, item, nullable=nullable) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        target = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/")]
        return resolved(root, target, nullable=nullable)
    schema = {
        key: resolved(root, value, nullable=nullable) for key, value in node.items() if key != "example"
    }
    if isinstance(schema.get("type"), str) and (nullable or schema.get("nullable")):
        schema["type"] = [schema["type"], "null"]
        if isinstance(schema.get("enum"), list):
            schema["enum"] = [*schema["enum"], None]
    return schema


def answer_schema(description: Any, path: str, method: str, status: int, *, nullable: bool) -> Any:
    """The schema of an answer, or None where the description has none."""
    answer = description["paths"][path][method]["responses"][str(status)]
    for media_type, content in (answer.get("content") or {}).items():
        if media_type.startswith("application/json") and "schema" in content:
            return resolved(description, content["schema"], nullable=nullable)
    return None


def check(schema: Any, body: Any) -> None:
    jsonschema.validate(body, schema, cls=jsonschema.Draft7Validator)


PIPEDRIVE_READS = [
    (2, "/deals", ""),
    (2, "/deals/archived", ""),
    (2, "/deals/{id}", ""),
    (2, "/deals/{id}/products", ""),
    (2, "/deals/products", "deal_ids=1"),
    (2, "/deals/{id}/discounts", ""),
    (2, "/deals/installments", "deal_ids=1"),
    (2, "/organizations", ""),
    (2, "/organizations/{id}", ""),
    (2, "/persons", ""),
    (2, "/persons/{id}", ""),
    (2, "/products", ""),
    (2, "/products/{id}", ""),
    (2, "/dealFields", ""),
    (2, "/organizationFields", ""),
    (2, "/personFields", ""),
    (2, "/productFields", ""),
    (1, "/deals/{id}/files", ""),
    (1, "/files/{id}", ""),
    (1, "/users/me", ""),
    (1, "/currencies", ""),
    (1, "/notes", ""),
    (1, "/notes/{id}", ""),
    (1, "/webhooks", ""),
]


@pytest.fixture
def written(acme: Driver) -> Driver:
    """A company in which a note, a webhook, a won deal and an archived one exist."""
    acme.seed(deals=[{"title": "Archiv", "is_archived": True}])
    assert 200 == acme.pipedrive("POST", "/api/v1/notes", json={"content": "x", "deal_id": 1}).status_code
    assert 201 == acme.subscribe().status_code
    acme.control("/pipedrive/accounts/acme/deals/1/win")
    return acme


@pytest.mark.parametrize(("version", "path", "query"), PIPEDRIVE_READS)
def test_what_pipedrive_answers_to_a_read_is_as_described(
    written: Driver, version: int, path: str, query: str
) -> None:
    schema = answer_schema(pipedrive_description(version), path, "get", 200, nullable=NULLABLE_IN_TRUTH)
    answer = written.pipedrive("GET", f"/api/v{version}{path.replace('{id}', '1')}?{query}")
    assert 200 == answer.status_code
    assert answer.json["data"]
    check(schema, answer.json)


@pytest.mark.parametrize(
    ("version", "method", "path", "status", "body"),
    [
        (2, "patch", "/deals/{id}", 200, {"title": "Neu"}),
        (2, "post", "/activities", 200, {"subject": "Prüfen", "deal_id": 1}),
        (1, "post", "/notes", 200, {"content": "x", "deal_id": 1}),
        (1, "put", "/notes/{id}", 200, {"content": "y"}),
        (1, "delete", "/webhooks/{id}", 200, None),
    ],
)
def test_what_pipedrive_answers_to_a_write_is_as_described(
    written: Driver, version: int, method: str, path: str, status: int, body: Any
) -> None:
    description = pipedrive_description(version)
    schema = answer_schema(description, path, method, status, nullable=NULLABLE_IN_TRUTH)
    answer = written.pipedrive(method.upper(), f"/api/v{version}{path.replace('{id}', '1')}", json=body)
    assert status == answer.status_code
    check(schema, answer.json)


def test_what_pipedrive_answers_to_a_subscription_is_as_described(acme: Driver) -> None:
    schema = answer_schema(pipedrive_description(1), "/webhooks", "post", 201, nullable=NULLABLE_IN_TRUTH)
    check(schema, acme.subscribe().json)


def query_parameters(version: int, path: str) -> list[Any]:
    operation = pipedrive_description(version)["paths"][path]["get"]
    description = pipedrive_description(version)
    parameters = [resolved(description, row, nullable=False) for row in operation.get("parameters", [])]
    return [row for row in parameters if row["in"] == "query"]


IMPLEMENTED_ENUMS = ("status", "sort_by", "sort_direction")
"""Enums that shape an answer of ours. ``include_fields`` is free text in truth: the description lists single
values although several may be named, separated by commas."""


def enum_cases() -> Iterator[Any]:
    if not DATA.is_dir():
        return
    for version, path, query in PIPEDRIVE_READS:
        if version != 2:
            continue
        for parameter in query_parameters(version, path):
            if parameter["name"] in IMPLEMENTED_ENUMS:
                yield pytest.param(path, query, parameter["name"], id=f"{path} {parameter['name']}")


def _get(version: int, path: str) -> Any:
    return pipedrive_description(version)["paths"][path]["get"]


@pytest.mark.parametrize(("path", "query", "name"), list(enum_cases()))
def test_a_value_outside_of_an_enum_is_refused_and_every_described_one_taken(
    written: Driver, path: str, query: str, name: str
) -> None:
    written.make_account(burst={"api": 1000})
    where = f"/api/v2{path.replace('{id}', '1')}?{query}&{name}="
    values = next(row["schema"]["enum"] for row in query_parameters(2, path) if row["name"] == name)
    assert [200] * len(values) == [written.pipedrive("GET", where + value).status_code for value in values]
    assert 400 == written.pipedrive("GET", where + "none-of-them").status_code


def test_every_required_query_parameter_of_pipedrive_is_refused_when_missing(written: Driver) -> None:
    required = [
        (path, row["name"])
        for version, path, _ in PIPEDRIVE_READS
        for row in query_parameters(version, path)
        if row.get("required")
    ]
    assert [("/deals/products", "deal_ids"), ("/deals/installments", "deal_ids")] == required
    assert [400, 400] == [written.pipedrive("GET", f"/api/v2{path}").status_code for path, _ in required]


@pytest.mark.parametrize("name", ["subscription_url", "event_action", "event_object", "name"])
def test_every_required_field_of_a_subscription_is_refused_when_missing(acme: Driver, name: str) -> None:
    content = pipedrive_description(1)["paths"]["/webhooks"]["post"]["requestBody"]["content"]
    schema = resolved(pipedrive_description(1), content["application/json"]["schema"], nullable=False)
    assert name in schema["required"]
    assert [name] == list(acme.subscribe(**{name: ""}).json["errors"])


def test_token_costs_are_those_described(sandbox_app: Flask, written: Driver) -> None:
    written.make_account(burst={"api": 1000})
    for version, path, query in PIPEDRIVE_READS:
        url = f"/api/v{version}{path.replace('{id}', '1')}?{query}"
        name = "x-daily-ratelimit-token-remaining"
        before = int(written.pipedrive("GET", "/api/v2/deals/1").headers[name])
        after = int(written.pipedrive("GET", url).headers[name])
        assert (path, _get(version, path)["x-token-cost"]) == (path, before - after)


def put_document(driver: Driver, headers: dict[str, str]) -> Any:
    form = {"file": (io.BytesIO(b"%PDF-1.7"), "a.pdf", "application/pdf"), "metadata": '{"note": "n"}'}
    path = f"{DOCUMENTS}/clients/455148-1/documents/{GUID}"
    return driver.client.put(path, headers=headers, data=form)


def post_document(driver: Driver, headers: dict[str, str]) -> Any:
    form = {"file": (io.BytesIO(b"%PDF-1.7"), "a.pdf", "application/pdf")}
    return driver.client.post(f"{DOCUMENTS}/clients/455148-1/documents", headers=headers, data=form)


def import_file(driver: Driver, headers: dict[str, str]) -> Any:
    wanted = {**headers, "Content-Type": "application/octet-stream", "Filename": "EXTF_1.csv"}
    return driver.client.post(f"{EXTF}/clients/455148-1/extf-files/import", headers=wanted, data=extf())


def create_job(driver: Driver, headers: dict[str, str]) -> Any:
    body = {"import_type": "accountsReceivableLedgerImport", "accounting_month": "2026-01"}
    return driver.client.post(f"{DXSO}/clients/455148-1/dxso-jobs", headers=headers, json=body)


def reader(base: str, path: str) -> Callable[[Driver, dict[str, str]], Any]:
    def read(driver: Driver, headers: dict[str, str]) -> Any:
        arrivals = driver.arrivals()
        wanted = path.replace("{client-id}", "455148-1")
        if "{job-id}" in path:
            jobs = arrivals["extf_files" if base == EXTF else "dxso_jobs"]
            wanted = wanted.replace("{job-id}", jobs[0]["id"])
        return driver.client.get(base + wanted, headers=headers)

    return read


DATEV_READS = [
    (CLIENTS, "/clients"),
    (CLIENTS, "/clients/{client-id}"),
    (DOCUMENTS, "/clients"),
    (DOCUMENTS, "/clients/{client-id}"),
    (DOCUMENTS, "/clients/{client-id}/document-types"),
    (DOCUMENTS, "/clients/{client-id}/duo-version"),
    (DXSO, "/clients"),
    (DXSO, "/clients/{client-id}"),
    (DXSO, "/clients/{client-id}/dxso-jobs/{job-id}"),
    (DXSO, "/clients/{client-id}/dxso-jobs/{job-id}/protocol-entries"),
    (EXTF, "/clients/{client-id}/extf-files/jobs"),
    (EXTF, "/clients/{client-id}/extf-files/jobs/{job-id}"),
]
DATEV_WRITES: list[tuple[str, str, str, int, Callable[[Driver, dict[str, str]], Any]]] = [
    (DOCUMENTS, "/clients/{client-id}/documents/{document-id}", "put", 201, put_document),
    (DOCUMENTS, "/clients/{client-id}/documents", "post", 201, post_document),
    (EXTF, "/clients/{client-id}/extf-files/import", "post", 202, import_file),
    (DXSO, "/clients/{client-id}/dxso-jobs", "post", 201, create_job),
]
DATEV_CALLS = [(base, path, "get", 200, reader(base, path)) for base, path in DATEV_READS] + DATEV_WRITES


@pytest.mark.parametrize(("base", "path", "method", "status", "call"), DATEV_CALLS)
def test_what_datev_answers_is_as_described(
    datev: Driver,
    base: str,
    path: str,
    method: str,
    status: int,
    call: Callable[[Driver, dict[str, str]], Any],
) -> None:
    headers = datev.headers(datev.login())
    import_file(datev, headers)
    job = create_job(datev, headers).json["id"]
    form = {"files": (io.BytesIO(b"<a/>"), "document.xml", "application/xml")}
    datev.client.post(f"{DXSO}/clients/455148-1/dxso-jobs/{job}/files", headers=headers, data=form)
    ready = {**headers, "Content-Type": "application/merge-patch+json"}
    datev.client.put(f"{DXSO}/clients/455148-1/dxso-jobs/{job}", headers=ready, data='{"ready":"true"}')
    datev.control("/clock", offset_seconds=10)
    answer = call(datev, headers)
    assert status == answer.status_code
    described = datev_description(base)["paths"][path][method]
    assert str(status) in described["responses"]
    for name in described["responses"][str(status)].get("headers", {}):
        # "Link" is only there where a previous or next page exists.
        assert name in answer.headers or name == "Link"
    schema = answer_schema(datev_description(base), path, method, status, nullable=False)
    if schema is not None:
        check(schema, answer.json)


def test_every_datev_operation_is_there_but_one(sandbox_app: Flask) -> None:
    """``PUT /documents/stapled`` is left out: the connector sends one PDF for one invoice."""
    rules = {
        (re.sub(r"<[^>]+>", "{}", str(rule)), method.lower())
        for rule in sandbox_app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    missing = [
        f"{method} {path}"
        for base in DATEV_FILES
        for path, operations in datev_description(base)["paths"].items()
        for method in operations
        if method in ("get", "post", "put", "delete")
        and (base + re.sub(r"\{[^}]+\}", "{}", path), method) not in rules
    ]
    assert ["put /clients/{client-id}/documents/stapled"] == missing


def test_every_required_header_of_datev_is_refused_when_missing(datev: Driver) -> None:
    required = [
        (path, row["name"])
        for base in DATEV_FILES
        for path, operations in datev_description(base)["paths"].items()
        for operation in operations.values()
        if isinstance(operation, dict)
        for row in operation.get("parameters", [])
        if row["in"] in ("header", "query") and row.get("required")
    ]
    assert [("/clients/{client-id}/extf-files/import", "Filename")] == required
    headers = {**datev.headers(datev.login()), "Content-Type": "application/octet-stream"}
    answer = datev.client.post(f"{EXTF}/clients/455148-1/extf-files/import", headers=headers, data=extf())
    assert (400, "http://www.datev.de/hilfe/1008832") == (answer.status_code, answer.json["type"])
