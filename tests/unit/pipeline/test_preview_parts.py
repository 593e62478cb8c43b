"""A deal in parts previewed: every part by itself, all of them in the files, and the sums of the deal."""

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.accounting.parts import Part
from connector.cli.preview_lines import preview_lines
from connector.datev.validation.extf_files import check_extf
from connector.datev.validation.report import FileReport
from connector.datev.validation.zips import check_zip
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.drafting import RunIdentity
from connector.pipeline.preview import Preview, as_plain, decide, preview_file
from connector.pipeline.preview_known import Known
from connector.tenants.config import DatevFormat, TenantConfig
from connector.tenants.toml_file import read_tenant_file
from tests.unit.cli.deals import bundle, write_tenant

NOW = datetime(2027, 2, 4, 9, 30, tzinfo=UTC)
NUMBERS = 'pattern = "PD-{deal_id}-{part}"'


def tenant(folder: Path, numbers: str = NUMBERS, **sections: str) -> TenantConfig:
    path = write_tenant(folder, numbers=numbers, **sections)
    return read_tenant_file(Path(path), {}, with_secrets=False).config


def in_rates(*rows: tuple[str, str]) -> dict[str, Any]:
    """The sample deal, 1933.65 net and 2189.02 gross, in instalments."""
    made = bundle()
    made["installments"] = [
        {"id": number, "amount": amount, "billing_date": day, "description": f"Abschnitt {number}"}
        for number, (amount, day) in enumerate(rows, start=1)
    ]
    return made


THREE = (("1000.00", "2027-02-04"), ("500.00", "2027-02-20"), ("433.65", "2027-03-01"))


def decided(content: dict[str, Any], config: TenantConfig, known: Known | None = None) -> Preview:
    return decide(content, config, tenant_tables(config), known, created_at=NOW)


def file(content: dict[str, Any], config: TenantConfig, fmt: DatevFormat) -> bytes:
    return preview_file(decided(content, config), config, fmt, created_at=NOW, xsd_dir=None)


def findings(check: Any, content: bytes, *more: Any) -> list[Any]:
    report = FileReport("file")
    check(io.BytesIO(content), report, *more)
    return [finding.rule for finding in report.findings]


def test_each_part_is_shown_and_together_they_are_the_deal(tmp_path: Path) -> None:
    value = as_plain(decided(in_rates(*THREE), tenant(tmp_path)))

    assert "posted" == value["outcome"]
    assert [
        (1, "installment:1", "2027-02-04", "posted", "PD-42-1"),
        (2, "installment:2", "2027-02-20", "posted", "PD-42-2"),
        (3, "installment:3", "2027-03-01", "posted", "PD-42-3"),
    ] == [
        (part["part"], part["key"], part["date"], part["outcome"], part["invoice"]["number"])
        for part in value["parts"]
    ]
    first = value["parts"][0]
    assert (first["invoice"], first["postings"]) == (value["invoice"], value["postings"])
    rows = [row for part in value["parts"] for row in part["postings"]]
    sums = {
        account: sum(Decimal(row["amount"]) for row in rows if row["contra_account"] == account)
        for account in (8400, 8300)
    }
    assert {8400: Decimal("1190.12"), 8300: Decimal("998.91")} == sums
    assert len({row["document_link"] for row in rows}) == 3
    assert "Käufer GmbH Rate 2 von 3: Abschnitt 2" == value["parts"][1]["postings"][0]["posting_text"]


def test_a_deal_that_is_invoiced_whole_has_no_parts(tmp_path: Path) -> None:
    assert "parts" not in as_plain(decided(bundle(), tenant(tmp_path)))


def test_the_text_shows_every_part(tmp_path: Path) -> None:
    lines = preview_lines(as_plain(decided(in_rates(*THREE), tenant(tmp_path))))

    assert "It is invoiced in 3 parts." in lines
    assert "Part 2, installment:2, on 2027-02-20: would be booked." in lines
    assert any("PD-42-3 of 2027-03-01" in line for line in lines)


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def period(batch: bytes) -> tuple[bytes, ...]:
    """Begin of the fiscal year, first and last day of the batch: header fields 13, 15 and 16."""
    fields = batch.splitlines()[0].split(b";")
    return fields[12], fields[14], fields[15]


