"""The data files in ``config/``: found, read and parsed; what they mean is decided elsewhere."""

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from connector.errors import Problem, SettingsError


def config_dir(environ: Mapping[str, str] | None = None) -> Path:
    """``MLC_CONFIG_DIR``, else the folder ``config`` beside this package."""
    named = (os.environ if environ is None else environ).get("MLC_CONFIG_DIR", "").strip()
    return Path(named).absolute() if named else Path(__file__).resolve().parent.parent / "config"


def load_chart_document(name: str, folder: Path | None = None) -> dict[str, Any]:
    """``charts/<name>.toml`` (``skr03``, ``skr04``) as plain values, for ``Chart.parse``.

    :raises SettingsError: the file is missing or is no TOML.
    """
    return _load((folder or config_dir()) / "charts" / f"{name}.toml")


def load_tax_rules_document(folder: Path | None = None) -> dict[str, Any]:
    """``tax_rules.toml`` as plain values, for ``TaxRules.parse``.

    :raises SettingsError: the file is missing or is no TOML.
    """
    return _load((folder or config_dir()) / "tax_rules.toml")


def load_eu_vat_rates_document(folder: Path | None = None) -> dict[str, Any]:
    """``eu_vat_rates.toml`` as plain values, for ``EuVatRates.parse``.

    :raises SettingsError: the file is missing or is no TOML.
    """
    return _load((folder or config_dir()) / "eu_vat_rates.toml")


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) and e.strerror else "it is not UTF-8"
        raise SettingsError(
            [
                Problem(
                    "config_file_unreadable",
                    f"The file {path} cannot be read: {reason}.",
                    "MLC_CONFIG_DIR",
                    "Set MLC_CONFIG_DIR to the folder config of the product, or restore the file.",
                )
            ]
        ) from e
    except tomllib.TOMLDecodeError as e:
        raise SettingsError(
            [
                Problem(
                    "config_file_invalid",
                    f"The file {path} is no TOML: {e}.",
                    "MLC_CONFIG_DIR",
                    "Correct that line, or restore the file.",
                )
            ]
        ) from e
