"""A document number that stands on the deal is a number, never a pattern."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.preview import Preview, decide
from connector.tenants.toml_file import read_tenant_file
from tests.unit.cli.deals import bundle, write_tenant

FIELD = "7" * 40
NOW = datetime(2027, 2, 4, 9, 30, tzinfo=UTC)


def numbered(folder: Path, number: str, more: str = "") -> Preview:
    path = write_tenant(folder, numbers=f'source = "field"\nfield = "RNr"\n{more}')
    config = read_tenant_file(Path(path), {}, with_secrets=False).config
    made = bundle(custom_fields={FIELD: number})
    made["deal_fields"] = [
        {"field_code": FIELD, "field_name": "RNr", "field_type": "varchar", "is_custom_field": True}
    ]
    return decide(made, config, tenant_tables(config), created_at=NOW)


@pytest.mark.parametrize("number", ["RE-{next}", "{next}", "RE-{part}", "{deal_id}", "RE {next}"])
def test_a_place_of_a_pattern_is_no_character_of_a_number(tmp_path: Path, number: str) -> None:
    found = numbered(tmp_path, number)

    assert ("needs_attention", ["document_number_characters"]) == (
        found.outcome,
        [reason.code for reason in found.reasons],
    )
    assert f"The document number {number!r} holds" in found.reasons[0].message


@pytest.mark.parametrize("number", ["RE-{next}", "RE-{part}", "RE-{next:05d}"])
def test_a_place_of_a_pattern_is_refused_where_other_signs_are_cleaned(tmp_path: Path, number: str) -> None:
    found = numbered(tmp_path, number, 'unsafe_characters = "clean"')

    assert ("needs_attention", ["document_number_characters"]) == (
        found.outcome,
        [reason.code for reason in found.reasons],
    )


def test_braces_around_anything_else_are_cleaned(tmp_path: Path) -> None:
    found = numbered(tmp_path, "RE-{7}", 'unsafe_characters = "clean"')

    assert ("posted", "RE-7") == (
        found.outcome,
        found.invoice.document_number if found.invoice else "",
    )