def test_one_batch_holds_the_rows_of_all_parts_of_a_month(tmp_path: Path) -> None:
    rates = in_rates(("1000.00", "2027-02-04"), ("933.65", "2027-02-20"))
    content = file(rates, tenant(tmp_path), DatevFormat.EXTF)

    assert [] == findings(check_extf, content)
    assert 4 == len(content.splitlines()[2:])
    assert (b"20270101", b"20270201", b"20270228") == period(content)


def test_parts_in_several_months_are_a_batch_for_each(tmp_path: Path) -> None:
    files = unpacked(file(in_rates(*THREE), tenant(tmp_path), DatevFormat.EXTF))

    assert {
        "EXTF_2027-02.csv": (b"20270101", b"20270201", b"20270228"),
        "EXTF_2027-03.csv": (b"20270101", b"20270301", b"20270331"),
    } == {name: period(batch) for name, batch in files.items()}
    assert [4, 2] == [len(batch.splitlines()[2:]) for batch in files.values()]
    assert [[], []] == [findings(check_extf, batch) for batch in files.values()]


def test_parts_in_two_fiscal_years_are_a_batch_for_each(tmp_path: Path) -> None:
    content = in_rates(("1000.00", "2027-12-20"), ("933.65", "2028-01-20"))

    files = unpacked(file(content, tenant(tmp_path), DatevFormat.EXTF))

    assert {
        "EXTF_2027-12.csv": (b"20270101", b"20271201", b"20271231"),
        "EXTF_2028-01.csv": (b"20280101", b"20280101", b"20280131"),
    } == {name: period(batch) for name, batch in files.items()}
    assert [[], []] == [findings(check_extf, batch) for batch in files.values()]


def test_a_month_in_which_a_fiscal_year_begins_is_two_files(tmp_path: Path) -> None:
    config = tenant(tmp_path)
    config = replace(config, datev=replace(config.datev, fiscal_year_start_month=3, fiscal_year_start_day=15))
    content = in_rates(("1000.00", "2027-03-10"), ("933.65", "2027-03-20"))

    files = unpacked(file(content, config, DatevFormat.EXTF))

    assert {
        "EXTF_2027-03.csv": (b"20260315", b"20270301", b"20270314"),
        "EXTF_2027-03-15.csv": (b"20270315", b"20270315", b"20270331"),
    } == {name: period(batch) for name, batch in files.items()}
    assert [[], []] == [findings(check_extf, batch) for batch in files.values()]
    assert ["2027-03.zip", "2027-03-15.zip"] == list(unpacked(file(content, config, DatevFormat.DXSO)))


def test_a_dxso_package_holds_the_parts_of_its_month(tmp_path: Path) -> None:
    same_month = file(
        in_rates(("1000.00", "2027-02-04"), ("933.65", "2027-02-20")), tenant(tmp_path), DatevFormat.DXSO
    )
    assert [] == findings(check_zip, same_month, None)

    packages = unpacked(file(in_rates(*THREE), tenant(tmp_path), DatevFormat.DXSO))
    assert ["2027-02.zip", "2027-03.zip"] == list(packages)
    assert [[], []] == [findings(check_zip, package, None) for package in packages.values()]


@pytest.mark.parametrize(
    ("numbers", "rows", "codes"),
    [
        ("", THREE, ["document_number_same_for_all_parts"]),
        ('source = "field"\nfield = "Nummer"', THREE, ["document_number_same_for_all_parts"]),
        (NUMBERS, THREE[:2], ["installments_differ"]),
    ],
)
def test_what_is_wrong_with_every_part_is_said_once(
    tmp_path: Path, numbers: str, rows: tuple[tuple[str, str], ...], codes: list[str]
) -> None:
    content = in_rates(*rows)
    content["deal_fields"] = [
        {"field_code": "a" * 40, "field_name": "Nummer", "field_type": "varchar", "is_custom_field": True}
    ]

    found = decided(content, tenant(tmp_path, numbers))

    assert ("needs_attention", codes) == (found.outcome, [reason.code for reason in found.reasons])
    assert {"needs_attention"} == {part.decided.outcome for part in found.parts}


