"""Whatever Pipedrive answers, it ends as a sale or as one of our errors, never as a bug."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.accounting.terms import BookingTerms
from connector.errors import ConnectorError, DataError, PartnerRefusedError, TransientError
from connector.http import Answer, HttpClient
from connector.invoice.choose import newest_matching_pdf
from connector.pipedrive.bundle import json_safe, read_bundle, read_definitions, with_definitions
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.fields import stale_entities
from connector.pipedrive.operations import ENTITIES
from connector.pipedrive.sale import document_number_from, read_sale
from connector.pipeline.steps.reading import not_won
from connector.pipeline.steps.resolve import facts_of
from connector.tenants.config import NumberConfig, NumberSource
from tests.unit.pipedrive import bundles
from tests.unit.pipedrive.fakes import client_with, data

TERMS = BookingTerms(chart="skr03", payment_days=14)

ODD = st.sampled_from(
    [
        *(5, -1, 0, True, "", "x", [], {}, [5], ["x"], [None], [[]], {"id": 5}, {"id": {}}, None),
        *("\x00", "\ud800", "Muster\x00", 10**19, 10**300, -(10**30), 1e300, 5e-324, 1.5),
        *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31", "31.12.9999", "2026-02-30"),
        *("won", "1e99999999999999999999", "NaN", "\u0663", "9" * 5000),
    ]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "value", "label", "currency", "until", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def realistic() -> dict[str, Any]:
    """What Pipedrive answers about one deal, part by part, with every configured field filled."""
    custom = {
        bundles.NUMBER: "2026-17",
        bundles.SERVICE: {"value": "2026-01-01", "until": "2026-01-31"},
        bundles.DUE: "2026-04-01",
        bundles.RATE: 1.25,
        bundles.REVERSE: 2,
        bundles.KIND: 2,
        bundles.COST: 1,
        bundles.ORDER: "B-7",
    }
    buyer = {
        bundles.VAT: "DE 136 695 976",
        bundles.STATUS: 1,
        bundles.DEBTOR: 10017,
        bundles.LAND: "Deutschland",
    }
    of_product = {bundles.PRODUCT_KIND: 2, bundles.PRODUCT_COST: "100"}
    made = bundles.bundle(
        deal=bundles.deal(value=201.5, label_ids=[3], pipeline_id=1, custom_fields=custom),
        organization=bundles.organization(custom_fields=buyer),
        products=[bundles.line(item_price=100.5), bundles.line(id=2, product_id=6, order_nr=2)],
        discounts=[{"id": "d", "type": "percentage", "amount": 5, "description": "Treue"}],
        files=[{"id": 9, "name": "Rechnung.pdf", "file_type": "pdf", "add_time": "2026-03-04 10:00:00"}],
    )
    made["catalog"] = [
        {**made["catalog"][0], "id": number, "category": "5", "custom_fields": of_product}
        for number in (5, 6)
    ]
    return made


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every node of a document."""
    yield path
    if isinstance(node, Mapping):
        for key, inner in node.items():
            yield from places(inner, (*path, key))
    elif isinstance(node, list):
        for position, inner in enumerate(node):
            yield from places(inner, (*path, position))


PLACES = [place for place in places(realistic()) if place]


