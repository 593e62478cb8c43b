"""What we send, held against Pipedrive's own API descriptions."""

import re
from functools import cache
from typing import Any

import pytest
import yaml

from connector.http import Answer
from connector.pipedrive import operations as ops
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.subscriptions import Subscription, subscribe
from connector.pipedrive.transport import Operation
from tests.unit.pipedrive.fakes import NOW, FakeHttp, StoppedClock, data
from tests.unit.pipedrive.shared_data import FOLDER, needs_shared_data

pytestmark = needs_shared_data


@cache
def description(version: int) -> Any:
    text = (FOLDER / "openapi" / f"pipedrive-v{version}.yaml").read_text("utf-8")
    # The C loader: the files are megabytes, and it is as safe as the other.
    return yaml.load(text, Loader=yaml.CSafeLoader)


def declared(operation: Operation) -> Any:
    return description(operation.version)["paths"][operation.path][operation.method.lower()]


ALL = sorted(
    {value for value in vars(ops).values() if isinstance(value, Operation)} | set(ops.LIST_FIELDS.values()),
    key=str,
)


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_every_operation_exists(operation):
    assert declared(operation)
    assert (operation.method != "POST") == operation.safe


class WillingHttp(FakeHttp):
    """Answers every question with a list where the path ends in a plural, else with one record."""

    def send(self, method: str, url: str, **request: Any) -> Answer:
        plural = method == "GET" and url.endswith(("s", "archived"))
        asked = url.rpartition("/")[2]
        record = {"id": int(asked) if asked.isdecimal() else 1}
        self.replies = [data([{"id": 1}]) if plural else data(record)]
        return super().send(method, url, **request)


def record_calls() -> list[tuple[str, dict[str, Any], Any]]:
    """Every method of the client once."""
    http = WillingHttp()
    client = PipedriveClient(
        http, base_url="https://api.pipedrive.com", authorization=dict, clock=StoppedClock()
    )
    client.me()
    client.currencies()
    client.deal(1)
    list(client.deals(status="won", updated_since=NOW, updated_until=NOW))
    list(client.archived_deals(status="won", updated_since=NOW))
    client.set_deal_field(1, "a" * 40, "x")
    client.lines(1)
    client.discounts(1)
    client.installments(1)
    client.organization(1)
    client.person(1)
    client.products([1, 2])
    for entity in ops.ENTITIES:
        client.field_definitions(entity)
    client.files(1)
    client.file_content(1)
    client.notes(1)
    client.add_note(1, "x")
    client.update_note(1, "x")
    subscribe(client, Subscription("https://connector.example/", "user", "password"))
    client.delete_webhook(1)
    return [(f"{call.method} {call.path}", dict(call.params), call.json) for call in http.calls]


def operation_of(request: str) -> Operation:
    """The operation behind a request to the general host."""
    method, path = request.split(" ")
    version = 2 if path.startswith("/api/v2") else 1
    plain = path.removeprefix("/api/v2" if version == 2 else "/v1")
    template = re.sub(r"/\d+(?=/|$)", "/{id}", plain)
    found = [
        operation
        for operation in ALL
        if (operation.method, operation.version, operation.path) == (method, version, template)
    ]
    assert len(found) == 1, request
    return found[0]


def test_every_query_parameter_exists_and_every_body_fits():
    sent = record_calls()
    for request, params, body in sent:
        known = declared(operation_of(request))
        names = {parameter["name"] for parameter in known.get("parameters", []) if parameter["in"] == "query"}
        assert set(params) <= names, request
        if body is not None:
            schema = known["requestBody"]["content"]["application/json"]["schema"]
            properties, required = whole_schema(schema)
            assert required <= set(body) <= properties, request


def whole_schema(schema: Any) -> tuple[set[str], set[str]]:
    """Names of all properties and of the required ones, through ``allOf``."""
    properties, required = set(schema.get("properties", {})), set(schema.get("required", []))
    for part in schema.get("allOf", []):
        inner_properties, inner_required = whole_schema(part)
        properties |= inner_properties
        required |= inner_required
    return properties, required


def test_every_operation_of_the_table_is_used_by_the_client():
    used = {operation_of(request) for request, _, _ in record_calls()}
    assert set() == set(ALL) - used


def test_the_hook_that_we_create_has_values_the_description_allows():
    schema = declared(ops.ADD_WEBHOOK)["requestBody"]["content"]["application/json"]["schema"]["properties"]
    wanted = Subscription("https://connector.example/", "user", "password")
    assert wanted.event_action in schema["event_action"]["enum"]
    assert wanted.event_object in schema["event_object"]["enum"]
    assert wanted.version in schema["version"]["enum"]