def test_the_preview_of_a_part_s_run_shows_that_part(tmp_path: Path) -> None:
    config = tenant(tmp_path)
    known = Known(RunIdentity("muster", 42, "invoice", 0, 2, Part("installment:2", date(2027, 2, 20))))

    found = decided(in_rates(*THREE), config, known)

    assert found.invoice is not None
    assert ("PD-42-2", ()) == (found.invoice.document_number, found.parts)


def test_recurring_lines_show_their_periods(tmp_path: Path) -> None:
    content = bundle()
    content["products"][0] |= {"billing_frequency": "quarterly", "billing_frequency_cycles": 2}

    first, second = as_plain(decided(content, tenant(tmp_path)))["parts"]

    assert ("2027-02-04", "2027-05-03") == (
        first["invoice"]["service_date"],
        first["invoice"]["service_period_end"],
    )
    assert ["1933.65", "1000.10"] == [first["invoice"]["net"], second["invoice"]["net"]]
    assert ("2027-05-04", "2027-05-18") == (second["invoice"]["date"], second["invoice"]["due_date"])


def test_a_part_needs_a_pdf_that_names_its_number_where_the_tenant_makes_none(tmp_path: Path) -> None:
    content = in_rates(*THREE)
    content["files"] = [{"id": 1, "name": "PD-42-1.pdf"}, {"id": 2, "name": "PD-42-22.pdf"}]

    found = decided(content, tenant(tmp_path, more="[documents]\nmake_invoice = false"))

    assert [[], ["invoice_pdf_missing"], ["invoice_pdf_missing"]] == [
        [reason.code for reason in part.decided.reasons] for part in found.parts
    ]


STRANGE = ("1e400", "NaN", -5, 0, True, None, "", [], {}, 10**40, "0.001", 9.5, "9999-12-31", "0001-01-01")


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("name", ["id", "amount", "billing_date", "description"])
def test_strange_instalments_are_asked_about_and_break_nothing(tmp_path: Path, name: str, value: Any) -> None:
    content = in_rates(*THREE)
    content["installments"][1][name] = value

    found = decided(content, tenant(tmp_path))

    assert "posted" == found.outcome or all(reason.cure for reason in found.reasons)
    assert "posted" == found.outcome or name != "description" or isinstance(value, list | dict | int | float)


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("name", ["billing_frequency", "billing_frequency_cycles", "billing_start_date"])
def test_strange_recurrences_are_asked_about_and_break_nothing(tmp_path: Path, name: str, value: Any) -> None:
    content = bundle()
    terms = {
        "billing_frequency": "monthly",
        "billing_frequency_cycles": 3,
        "billing_start_date": "2027-02-10",
    }
    content["products"][0] |= {**terms, name: value}

    found = decided(content, tenant(tmp_path))

    assert "posted" == found.outcome or (found.reasons and all(reason.cure for reason in found.reasons))


def test_every_part_shows_an_example_of_its_own_number(tmp_path: Path) -> None:
    config = tenant(tmp_path, 'source = "sequence"\npattern = "RE{year}-{next:05d}"')
    shown = decided(in_rates(*THREE), config)
    numbers = ["RE2027-NEXT", "RE2027-NEXT+1", "RE2027-NEXT+2"]

    assert numbers == [part.decided.invoice.document_number for part in shown.parts if part.decided.invoice]
    assert numbers == [part.decided.postings[0].document_number for part in shown.parts]
    assert all(part.decided.provisional_number for part in shown.parts)
    assert [] == findings(check_zip, file(in_rates(*THREE), config, DatevFormat.EXTF), None)
