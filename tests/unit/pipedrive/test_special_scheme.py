"""A deal's field for special schemes: whatever stands in it is the sale's scheme, which parks it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.pipedrive import bundles as b
from tests.unit.pipedrive.test_sale import codes, sale

SCHEME = "f" * 40
CONFIG = replace(b.PLAIN, fields=replace(b.PLAIN.fields, special_scheme="Sonderregelung"))


def bundle(value: Any, kind: str = "varchar", labels: tuple[str, ...] = ()) -> dict[str, Any]:
    made = b.bundle(deal=b.deal(custom_fields={SCHEME: value}))
    made["deal_fields"] = [*made["deal_fields"], b.definition(SCHEME, "Sonderregelung", kind, labels)]
    return made


@pytest.mark.parametrize(
    ("value", "kind", "labels", "scheme"),
    [
        (" Reise (§ 25) ", "varchar", (), "Reise (§ 25)"),
        (2, "enum", ("Reise", "Gebrauchtware"), "Gebrauchtware"),
        ("", "varchar", (), ""),
        (None, "enum", ("Reise",), ""),
    ],
)
def test_whatever_stands_in_the_field_is_the_scheme(value, kind, labels, scheme):
    assert scheme == sale(bundle(value, kind, labels), CONFIG).special_scheme


def test_without_a_field_there_is_no_scheme():
    assert "" == sale(bundle("Reise")).special_scheme


def test_a_field_that_pipedrive_does_not_have_is_told():
    assert ["custom_field_missing"] == codes(b.bundle(), CONFIG)
