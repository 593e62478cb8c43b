"""One golden file per tax case: the row of each chart in EXTF and DXSO.

``MLC_WRITE_GOLDEN=1`` writes them anew; then every difference is looked at before it is committed.
"""

import os
from pathlib import Path

import pytest

from tests.unit.accounting.tax_case_table import first_cases
from tests.unit.datev.tax_golden import golden_text

GOLDEN = Path(__file__).parent / "golden_tax"
CASES = {case.rule: case for case in first_cases()}


@pytest.mark.parametrize("rule", CASES)
def test_a_tax_case_becomes_the_rows_of_its_golden_file(rule):
    file = GOLDEN / f"{rule}.txt"
    if os.environ.get("MLC_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(golden_text(CASES[rule]), encoding="utf-8")

    assert file.read_text(encoding="utf-8") == golden_text(CASES[rule])


def test_no_golden_file_is_left_over():
    assert sorted(CASES) == sorted(file.stem for file in GOLDEN.glob("*.txt"))
