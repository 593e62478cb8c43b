"""What the store writes down is what it reads back."""

import inspect
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import codec
from connector.accounting import debtor, invoice, party, posting, sale, terms
from connector.tenants import config

DATACLASSES = [
    cls
    for module in (debtor, invoice, party, posting, sale, terms, config)
    for _name, cls in inspect.getmembers(module, inspect.isclass)
    if cls.__module__ == module.__name__ and hasattr(cls, "__dataclass_fields__")
]

st.register_type_strategy(
    Decimal,
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12),
)
# In UTC no hour comes twice, so ``fold`` carries nothing there (and ISO text does not hold it).
st.register_type_strategy(
    datetime, st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
)
st.register_type_strategy(time, st.times().map(lambda hour: hour.replace(fold=0)))


@given(st.sampled_from(DATACLASSES).flatmap(st.from_type))
def test_every_record_comes_back_from_json_exactly_as_it_was(record: object) -> None:
    text = json.dumps(codec.to_plain(record))

    returned = codec.from_plain(json.loads(text), type(record))

    assert record == returned
    assert repr(record) == repr(returned)  # 1.50 == 1.5, but they are not the same amount on paper


def test_the_plain_form_is_readable_json() -> None:
    line = sale.SaleLine(
        position=1,
        name="Beratung",
        quantity=Decimal("1.50"),
        unit_price=Decimal(100),
        tax_rate=Decimal(19),
        supply_kind=sale.SupplyKind.SERVICE,
        discount=sale.Discount(sale.DiscountKind.PERCENTAGE, Decimal(10)),
    )

    plain = codec.to_plain(line)

    assert plain["quantity"] == "1.50"
    assert plain["supply_kind"] == "service"
    assert type(plain["supply_kind"]) is str
    assert plain["discount"] == {"kind": "percentage", "value": "10", "description": ""}
    assert plain["revenue_account"] is None


def test_tuples_of_pairs_become_lists_and_tuples_again() -> None:
    settings = config.SaleConfig(
        fields=config.FieldMap(),
        supply_kind_labels=(("Ware", sale.SupplyKind.GOODS),),
        revenue_accounts=(("A-1", 8400),),
    )

    plain = codec.to_plain(settings)

    assert plain["supply_kind_labels"] == [["Ware", "goods"]]
    assert codec.from_plain(plain, config.SaleConfig) == settings


def test_a_list_of_records_goes_both_ways() -> None:
    rules = [config.IgnoreRule("test deals", config.IgnoreBy.LABEL, ("7",))]

    assert codec.from_plain(codec.to_plain(rules), list[config.IgnoreRule]) == rules


def test_a_moment_is_kept_in_utc() -> None:
    berlin = datetime(2026, 7, 1, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))

    assert codec.to_plain(berlin) == "2026-06-30T22:30:00+00:00"
    assert codec.from_plain("2026-07-01T00:30:00+02:00", datetime) == berlin


def test_a_moment_without_a_time_zone_is_neither_written_nor_read() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        codec.to_plain(datetime(2026, 7, 1))  # noqa: DTZ001
    with pytest.raises(codec.DocumentShapeError, match="has no time zone"):
        codec.from_plain("2026-07-01T00:30:00", datetime)


def test_a_float_is_never_written() -> None:
    with pytest.raises(TypeError, match=r"0\.1 is a float"):
        codec.to_plain({"amount": [0.1]})


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="is a bytes, which has no exact form"):
        codec.to_plain({"key": b"x"})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_decimal_that_is_no_number_is_refused_both_ways(number: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        codec.to_plain(Decimal(number))
    with pytest.raises(codec.DocumentShapeError, match="is no amount"):
        codec.from_plain(number, Decimal)


@pytest.mark.parametrize(
    ("data", "cls", "said"),
    [
        ("12", int, "'12' is not of type int"),
        (True, int, "True is not of type int"),
        (1, bool, "1 is not of type bool"),
        (3, str, "3 is not of type str"),
        (1.5, Decimal, "1.5 is not of type str"),
        ("1,5", Decimal, "'1,5' is no decimal number"),
        ("2026-02-30", date, "day"),
        ("wombat", sale.SupplyKind, "'wombat' is not a valid SupplyKind"),
    ],
)
def test_reading_guesses_no_types(data: object, cls: type, said: str) -> None:
    with pytest.raises(codec.DocumentShapeError, match=said):
        codec.from_plain(data, cls)


def test_all_misfits_of_a_document_are_named_with_their_place() -> None:
    with pytest.raises(codec.DocumentShapeError) as caught:
        codec.from_plain({"name": "x", "by": "weather", "values": [1], "colour": "red"}, config.IgnoreRule)

    said = str(caught.value)
    assert said.startswith("A stored document is no IgnoreRule: ")
    assert "'weather' is not a valid IgnoreBy @ document.by" in said
    assert "1 is not of type str @ document.values[0]" in said
    assert "unknown keys colour @ document" in said


def test_a_missing_key_without_default_is_named() -> None:
    with pytest.raises(codec.DocumentShapeError, match="the key 'by' is missing @ document"):
        codec.from_plain({"name": "x"}, config.IgnoreRule)


def test_a_field_that_was_added_later_takes_its_default() -> None:
    plain = codec.to_plain(config.Hours())
    del plain["end"]

    assert codec.from_plain(plain, config.Hours) == config.Hours()
