"""Kinds of deals in both formats: what stands in the files, and that ``validate`` finds them clean."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.datev.dxso import Ledger, read_ledger
from connector.datev.extf import ExtfFile, read_file
from tests.unit.cli.console import command
from tests.unit.cli.deals import bundle, write_bundle, write_tenant
from tests.unit.datev.partner_files import FOLDER

SCHEMAS = {"DATEV_XSD_DIR": str(FOLDER / "xsd")} if (FOLDER / "xsd").is_dir() else {}


@dataclass(frozen=True)
class Kind:
    """A deal and the tenant it is booked for."""

    content: dict[str, Any]
    tenant: dict[str, str] = field(default_factory=dict)


def with_field(content: dict[str, Any], name: str, value: str) -> dict[str, Any]:
    """The deal with a custom field."""
    content["deal"]["custom_fields"] = {"f" * 40: value}
    content["deal_fields"] = [
        {"field_code": "f" * 40, "field_name": name, "field_type": "varchar", "is_custom_field": True}
    ]
    return content


def abroad(country: str, city: str, tax: int, **deal: Any) -> dict[str, Any]:
    """One line, sold to another country."""
    content = bundle(value=1000.1, **deal)
    content["organization"]["address"] |= {"country": country, "locality": city}
    content["products"] = [content["products"][0] | {"tax": tax}]
    return content


def credit() -> dict[str, Any]:
    """All lines taken back."""
    content = bundle(value=-2189.02)
    for line in content["products"]:
        line["quantity"] = -1
    return with_field(content, "Korrigiert", "RE-1")


CONSUMERS = {
    "booking": 'chart = "skr03"\noss = true\ndefault_supply_kind = "goods"',
    "more": '[sale]\norganizations_are = "consumer"',
}
KINDS = {
    "domestic": Kind(bundle()),
    "skr04 with 6 digits": Kind(bundle(), {"booking": 'chart = "skr04"\naccount_length = 6'}),
    "sequence": Kind(bundle(), {"numbers": 'source = "sequence"\npattern = "RE{year}-{next:05d}"'}),
    "collective debtor": Kind(bundle(), {"debtors": 'strategy = "collective"\ncollective_account = 19999'}),
    "distance sale": Kind(abroad("Österreich", "Wien", 20), CONSUMERS),
    "distance sale to Greece": Kind(abroad("Griechenland", "Athen", 24), CONSUMERS),
    "francs": Kind(
        with_field(abroad("Schweiz", "Zürich", 0, currency="CHF"), "Kurs", "0.9412"),
        {"booking": 'chart = "skr03"', "more": '[fields]\nexchange_rate = "Kurs"'},
    ),
    "credit note": Kind(
        credit(),
        {
            "booking": 'chart = "skr03"\nnegative_total_means = "credit_note"',
            "more": '[fields]\ncorrects_document = "Korrigiert"',
        },
    ),
}


def written(folder: Path, kind: Kind, fmt: str) -> bytes:
    """The previewed file, which ``validate`` has found clean."""
    tenant, deal = write_tenant(folder, **kind.tenant), write_bundle(folder, kind.content)
    target = folder / "file"
    shown = command("preview", "--tenant", tenant, "--bundle", deal, "--format", fmt, "--output", str(target))
    assert shown.exit_code == 0, shown.output
    checked = command("validate", str(target), "--format", "json", environ=SCHEMAS)
    [report] = json.loads(checked.stdout)
    assert (0, []) == (checked.exit_code, report["problems"])
    return target.read_bytes()


def extf(folder: Path, name: str) -> ExtfFile:
    """The posting batch of a kind of deal."""
    return read_file(written(folder, KINDS[name], "extf"))


def ledger(folder: Path, name: str) -> Ledger:
    """The ledger of a kind of deal."""
    with zipfile.ZipFile(io.BytesIO(written(folder, KINDS[name], "dxso"))) as archive:
        [data] = [name for name in archive.namelist() if name.startswith("Rechnungsdaten")]
        return read_ledger(archive.read(data))


@pytest.mark.parametrize("name", KINDS)
def test_rows_of_both_files_add_up_to_the_same_invoice(tmp_path: Path, name: str) -> None:
    batch, job = extf(tmp_path, name), ledger(tmp_path, name)

    rows = [
        Decimal(batch.content(row, 1).replace(",", ".")) * (1 if batch.content(row, 2) == "S" else -1)
        for row in range(1, len(batch.rows) + 1)
    ]

    assert rows == [line.amount for line in job.lines]
    assert sum(rows) == job.consolidated_amount


def test_a_distance_sale_names_rate_countries_and_own_vat_id_and_no_vat_id_of_the_customer(
    tmp_path: Path,
) -> None:
    [line] = ledger(tmp_path, "distance sale").lines

    assert (8320, 240, Decimal(20), "DE136695976", "DE", "AT", None) == (
        line.account_no,
        line.bu_code,
        line.tax,
        line.own_vat_id,
        line.ship_from_country,
        line.ship_to_country,
        line.vat_id,
    )


def test_greece_is_gr_as_a_country_although_its_vat_ids_begin_with_el(tmp_path: Path) -> None:
    [line] = ledger(tmp_path, "distance sale to Greece").lines

    assert ("GR", Decimal(24)) == (line.ship_to_country, line.tax)


def test_a_foreign_currency_keeps_its_rate_with_six_decimals(tmp_path: Path) -> None:
    batch, job = extf(tmp_path, "francs"), ledger(tmp_path, "francs")

    assert ("1000,10", "CHF", "EUR") == tuple(batch.content(1, column) for column in (1, 3, 6))
    assert (("CHF", Decimal("0.941200")), "CHF") == (
        (job.lines[0].currency_code, job.lines[0].exchange_rate),
        job.consolidated_currency_code,
    )


def test_a_credit_note_is_negative_line_by_line_and_in_sum(tmp_path: Path) -> None:
    job = ledger(tmp_path, "credit note")

    assert [Decimal("-1190.12"), Decimal("-998.90")] == [line.amount for line in job.lines]
    assert Decimal("-2189.02") == job.consolidated_amount


def test_an_output_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    tenant, deal = write_tenant(tmp_path), write_bundle(tmp_path, bundle())
    target = str(tmp_path / "missing" / "file")

    shown = command("preview", "--tenant", tenant, "--bundle", deal, "--format", "extf", "--output", target)

    assert (1, True) == (shown.exit_code, f"{target} cannot be written" in shown.stderr)
