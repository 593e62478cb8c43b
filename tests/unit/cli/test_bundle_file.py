"""A bundle from a file: nothing of it is lost or taken for something else on the way in."""

import json
from pathlib import Path

import pytest

from connector.cli.bundle_file import read_bundle_file
from connector.errors import DataError
from tests.unit.cli.console import command
from tests.unit.cli.deals import bundle, write_tenant


def refused(folder: Path, content: str) -> tuple[str, str, str]:
    file = folder / "bundle.json"
    file.write_text(content, "utf-8")
    with pytest.raises(DataError) as caught:
        read_bundle_file(file)
    (problem,) = caught.value.problems
    return problem.code, problem.message.removeprefix(f"The bundle {file} cannot be read: "), problem.cure


TWICE = "one object has the same key twice, and one of the two would be lost: "


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('{"deal": {"id": 1}, "deal": {"id": 2}}', "'deal'"),
        ('{"deal": {}, "products": [], "products": [{}]}', "'products'"),
        (
            '{"products": [{"id": 7, "item_price": 1, "item_price": 2}]}',
            "'item_price' of the record with the id 7",
        ),
        ('{"deal": {"a": 1, "a": 1}, "products": 1, "products": 1}', "'a', 'products'"),
    ],
)
def test_a_key_that_stands_twice_is_named_instead_of_lost(tmp_path: Path, content: str, named: str) -> None:
    assert ("bundle_unreadable", f"{TWICE}{named}.", "Leave only the one that holds.") == refused(
        tmp_path, content
    )


def test_the_same_key_in_several_records_is_no_key_twice(tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_text('{"products": [{"id": 1}, {"id": 2}], "deal": {"id": 3}}', "utf-8")

    assert {"products": [{"id": 1}, {"id": 2}], "deal": {"id": 3}} == read_bundle_file(file)


@pytest.mark.parametrize(
    ("record", "key", "field"),
    [("deal", "id", "deal.id"), ("line", "item_price", "products.item_price"), ("deal", "value", "value")],
)
@pytest.mark.parametrize("digits", [4000, 5000, 100_000])
def test_a_number_of_endless_digits_is_told_with_its_place(
    tmp_path: Path, record: str, key: str, field: str, digits: int
) -> None:
    made = bundle()
    {"deal": made["deal"], "line": made["products"][0]}[record][key] = "HERE"
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(made).replace('"HERE"', "9" * digits), "utf-8")

    shown = command("preview", "--tenant", write_tenant(tmp_path), "--bundle", str(file), "--format", "json")

    assert 3 == shown.exit_code
    assert [field] == [reason["field"] for reason in json.loads(shown.stdout)["reasons"]]
    assert 2000 > len(shown.stdout)
