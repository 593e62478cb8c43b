"""``rates``: the file of the European Central Bank brought in and looked at."""

import json
from pathlib import Path
from typing import Any

from tests.integration.cli.conftest import Machine

HISTORY = "Date,USD,JPY,\n2026-11-20,1.0852,162.53,\n2026-11-19,1.0840,N/A,\n"


def bring_in(machine: Machine, folder: Path, text: str, *options: str) -> Any:
    file = folder / "eurofxref-hist.csv"
    file.write_text(text, encoding="utf-8")
    return machine.run("rates", "import", str(file), *options)


def listed(machine: Machine) -> list[dict[str, str]]:
    return json.loads(machine.run("rates", "list", "--format", "json").stdout)


def test_a_file_is_brought_in_once(machine: Machine, tmp_path: Path) -> None:
    tried = bring_in(machine, tmp_path, HISTORY, "--dry-run")
    before = machine.run("rates", "list").stdout
    done = bring_in(machine, tmp_path, HISTORY)
    again = bring_in(machine, tmp_path, HISTORY)

    counted = "3 rates from 2026-11-19 to 2026-11-20: "
    assert f"{counted}3 new, 0 corrected by the bank, 0 known already.\nNothing was stored.\n" == tried.stdout
    assert before.startswith("There are no rates yet.")
    assert f"{counted}3 new, 0 corrected by the bank, 0 known already.\n" == done.stdout
    assert f"{counted}0 new, 0 corrected by the bank, 3 known already.\n" == again.stdout
    assert [
        {"currency": "JPY", "first_day": "2026-11-20", "last_day": "2026-11-20", "last_rate": "162.53"},
        {"currency": "USD", "first_day": "2026-11-19", "last_day": "2026-11-20", "last_rate": "1.0852"},
    ] == listed(machine)


def test_a_corrected_rate_is_told(machine: Machine, tmp_path: Path) -> None:
    bring_in(machine, tmp_path, HISTORY)

    corrected = json.loads(
        bring_in(machine, tmp_path, HISTORY.replace("1.0852", "1.0853"), "--format", "json").stdout
    )

    assert (0, 2, ["2026-11-20 USD: 1.0852 → 1.0853"], True) == (
        corrected["new"],
        corrected["unchanged"],
        corrected["changed"],
        corrected["stored"],
    )
    assert "1.0853" == listed(machine)[1]["last_rate"]


def test_mistakes_store_nothing(machine: Machine, tmp_path: Path) -> None:
    refused = bring_in(machine, tmp_path, HISTORY.replace("1.0840", "one"))

    assert (1, "") == (refused.exit_code, refused.stdout)
    assert "line 3: USD has the rate 'one', which is none" in refused.stderr
    assert [] == listed(machine)


def test_a_day_to_come_has_no_rate_yet(machine: Machine, tmp_path: Path) -> None:
    refused = bring_in(machine, tmp_path, HISTORY.replace("2026-11-20", "2099-11-20"))

    assert (1, "") == (refused.exit_code, refused.stdout)
    assert "line 2: 2099-11-20 lies in the future" in refused.stderr
    assert [] == listed(machine)
