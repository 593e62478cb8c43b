"""``preview`` from files: no server, no secret, nothing drawn."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from connector.datev.extf.file import read_file
from tests.unit.cli.console import command
from tests.unit.cli.deals import bundle, write_bundle, write_tenant

GOLDEN = Path(__file__).with_name("golden_preview.json")


def files(folder: Path, content: Any = None, **tenant: str) -> list[str]:
    """The two options of a preview from files."""
    deal = write_bundle(folder, bundle() if content is None else content)
    return ["preview", "--tenant", write_tenant(folder, **tenant), "--bundle", deal]


def previewed(folder: Path, content: Any = None, exit_code: int = 0, **tenant: str) -> dict[str, Any]:
    """The JSON of a preview."""
    shown = command(*files(folder, content, **tenant), "--format", "json")
    assert shown.exit_code == exit_code, shown.output
    assert shown.stderr == ""
    return dict(json.loads(shown.stdout))


def test_the_json_is_complete_and_amounts_are_strings(tmp_path: Path) -> None:
    shown = json.dumps(previewed(tmp_path))

    # The table of tax rules has a version of its own, which is not this test's business.
    assert json.loads(GOLDEN.read_text("utf-8")) == json.loads(re.sub(r"table [\d.-]+", "table N", shown))


def test_the_text_says_the_outcome_the_rows_and_why(tmp_path: Path) -> None:
    shown = command(*files(tmp_path))

    assert shown.exit_code == 0
    assert "This deal would be booked." in shown.stdout
    assert "PD-42 of 2027-02-04" in shown.stdout
    assert "1190.12  EUR       S     10000    8400" in shown.stdout
    assert "domestic supply at 7 % (rule domestic_7, table" in shown.stdout


def test_a_number_of_our_own_sequence_is_not_drawn_but_shown_as_an_example(tmp_path: Path) -> None:
    numbers = 'source = "sequence"\npattern = "RE{year}-{next:05d}"'

    value = previewed(tmp_path, numbers=numbers)

    assert value["outcome"] == "posted"
    assert (value["invoice"]["number"], value["invoice"]["provisional"]) == ("RE2027-NEXT", True)
    assert {row["document_number"] for row in value["postings"]} == {"RE2027-NEXT"}
    assert "example" in command(*files(tmp_path, numbers=numbers)).stdout


def test_a_file_with_an_undrawn_number_holds_a_stand_in_that_the_format_knows(tmp_path: Path) -> None:
    numbers = 'source = "sequence"\npattern = "RE{year}-{next:05d}"'
    target = tmp_path / "out.csv"

    shown = command(*files(tmp_path, numbers=numbers), "--format", "extf", "--output", str(target))

    assert shown.exit_code == 0, shown.output
    assert read_file(target.read_bytes()).content(1, 11) == "RE2027-NEXT"


def test_all_problems_of_invoice_and_debtor_are_said_at_once(tmp_path: Path) -> None:
    deal = bundle()
    deal["products"][0]["tax"] = 12
    deal["organization_fields"] = [
        {"field_code": "d" * 40, "field_name": "Debitor", "field_type": "varchar", "is_custom_field": True}
    ]

    value = previewed(
        tmp_path, deal, 3, debtors='strategy = "field"', more='[fields]\ndebtor_number = "Debitor"'
    )

    assert value["outcome"] == "needs_attention"
    assert ["debtor_number_missing", "rate_not_german"] == sorted(
        reason["code"] for reason in value["reasons"]
    )
    assert all(reason["message"] and reason["cure"] for reason in value["reasons"])
    assert value["postings"] == []


def test_an_unknown_currency_is_said_beside_an_unreadable_price(tmp_path: Path) -> None:
    content = bundle(currency="ZZZ")
    content["products"][0]["item_price"] = "viel"

    reasons = {reason["code"] for reason in previewed(tmp_path, content, 3)["reasons"]}

    assert {"currency_unknown", "line_unreadable"} == reasons


def test_a_collective_debtor_is_no_example(tmp_path: Path) -> None:
    value = previewed(tmp_path, debtors='strategy = "collective"\ncollective_account = 19999')

    assert (19999, False) == (value["debtor"]["account"], value["debtor"]["provisional"])


def test_an_account_of_the_advisers_list_is_found_at_run_time_and_shown_as_an_example(tmp_path: Path) -> None:
    value = previewed(tmp_path, debtors='strategy = "list"')

    assert (10000, True) == (value["debtor"]["account"], value["debtor"]["provisional"])


@pytest.mark.parametrize(
    ("changes", "more", "code"),
    [
        ({"status": "lost"}, "", "deal_not_won"),
        ({"is_deleted": True}, "", "deal_deleted"),
        ({"won_time": "2025-12-01T10:00:00Z"}, "", "ignored_by_rule"),
        ({"pipeline_id": 3}, '[[ignore]]\nname = "own"\nby = "pipeline"\nvalues = [3]', "ignored_by_rule"),
    ],
)
def test_a_deal_that_is_left_alone_says_by_which_rule(
    tmp_path: Path, changes: dict[str, Any], more: str, code: str
) -> None:
    value = previewed(tmp_path, bundle(**changes), more=more)

    assert value["outcome"] == "ignored"
    assert [code] == [reason["code"] for reason in value["reasons"]]
    assert (None, None, []) == (value["invoice"], value["debtor"], value["postings"])


def test_missing_parts_of_a_bundle_park_the_deal_and_say_what_is_missing(tmp_path: Path) -> None:
    value = previewed(tmp_path, {"deal": {"id": 3}}, 3)

    assert value["outcome"] == "needs_attention"
    assert {"currency", "organization", "won_time", "value"} == {
        reason["field"] for reason in value["reasons"]
    }


@pytest.mark.parametrize("fmt", ["text", "json", "extf", "dxso"])
def test_a_deal_that_waits_for_a_person_ends_with_3_in_every_format(tmp_path: Path, fmt: str) -> None:
    shown = command(*files(tmp_path, {"deal": {"id": 3}}), "--format", fmt)

    assert shown.exit_code == 3, shown.output


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_a_deal_that_is_left_alone_needs_nobody(tmp_path: Path, fmt: str) -> None:
    shown = command(*files(tmp_path, bundle(status="lost")), "--format", fmt)

    assert shown.exit_code == 0, shown.output


def test_the_extf_file_is_the_posting_batch(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"

    shown = command(*files(tmp_path), "--format", "extf", "--output", str(target))

    assert shown.exit_code == 0, shown.output
    file = read_file(target.read_bytes())
    assert ("21", "13", 2) == (file.category, file.version, len(file.rows))
    assert ("998,90", "S", "10000", "8300") == tuple(file.content(2, column) for column in (1, 2, 7, 8))


def test_the_dxso_zip_holds_the_jobs_xml_files(tmp_path: Path) -> None:
    shown = command(*files(tmp_path), "--format", "dxso")

    assert shown.exit_code == 0, shown.output
    with zipfile.ZipFile(io.BytesIO(shown.stdout_bytes)) as archive:
        assert [
            "document.xml",
            "Rechnungsdaten_RA_PD-42.xml",
            "Rechnungsbild_RA_PD-42.pdf",
        ] == archive.namelist()


@pytest.mark.parametrize("fmt", ["extf", "dxso"])
def test_no_file_is_written_for_a_deal_that_cannot_be_booked(tmp_path: Path, fmt: str) -> None:
    target = tmp_path / "out"

    shown = command(*files(tmp_path, {"deal": {"id": 3}}), "--format", fmt, "--output", str(target))

    assert shown.exit_code == 3
    assert "Nothing is written: the deal ends in needs_attention." in shown.stderr
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[1", "line 1, column 3"),
        ("[]", "it is no JSON object"),
        ("[" * 100_000, "it is nested deeper than any deal"),
    ],
)
def test_an_unreadable_bundle_says_where_it_breaks(tmp_path: Path, content: str, why: str) -> None:
    shown = command(*files(tmp_path, content))

    assert shown.exit_code == 1
    assert why in shown.stderr
    assert shown.stdout == ""


def test_a_bundle_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    arguments = files(tmp_path)
    (tmp_path / "bundle.json").write_bytes(b'{"deal": "\xe4"}')

    shown = command(*arguments)

    assert (shown.exit_code, "it is not UTF-8" in shown.stderr) == (1, True)


def test_a_wrong_tenants_file_lists_every_problem_with_its_line(tmp_path: Path) -> None:
    arguments = files(tmp_path)
    path = tmp_path / "tenant.toml"
    path.write_text(path.read_text("utf-8").replace('"extf"', '"csv"').replace('"skr03"', '"skr99"'), "utf-8")

    shown = command(*arguments)

    assert shown.exit_code == 1
    assert "the tenant's file has 2 problems" in shown.stderr
    assert shown.stderr.count("  line ") == 2


def test_files_and_a_run_do_not_go_together(tmp_path: Path) -> None:
    shown = command(*files(tmp_path), "--run", "3")

    assert shown.exit_code == 2
    assert "Give either --run, or --tenant and --bundle." in shown.stderr


@pytest.mark.parametrize("written", ["NaN", "-Infinity", "1e999999", "1e99999999999999999999", "true", '"x"'])
def test_a_number_that_is_none_is_a_reason_with_line_and_field(tmp_path: Path, written: str) -> None:
    content = json.dumps(bundle()).replace('"item_price": 1000.1', f'"item_price": {written}')

    value = previewed(tmp_path, content, 3)

    assert ["products.item_price"] == [reason["field"] for reason in value["reasons"]]
    assert "of the line 'Workshop' cannot be read" in value["reasons"][0]["message"]


def test_a_bundle_without_field_definitions_is_told_so_and_not_to_create_fields(tmp_path: Path) -> None:
    more = '[fields]\nvat_id = "USt-IdNr."\norder_number = "Auftrag"'

    value = previewed(tmp_path, bundle(), 3, more=more)

    assert {"field_definitions_missing"} == {reason["code"] for reason in value["reasons"]}
    assert [
        'Add "deal_fields" to the bundle, or leave the field out of the tenant\'s file.',
        'Add "organization_fields" to the bundle, or leave the field out of the tenant\'s file.',
    ] == sorted(reason["cure"] for reason in value["reasons"])


def test_a_field_that_the_definitions_lack_is_to_be_created(tmp_path: Path) -> None:
    deal = bundle()
    deal["deal_fields"] = [{"field_code": "title", "field_name": "Title", "field_type": "varchar"}]

    value = previewed(tmp_path, deal, 3, more='[fields]\norder_number = "Auftrag"')

    assert ["custom_field_missing"] == [reason["code"] for reason in value["reasons"]]


@pytest.mark.parametrize("content", ["{}", '{"deal": null}', '{"deal": NaN}', '{"deal": []}'])
def test_a_bundle_without_a_deal_waits_for_one(tmp_path: Path, content: str) -> None:
    value = previewed(tmp_path, content, 3)

    assert ("needs_attention", ["deal_missing"]) == (
        value["outcome"],
        [reason["code"] for reason in value["reasons"]],
    )


def test_the_bundle_may_come_through_stdin(tmp_path: Path) -> None:
    arguments = ["preview", "--tenant", write_tenant(tmp_path), "--bundle", "-", "--format", "json"]

    shown = command(*arguments, stdin=json.dumps(bundle()))

    assert "posted" == json.loads(shown.stdout)["outcome"]


@pytest.mark.parametrize("title", ["", " ", "\r", "\n", "\t"])
def test_a_title_of_white_space_is_no_reason_to_fail(tmp_path: Path, title: str) -> None:
    shown = command(
        *files(tmp_path, bundle(title=title)), "--format", "dxso", "--output", str(tmp_path / "x")
    )

    assert shown.exit_code == 0, shown.output


@pytest.mark.parametrize(
    ("files_of_deal", "expected"),
    [
        ([], ["invoice_pdf_missing"]),
        ([{"id": 1, "name": "Angebot.pdf"}], ["invoice_pdf_missing"]),
        ([{"id": 1, "name": "Rechnung 7.pdf"}], []),
        (None, []),
    ],
)
def test_a_deal_that_needs_a_pdf_of_its_own_waits_for_it_unless_the_bundle_does_not_tell(
    tmp_path: Path, files_of_deal: Any, expected: list[str]
) -> None:
    more = '[documents]\nmake_invoice = false\nfile_pattern = "Rechnung*.pdf"'
    content = bundle() | {"files": files_of_deal}

    value = previewed(tmp_path, content, 3 if expected else 0, more=more)

    assert expected == [reason["code"] for reason in value["reasons"]]
