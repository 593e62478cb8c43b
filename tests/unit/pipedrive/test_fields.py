import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import DataError
from connector.pipedrive.field_reader import as_text
from connector.pipedrive.field_values import (
    DECODERS,
    DateRange,
    Money,
    PostalParts,
    TimeOfDay,
    UnreadableValueError,
    day,
    decode,
    is_ambiguous,
    number,
)
from connector.pipedrive.fields import FieldCatalog, stale_entities

KEY_A, KEY_B, KEY_C = "a" * 40, "b" * 40, "c" * 40


def definition(code, name, kind="varchar", *, custom=True, options=None):
    return {
        "field_code": code,
        "field_name": name,
        "field_type": kind,
        "is_custom_field": custom,
        "options": options,
    }


OPTIONS = [{"id": 3, "label": "Ware"}, {"id": 4, "label": "Dienstleistung"}]
CATALOG = FieldCatalog(
    {
        "deal": [
            definition("title", "Titel", custom=False),
            definition("status", "Rechnungsnummer", custom=False),
            definition(KEY_A, "Rechnungsnummer"),
            definition(KEY_B, "Art", "enum", options=OPTIONS),
            definition(KEY_C, "art ", "set", options=OPTIONS),
        ],
        "organization": [definition(KEY_A, "USt-IdNr."), definition(KEY_B, "USt-IdNr.")],
    }
)


def key_of(wanted, entity="deal"):
    field = CATALOG.find(entity, wanted)
    return field.key if field else None


def test_a_field_is_found_by_key_and_by_name():
    assert KEY_A == key_of(KEY_A)
    assert KEY_A == key_of("rechnungsnummer ")
    assert "title" == key_of("title") == key_of("Titel")


def test_the_exact_name_wins_over_one_that_differs_in_case():
    assert KEY_B == key_of("Art")


def test_a_field_of_another_entity_is_not_found():
    assert key_of("USt-IdNr.") is None
    assert key_of("nothing") is None


def test_an_ambiguous_name_names_both_keys():
    with pytest.raises(DataError) as caught:
        CATALOG.find("organization", "USt-IdNr.")
    problem = caught.value.problems[0]
    assert "custom_field_ambiguous" == problem.code
    assert KEY_A in problem.message
    assert KEY_B in problem.message


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("varchar", " text ", "text"),
        ("phone", "1234-5678", "1234-5678"),
        ("double", 12.5, Decimal("12.5")),
        ("double", "1.5", Decimal("1.5")),
        ("int", 7, Decimal(7)),
        ("boolean", True, True),
        ("monetary", {"value": "99.90", "currency": "EUR"}, Money(Decimal("99.90"), "EUR")),
        ("enum", 4, "Dienstleistung"),
        ("enum", {"id": 4, "label": "Service"}, "Service"),
        ("set", [3, 4], ("Ware", "Dienstleistung")),
        ("set", "3,4", ("Ware", "Dienstleistung")),
        ("date", "2026-03-04", date(2026, 3, 4)),
        (
            "daterange",
            {"value": "2026-03-01", "until": "2026-03-31"},
            DateRange(date(2026, 3, 1), date(2026, 3, 31)),
        ),
        (
            "time",
            {"value": "00:45:00", "timezone_name": "Europe/Berlin"},
            TimeOfDay("00:45:00", "", "Europe/Berlin"),
        ),
        ("timerange", {"value": "00:00:00", "until": "01:15:00"}, TimeOfDay("00:00:00", "01:15:00")),
        ("user", 13, 13),
        ("people", {"id": 5}, 5),
        ("org", "9", 9),
        (
            "address",
            {"value": "Weg 1, Wien", "locality": "Wien", "country": None},
            PostalParts("Weg 1, Wien", locality="Wien"),
        ),
        ("enum", None, None),
        ("set", [], None),
        ("varchar", "", None),
    ],
)
def test_each_type_has_its_value(kind, value, expected):
    assert expected == decode(kind, {"3": "Ware", "4": "Dienstleistung"}, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("enum", 99),
        ("set", [3, 99]),
        ("monetary", 5),
        ("monetary", {"value": 5}),
        ("double", "viel"),
        ("double", "NaN"),
        ("double", True),
        ("date", "31.02.2026"),
        ("daterange", {"value": "2026-03-31", "until": "2026-03-01"}),
        ("user", "x"),
        ("varchar", {"type": "varchar", "value": "webhook shape"}),
        ("boolean", "perhaps"),
    ],
)
def test_a_value_of_another_shape_is_unreadable(kind, value):
    with pytest.raises(UnreadableValueError):
        decode(kind, {"3": "Ware"}, value)


