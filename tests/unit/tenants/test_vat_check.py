"""``[vat_check]``: which registry is asked about VAT ids."""

from pathlib import Path

import pytest

from connector.errors import TenantFileError
from connector.tenants.config import VatCheckConfig, VatCheckProvider, WhenUnavailable
from connector.tenants.toml_file import read_tenant_file
from tests.unit.tenants.test_own_tax_rules import FILE, read

WITHOUT_VAT_ID = FILE.replace('vat_id = "DE 136 695 976"', 'tax_number = "151/815/08156"')


def test_nobody_is_asked_where_the_file_says_nothing(tmp_path):
    assert VatCheckConfig() == read(tmp_path, FILE).vat_check
    assert VatCheckProvider.OFF is VatCheckConfig().provider


def test_the_registry_and_what_to_do_without_it_are_taken_over(tmp_path):
    text = FILE + '[vat_check]\nprovider = "vies"\nwhen_unavailable = "continue"\nkeep_days = 0\n'

    assert (
        VatCheckConfig(VatCheckProvider.VIES, WhenUnavailable.CONTINUE, 0) == read(tmp_path, text).vat_check
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (WITHOUT_VAT_ID + '[vat_check]\nprovider = "bzst"\n', "line 28, vat_check.provider"),
        (FILE + '[vat_check]\nprovider = "ebay"\n', "line 28, vat_check.provider"),
        (FILE + "[vat_check]\nkeep_days = 366\n", "line 28, vat_check.keep_days"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, field: str) -> None:
    file = tmp_path / "muster.toml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(TenantFileError) as caught:
        read_tenant_file(file, {})

    assert [field] == [problem.field for problem in caught.value.problems]


def test_vies_answers_sellers_without_a_number_of_their_own(tmp_path):
    config = read(tmp_path, WITHOUT_VAT_ID + '[vat_check]\nprovider = "vies"\n')

    assert VatCheckProvider.VIES is config.vat_check.provider