def spoiled(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The realistic answers with one node replaced."""
    made = copy.deepcopy(realistic())
    node: Any = made
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    return made


PARTS = {
    "/api/v2/deals/42/products": "products",
    "/api/v2/deals/42/discounts": "discounts",
    "/api/v2/deals/installments": "installments",
    "/api/v1/deals/42/files": "files",
    "/api/v2/products": "catalog",
    "/api/v2/deals/42": "deal",
    **{f"/api/v2/{entity}Fields": f"{entity}_fields" for entity in ENTITIES},
}


class Company(HttpClient):
    """A Pipedrive that answers every question from one document."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self.parts = parts

    def send(self, method: str, url: str, *, safe: bool = False, **_more: Any) -> Answer:
        path = urlsplit(url).path
        part = PARTS.get(path) or next(
            (name for name in ("organization", "person") if f"/{name}s/" in path), "catalog"
        )
        found = self.parts[part]
        if path.startswith("/api/v2/products/"):
            found = found[0] if isinstance(found, list) and found else found
        body = json.dumps({"success": True, "data": found}).encode()
        return Answer(200, {}, body, url, safe)


def carried(parts: Mapping[str, Any]) -> None:
    """Everything that the pipeline does with what Pipedrive answers, up to the sale."""
    client = PipedriveClient(
        Company(parts),
        base_url="https://muster.pipedrive.com",
        authorization=lambda: {"x-api-token": "token"},
    )
    definitions = read_definitions(client)
    bundle = read_bundle(client, 42, definitions=definitions)
    for _entity in stale_entities(bundle):
        bundle = with_definitions(bundle, definitions)
    assert storable(bundle)
    decided(bundle)


def decided(bundle: Mapping[str, Any]) -> None:
    """What is decided from a bundle, however it came into being."""
    facts_of(bundle["deal"])
    chosen = newest_matching_pdf(bundle["files"], "*.pdf")
    assert chosen is None or isinstance(chosen["id"], int)
    number = document_number_from(bundle, NumberConfig(NumberSource.FIELD, field="Rechnungsnummer"))
    sale = read_sale(bundle, config=bundles.CONFIG, terms=TERMS, document_number=number)
    assert storable(repr(sale))


def storable(value: Any) -> bool:
    """PostgreSQL takes it as jsonb: no NUL, no half surrogate, no number that is none."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode()
    return "\\u0000" not in text


def test_the_realistic_answers_are_a_sale() -> None:
    carried(realistic())


@settings(max_examples=500, deadline=None)
@given(place=st.sampled_from(PLACES), value=ANY_JSON)
@example(place=("deal", "won_time"), value="9999-12-31T23:59:59Z")
def test_any_json_in_any_place_of_the_answers_is_a_sale_or_an_error_of_ours(
    place: tuple[Any, ...], value: Any
) -> None:
    try:
        carried(spoiled(place, value))
    except ConnectorError as e:
        assert all(problem.message for problem in e.problems)  # noqa: PT017 - either end is right
        assert storable(e.details())  # noqa: PT017
        assert storable(e.message)  # noqa: PT017


@settings(max_examples=500, deadline=None)
@given(place=st.sampled_from(PLACES), value=ANY_JSON)
def test_any_json_in_any_place_of_a_bundle_is_a_sale_or_problems(place: tuple[Any, ...], value: Any) -> None:
    """A bundle put together by hand for a preview has gone through no client."""
    bundle = spoiled(place, value)
    try:
        stale_entities(bundle)
        document_number_from(bundle, NumberConfig(NumberSource.FIELD, field="Rechnungsnummer"))
        read_sale(bundle, config=bundles.CONFIG, terms=TERMS, document_number="")
    except DataError as e:
        assert all(problem.message for problem in e.problems)  # noqa: PT017 - either end is right


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (5, "its data is 5, no list"),
        ("fields", "its data is 'fields', no list"),
        (None, "its data is null, no list"),
        ({"field_code": "title"}, "its data is a dict, no list"),
        ([{"field_code": "title"}, 5], "its list holds 5, no record"),
        ([["title"]], "its list holds a list, no record"),
    ],
)
def test_field_definitions_that_are_no_list_of_records_say_what_came_instead(body: Any, what: str) -> None:
    client, _ = client_with(data(body))

    with pytest.raises(TransientError) as caught:
        client.field_definitions("deal")

    assert ("malformed_answer", "data") == (caught.value.code, caught.value.field)
    assert f"Pipedrive's answer to GET /v2/dealFields has not the documented shape: {what}." == str(
        caught.value
    )


def test_a_deal_whose_lines_are_null_is_not_taken_for_one_without_lines() -> None:
    client, _ = client_with(data(None))

    with pytest.raises(TransientError, match=r"GET /v2/deals/\{id\}/products .* its data is null, no list"):
        client.lines(42)


def test_cursors_that_lead_in_a_circle_are_refused_at_the_first_repetition() -> None:
    pages = [data([{"id": 1}], {"next_cursor": cursor}) for cursor in ("a", "b", "c", "a")]
    client, http = client_with(*pages)

    with pytest.raises(PartnerRefusedError) as caught:
        client.lines(42)

    assert ("endless_paging", 4) == (caught.value.code, len(http.calls))


@pytest.mark.parametrize(
    "additional", [5, "x", [1], {"next_cursor": 7}, {"next_cursor": ["a"]}, {"next_cursor": {"a": 1}}]
)
def test_a_list_whose_next_page_cannot_be_told_is_not_taken_for_whole(additional: Any) -> None:
    client, _ = client_with(data([{"id": 1}], additional))

    with pytest.raises(TransientError, match="has not the documented shape"):
        client.lines(42)


@pytest.mark.parametrize(
    "pagination",
    [
        5,
        {"more_items_in_collection": True, "next_start": True},
        {"more_items_in_collection": 1, "next_start": "x"},
    ],
)
def test_a_list_of_version_1_whose_next_page_cannot_be_told_is_not_taken_for_whole(pagination: Any) -> None:
    client, _ = client_with(data([{"id": 1}], {"pagination": pagination}))

    with pytest.raises(TransientError, match="has not the documented shape"):
        client.files(42)


@pytest.mark.parametrize(
    ("place", "value", "code", "field"),
    [
        (("products",), 5, "list_unreadable", "products"),
        (("products", 0), "x", "list_unreadable", "products"),
        (("deal_fields",), {"a": 1}, "list_unreadable", "deal_fields"),
        (("deal_fields", 4, "options"), 5, "custom_field_unreadable", "§13b"),
        (("deal", "custom_fields", bundles.SERVICE), 5, "custom_field_unreadable", "Leistungszeitraum"),
        (("deal", "custom_fields", bundles.RATE), {"a": 1}, "custom_field_unreadable", "Kurs"),
        (("deal", "won_time"), "9999-12-31T23:59:59Z", "time_unreadable", "won_time"),
        (("deal", "custom_fields", bundles.DUE), "9999-12-31", "custom_field_unreadable", "Fällig am"),
        (("deal", "currency"), {"code": "EUR"}, "text_unreadable", "currency"),
        (("products", 0, "name"), ["Beratung"], "text_unreadable", "name"),
        (("products", 0, "is_enabled"), "false", "line_unreadable", "products.is_enabled"),
        (("organization", "id"), None, "buyer_id_missing", "organization"),
    ],
)
def test_a_part_of_another_shape_is_a_problem_that_names_the_field(
    place: tuple[Any, ...], value: Any, code: str, field: str
) -> None:
    with pytest.raises(DataError) as caught:
        read_sale(spoiled(place, value), config=bundles.CONFIG, terms=TERMS, document_number="1")

    found = [problem for problem in caught.value.problems if problem.code == code]
    assert [field] == [problem.field for problem in found]
    assert all(problem.cure for problem in found)


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (("deal", "org_id"), {"value": 17}, "link_unreadable"),
        (("deal", "status"), 5, "status_unreadable"),
        (("files", 0, "id"), "x", "file_unreadable"),
        (("deal", "won_time"), "9999-12-31T23:59:59Z", "time_unreadable"),
    ],
)
def test_a_deal_that_cannot_be_read_stops_its_run_with_the_reason(
    place: tuple[Any, ...], value: Any, code: str
) -> None:
    with pytest.raises(DataError) as caught:
        carried(spoiled(place, value))

    assert code == caught.value.code


def test_what_the_database_does_not_take_is_replaced_and_seen() -> None:
    assert {"title": "Um\ufffdbau \ufffd", "x": ["a\ufffdb"]} == json_safe(
        {"title": "Um\x00bau \ud800", "x": ["a\x00b"]}
    )


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (("deal", "title"), "title"),
        (("organization", "name"), "organization"),
        (("organization", "address", "locality"), "address"),
        (("products", 0, "name"), "name"),
        (("deal", "custom_fields", bundles.ORDER), "Bestellnummer"),
    ],
)
@pytest.mark.parametrize("lost", [chr(0), chr(0xD800), chr(0xFFFD)], ids=ascii)
def test_a_text_that_lost_a_character_names_its_field(place: tuple[Any, ...], field: str, lost: str) -> None:
    with pytest.raises(DataError) as caught:
        carried(spoiled(place, f"Mu{lost}ster"))

    assert [("text_unreadable", field)] == [(found.code, found.field) for found in caught.value.problems]
    assert "Mu\ufffdster" in caught.value.message


def test_an_answer_nested_deeper_than_any_record_is_no_bug() -> None:
    deep: Any = 1
    for _level in range(600):
        deep = [deep]
    with pytest.raises(DataError) as caught:
        json_safe({"deal": deep})
    assert "nested_too_deep" == caught.value.code


@pytest.mark.parametrize("part", ["deal", "organization"])
@pytest.mark.parametrize("strange", [[1, 2], "x", 5, True])
def test_custom_fields_of_another_shape_are_not_taken_for_empty(part: str, strange: Any) -> None:
    with pytest.raises(DataError) as caught:
        carried(spoiled((part, "custom_fields"), strange))

    assert f"{part}.custom_fields" in [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize("strange", ["no", 2, [], {}, -1, 0.5])
def test_a_deletion_that_cannot_be_read_is_a_problem(strange: Any) -> None:
    with pytest.raises(DataError) as caught:
        carried(spoiled(("deal", "is_deleted"), strange))
    assert ("flag_unreadable", "is_deleted") == (caught.value.code, caught.value.field)
    with pytest.raises(DataError) as caught:
        carried(spoiled(("organization", "is_deleted"), strange))
    assert ("flag_unreadable", "organization") == (caught.value.code, caught.value.field)


@pytest.mark.parametrize(("written", "deleted"), [(True, True), (1, True), (False, False), (0, False)])
def test_a_flag_may_be_written_as_a_number(written: Any, deleted: bool) -> None:
    bundle = spoiled(("deal", "is_deleted"), written)
    assert ("deleted" if deleted else "") == not_won(bundle)
    parts = spoiled(("organization", "is_deleted"), written)
    if deleted:
        with pytest.raises(DataError, match="is deleted"):
            carried(parts)
    else:
        carried(parts)


def test_a_line_that_is_switched_off_by_a_number_is_not_booked() -> None:
    bundle = realistic()
    bundle["products"][0]["is_enabled"] = 0
    sale = read_sale(bundle, config=bundles.CONFIG, terms=TERMS, document_number="1")
    assert 1 == len(sale.lines)


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (("products", 0, "item_price"), "products.item_price"),
        (("products", 0, "quantity"), "products.quantity"),
        (("discounts", 0, "amount"), "discounts.amount"),
    ],
)
@pytest.mark.parametrize("text", ["1.234", "1,234", "-12.000"])
def test_a_number_as_text_that_may_mean_a_thousand_times_as_much_is_a_problem(
    place: tuple[Any, ...], field: str, text: str
) -> None:
    with pytest.raises(DataError) as caught:
        carried(spoiled(place, text))
    assert ("number_ambiguous", field) == (caught.value.code, caught.value.field)
    assert caught.value.cure


def test_a_true_number_with_three_decimals_is_not_ambiguous() -> None:
    carried(spoiled(("discounts", 0, "amount"), 1.234))


@pytest.mark.parametrize(("text", "ambiguous"), [("1.085", True), ("1,085", True), ("1,0850", False)])
def test_an_exchange_rate_in_a_field_for_text_must_be_clear(text: str, ambiguous: bool) -> None:
    bundle = spoiled(("deal", "custom_fields", bundles.RATE), text)
    next(one for one in bundle["deal_fields"] if one["field_code"] == bundles.RATE)["field_type"] = "varchar"
    problems = []
    try:
        read_sale(bundle, config=bundles.CONFIG, terms=TERMS, document_number="1")
    except DataError as e:
        problems = [(problem.code, problem.field) for problem in e.problems]
    assert ([("number_ambiguous", "Kurs")] if ambiguous else []) == problems