@settings(deadline=None)
@given(
    st.sampled_from([*DECODERS, "enum", "set", "varchar"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["value", "until", "currency", "id"]), inner, max_size=3)
        ),
        max_leaves=5,
    ),
)
def test_no_value_breaks_the_reading(kind, value):
    try:
        found = decode(kind, {}, value)
    except UnreadableValueError:
        return
    assert isinstance(as_text(found), str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1234,5", "1234.5"),
        ("1 234,50", "1234.50"),
        ("-3,5", "-3.5"),
        ("1.0845", "1.0845"),
        ("1'234.50", "1234.50"),
        ("1.234.567,8", "1234567.8"),
        ("1E+3", "1000"),
        (".5", "0.5"),
        (7, "7"),
    ],
)
def test_numbers_are_read_as_people_write_them(text, expected):
    assert Decimal(expected) == number(text)


@pytest.mark.parametrize(
    "text",
    [
        "\u0663",
        "1_0",
        "\uff11\uff12",
        "1 2",
        "12 34",
        "1.2.3",
        "1,2,3",
        "0x10",
        "1e",
        "--1",
        ".",
        "",
        "NaN",
        "inf",
        "1e5x",
    ],
)
def test_what_is_no_number_in_our_digits_is_none(text):
    with pytest.raises(UnreadableValueError):
        number(text)


@pytest.mark.parametrize(
    ("text", "ambiguous"),
    [
        ("1.234", True),
        ("-1,234", True),
        ("123.456", True),
        ("0.234", False),
        ("0,234", False),
        ("1.2345", False),
        ("1.23", False),
        ("1234.567", False),
        ("1.234,56", False),
        ("1.234.567", False),
    ],
)
def test_one_sign_with_three_digits_behind_it_may_part_thousands_or_decimals(text, ambiguous):
    assert ambiguous is is_ambiguous(text)


@pytest.mark.parametrize(
    "text", ["2026-03-04", "4.3.2026", "04.03.2026", "2026-03-04T10:00:00Z", "2026-03-04 1:00"]
)
def test_days_are_read_in_both_notations(text):
    assert date(2026, 3, 4) == day(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Decimal(20260017), "20260017"), (Decimal("1E+3"), "1000"), (Decimal("1.50"), "1.5"), (Decimal(0), "0")],
)
def test_a_number_as_text_has_no_superfluous_zeros(value, expected):
    assert expected == as_text(value)


def test_a_value_is_read_from_the_record():
    field = CATALOG.find("deal", "Art")
    assert field is not None
    assert "Ware" == CATALOG.value(field, {"custom_fields": {KEY_B: 3}})
    assert CATALOG.value(field, {"custom_fields": {KEY_B: None}}) is None
    assert CATALOG.value(field, {}) is None


def test_a_built_in_field_is_read_from_the_record_itself():
    field = CATALOG.find("deal", "title")
    assert field is not None
    assert "Projekt" == CATALOG.value(field, {"title": "Projekt", "custom_fields": {}})


def test_an_unknown_option_names_the_field():
    field = CATALOG.find("deal", "Art")
    assert field is not None
    with pytest.raises(DataError) as caught:
        CATALOG.value(field, {"custom_fields": {KEY_B: 99}})
    assert ("custom_field_unreadable", "Art") == (caught.value.code, caught.value.field)


def test_new_keys_and_new_options_ask_for_newer_definitions():
    record = {"custom_fields": {KEY_A: "x", KEY_B: 99, KEY_C: [3], "d" * 40: None}}
    assert {KEY_B, "d" * 40} == CATALOG.unknown_keys("deal", record)
    assert set() == CATALOG.unknown_keys("deal", {"custom_fields": {KEY_A: "x"}})
    assert set() == CATALOG.unknown_keys("deal", {})


def test_a_bundle_says_whose_definitions_are_too_old():
    bundle = {
        "deal": {"custom_fields": {KEY_A: "x"}},
        "organization": {"custom_fields": {KEY_A: "x"}},
        "person": None,
        "catalog": [{"custom_fields": {}}, {"custom_fields": {KEY_B: 1}}],
        "deal_fields": [definition(KEY_A, "A")],
    }
    assert {"organization", "product"} == stale_entities(json.loads(json.dumps(bundle)))
