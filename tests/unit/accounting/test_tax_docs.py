"""The case tables in docs are those of the rules."""

import os
from pathlib import Path

import pytest

from tests.unit.accounting.tax_case_table import ENGLISH, GERMAN, first_cases, page
from tests.unit.accounting.tax_cases import BOOKED

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("language", [GERMAN, ENGLISH], ids=["german", "english"])
def test_the_case_table_in_docs_is_that_of_the_rules(language):
    file = DOCS / language.file
    if os.environ.get("MLC_WRITE_GOLDEN"):
        file.write_text(page(language), encoding="utf-8")

    assert file.read_text(encoding="utf-8") == page(language)


def test_every_rule_that_books_has_an_example():
    assert {case.rule for case in BOOKED} == {case.rule for case in first_cases()}
