"""What ``preview`` writes, ``validate`` finds clean: for every name in the world and many kinds of deals."""

import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.datev.validation.extf_files import check_extf
from connector.datev.validation.report import FileReport
from connector.datev.validation.zips import check_zip
from connector.pipeline import drafting
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.preview import POSTED, decide, preview_file
from connector.tenants.config import DatevFormat, TenantConfig
from connector.tenants.toml_file import read_tenant_file
from tests.unit.cli.console import command
from tests.unit.cli.deals import bundle, write_bundle, write_tenant
from tests.unit.datev.partner_files import FOLDER

NOW = datetime(2027, 2, 4, 9, 30, tzinfo=UTC)
XSD_DIR = FOLDER / "xsd" if (FOLDER / "xsd").is_dir() else None


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> TenantConfig:
    path = write_tenant(tmp_path_factory.mktemp("tenant"))
    return read_tenant_file(Path(path), {}, with_secrets=False).config


@pytest.fixture
def every_sign_printable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the gate that parks what the invoice's font cannot print: the files must take any name."""
    monkeypatch.setattr(drafting, "check_contents", lambda _invoice, _seller: [])
    monkeypatch.setattr(drafting, "check_print", lambda _invoice, _seller: [])


def found_in_files(content: dict[str, Any], config: TenantConfig) -> list[str]:
    """Previews the deal, writes both files, and tells what is found in them."""
    decided = decide(content, config, tenant_tables(config), created_at=NOW)
    assert decided.outcome == POSTED, decided.reasons
    extf, package = (
        preview_file(decided, config, file_format, created_at=NOW, xsd_dir=None)
        for file_format in (DatevFormat.EXTF, DatevFormat.DXSO)
    )
    reports = [FileReport("extf"), FileReport("dxso")]
    check_extf(io.BytesIO(extf), reports[0])
    check_zip(io.BytesIO(package), reports[1], XSD_DIR)
    return [f"{report.file}: {finding}" for report in reports for finding in report.findings]


signs = st.characters(exclude_characters="\x00\ufffd", exclude_categories=["Cs"])
"""Any Unicode at all but what no database keeps: such a deal waits for a person."""
names = st.text(signs, min_size=1, max_size=80).filter(lambda text: any(sign.isalnum() for sign in text))
"""With at least one letter or digit: a name of dots and blanks is none."""

MANY = settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@MANY
@given(name=names, city=names, street=names)
def test_any_name_of_a_buyer_gives_valid_files(
    tenant: TenantConfig, every_sign_printable: None, name: str, city: str, street: str
) -> None:
    content = bundle()
    content["organization"]["name"] = name
    content["organization"]["address"] |= {"locality": city, "route": street}

    assert [] == found_in_files(content, tenant)


@MANY
@given(
    title=st.text(signs, max_size=120),
    product=names,
    cents=st.integers(1, 9_999_999),
    quantity=st.integers(1, 20),
    tax=st.sampled_from([19, 7]),
    reference=st.text(signs, max_size=40),
)
def test_many_deals_give_valid_files(
    tenant: TenantConfig,
    every_sign_printable: None,
    title: str,
    product: str,
    cents: int,
    quantity: int,
    tax: int,
    reference: str,
) -> None:
    net = Decimal(cents).scaleb(-2) * quantity
    content = bundle(title=title, value=str(net), origin_id=reference)
    line = content["products"][0] | {"name": product, "item_price": str(Decimal(cents).scaleb(-2))}
    content["products"] = [line | {"quantity": quantity, "tax": tax}]

    assert [] == found_in_files(content, tenant)


@pytest.mark.parametrize(
    "name",
    [
        "Łódź Żółć Sp. z o.o.",
        "Ελληνική Εταιρεία",
        "ООО Ромашка",
        "株式会社",
        "🙂 GmbH",
        'A "B" & <C>; D',
        "Ａ" * 60,
    ],
)
def test_a_name_of_another_script_is_booked(
    tenant: TenantConfig, every_sign_printable: None, name: str
) -> None:
    content = bundle()
    content["organization"]["name"] = name

    assert [] == found_in_files(content, tenant)


@pytest.mark.parametrize("title", ["\x0cWorkshop", "Teil 1\n\nTeil 2"])
def test_a_title_with_an_empty_line_is_booked(
    tenant: TenantConfig, every_sign_printable: None, title: str
) -> None:
    assert [] == found_in_files(bundle(title=title), tenant)


@pytest.mark.parametrize(("fmt", "name"), [("extf", "out.csv"), ("dxso", "out.zip")])
def test_the_command_validate_finds_the_previewed_file_clean(tmp_path: Path, fmt: str, name: str) -> None:
    target = str(tmp_path / name)
    tenant_file, deal = write_tenant(tmp_path), write_bundle(tmp_path, bundle())

    command("preview", "--tenant", tenant_file, "--bundle", deal, "--format", fmt, "--output", target)
    shown = command("validate", target)

    assert (0, True) == (shown.exit_code, "clean" in shown.stdout), shown.output


@pytest.mark.parametrize(("fmt", "inner"), [("extf", "EXTF_"), ("dxso", ".zip")])
def test_the_command_validate_finds_the_files_of_parts_over_new_year_clean(
    tmp_path: Path, fmt: str, inner: str
) -> None:
    target = str(tmp_path / "parts.zip")
    tenant_file = write_tenant(tmp_path, numbers='pattern = "R{deal_id}-{part}"')
    dates = (("600.00", "2027-12-01"), ("600.00", "2027-12-31"), ("733.65", "2028-01-31"))
    content = bundle() | {
        "installments": [
            {
                "id": number,
                "deal_id": 42,
                "amount": amount,
                "billing_date": day,
                "description": f"Rate {number}",
            }
            for number, (amount, day) in enumerate(dates, 1)
        ]
    }
    deal = write_bundle(tmp_path, content)

    command("preview", "--tenant", tenant_file, "--bundle", deal, "--format", fmt, "--output", target)
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
    [report] = json.loads(command("validate", target, "--format", "json").stdout)

    assert (2, True) == (len(names), all(inner in name for name in names))
    assert ("clean", []) == (report["verdict"], report["problems"])
