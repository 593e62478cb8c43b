"""``preview`` of deals in foreign currency and of credit notes, from files alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.console import command
from tests.unit.cli.deals import bundle, write_bundle, write_tenant

ECB = '[exchange]\nsource = "ecb"'
# The deal of the tests is won on 3 February 2027 at 23:30 UTC: the 4th in Berlin, a Thursday.
HISTORY = "Date,USD,\n2027-02-04,1.2500,\n2027-02-03,1.3000,\n"


def options(folder: Path, content: dict[str, Any], **tenant: str) -> list[str]:
    return ["preview", "--tenant", write_tenant(folder, **tenant), "--bundle", write_bundle(folder, content)]


@pytest.fixture
def rates(tmp_path: Path) -> str:
    path = tmp_path / "eurofxref-hist.csv"
    path.write_text(HISTORY, "utf-8")
    return str(path)


def test_a_file_of_rates_stands_in_for_the_server(tmp_path: Path, rates: str) -> None:
    dollars = options(tmp_path, bundle(currency="USD"), more=ECB)

    without = command(*dollars, "--format", "json")
    shown = json.loads(command(*dollars, "--rates", rates, "--format", "json").stdout)

    assert (3, ["exchange_rates_not_at_hand"]) == (
        without.exit_code,
        [reason["code"] for reason in json.loads(without.stdout)["reasons"]],
    )
    assert "posted" == shown["outcome"]
    assert [("1190.12", "USD", "1.250000", "952.10"), ("998.90", "USD", "1.250000", "799.12")] == [
        (row["amount"], row["currency"], row["exchange_rate"], row["base_amount"])
        for row in shown["postings"]
    ]
    assert {
        "exchange rate 1.2500 USD per EUR: reference rate of the European Central Bank of 2027-02-04"
    } == {row["why"][-1] for row in shown["postings"]}


def test_a_file_that_holds_no_rates_is_told(tmp_path: Path) -> None:
    dollars = options(tmp_path, bundle(currency="USD"), more=ECB)

    refused = command(*dollars, "--rates", dollars[2])

    assert (1, "") == (refused.exit_code, refused.stdout)
    assert "cannot be read as rates of the European Central Bank" in refused.stderr


def test_rates_go_with_files_not_with_a_run(rates: str) -> None:
    assert 2 == command("preview", "--run", "1", "--rates", rates).exit_code


def test_a_credit_note_is_called_so_and_names_its_invoice(tmp_path: Path) -> None:
    content = bundle(value=-2189.02, custom_fields={"c" * 40: "PD-17"})
    content["deal_fields"] = [{"field_code": "c" * 40, "field_name": "Korrigiert", "field_type": "varchar"}]
    for product in content["products"]:
        product["quantity"] = -1
    asked = options(
        tmp_path,
        content,
        booking='chart = "skr03"\nnegative_total_means = "credit_note"',
        more='[fields]\ncorrects_document = "Korrigiert"',
    )

    shown = command(*asked)
    plain = json.loads(command(*asked, "--format", "json").stdout)

    assert 0 == shown.exit_code, shown.output
    assert "Credit note  PD-42 of 2027-02-04" in shown.stdout
    assert "Corrects     PD-17" in shown.stdout
    assert ("PD-17", "-2189.02") == (plain["invoice"]["corrects"], plain["invoice"]["gross"])
    assert [("1190.12", "H"), ("998.90", "H")] == [(row["amount"], row["side"]) for row in plain["postings"]]
