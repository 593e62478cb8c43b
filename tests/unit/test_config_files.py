"""Where the data files are looked for, and what is said when one is missing."""

from decimal import Decimal
from pathlib import Path

import pytest

from connector import config_files
from connector.errors import SettingsError


def test_the_folder_lies_beside_the_package_unless_a_variable_names_another(tmp_path: Path) -> None:
    repository = Path(__file__).parents[2]

    assert repository / "config" == config_files.config_dir({})
    assert tmp_path == config_files.config_dir({"MLC_CONFIG_DIR": str(tmp_path)})


@pytest.mark.parametrize("name", ["skr03", "skr04"])
def test_the_charts_that_we_ship_can_be_read(name: str) -> None:
    assert config_files.load_chart_document(name)


def test_the_tax_rules_that_we_ship_can_be_read() -> None:
    assert config_files.load_tax_rules_document()


def test_numbers_with_a_point_are_decimals(tmp_path: Path) -> None:
    (tmp_path / "tax_rules.toml").write_text("rate = 10.7")

    assert {"rate": Decimal("10.7")} == config_files.load_tax_rules_document(tmp_path)


def test_a_missing_file_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        config_files.load_chart_document("skr99", tmp_path)

    path = tmp_path / "charts" / "skr99.toml"
    assert caught.value.message == f"The file {path} cannot be read: No such file or directory."
    assert caught.value.field == "MLC_CONFIG_DIR"
    assert "MLC_CONFIG_DIR" in caught.value.cure


@pytest.mark.parametrize(
    ("content", "said"), [(b"a = ", "is no TOML"), (b"a = '\xff'", "cannot be read: it is not UTF-8")]
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "tax_rules.toml").write_bytes(content)

    with pytest.raises(SettingsError, match=said):
        config_files.load_tax_rules_document(tmp_path)
