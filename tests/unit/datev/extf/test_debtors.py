"""Debtors as master data: the golden file, and every fault is found."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.party import Address
from connector.datev.extf import check_file, read_file, render_debtors
from connector.errors import DataError
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.samples import COMPANY, PERSON

GOLDEN = Path(__file__).parent / "golden"


def _codes(*records):
    with pytest.raises(DataError) as caught:
        render_debtors(HEADER, records)
    return [(problem.code, problem.field.split(" (")[0]) for problem in caught.value.problems]


def test_the_golden_debtors_come_out_byte_for_byte():
    assert (GOLDEN / "debtors.csv").read_bytes() == render_debtors(HEADER, [COMPANY, PERSON])


def test_a_file_of_ours_passes_our_own_check_of_files():
    assert [] == check_file(read_file(render_debtors(HEADER, [COMPANY, PERSON])))


def test_a_company_and_a_person_have_their_names_in_different_columns():
    file = read_file(render_debtors(HEADER, [COMPANY, PERSON]))

    assert ("Muster Möbel GmbH", "", "", "2") == tuple(file.content(1, n) for n in (2, 4, 5, 7))
    assert ("", "Mustermann", "Erika", "1") == tuple(file.content(2, n) for n in (2, 4, 5, 7))


def test_the_vat_id_is_split_into_country_and_rest():
    file = read_file(render_debtors(HEADER, [replace(COMPANY, vat_id="EL123456789")]))

    assert ("EL", "123456789") == (file.content(1, 9), file.content(1, 10))


def test_a_debtor_without_address_has_no_kind_of_address():
    file = read_file(render_debtors(HEADER, [replace(COMPANY, address=Address(country="DE"))]))

    assert ("", "", "") == (file.content(1, 15), file.content(1, 16), file.content(1, 26))


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"account": 1000}, "debtor_account_length", 1),
        ({"account": 100000}, "debtor_account_length", 1),
        ({"name": ""}, "debtor_without_name", 2),
        ({"name": "x" * 51}, "text_too_long", 2),
        ({"is_organization": False}, "debtor_without_name", 4),
        ({"is_organization": False, "last_name": "x" * 31}, "text_too_long", 4),
        ({"is_organization": False, "last_name": "x", "first_name": "x" * 31}, "text_too_long", 5),
        ({"short_name": "x" * 16}, "text_too_long", 8),
        ({"vat_id": "AT"}, "vat_id_incomplete", 10),
        ({"vat_id": "12345"}, "bad_text", 9),
        ({"vat_id": "AT12345678901234"}, "text_too_long", 10),
        ({"address": Address("x" * 37)}, "text_too_long", 16),
        ({"address": Address(postal_code="x" * 11)}, "text_too_long", 18),
        ({"address": Address(city="x" * 31)}, "text_too_long", 19),
        ({"address": Address(country="DEU")}, "text_too_long", 20),
        ({"address": Address(extra="x" * 37)}, "text_too_long", 22),
        ({"phone": "1" * 61}, "text_too_long", 29),
        ({"email": "x" * 61}, "text_too_long", 33),
        ({"customer_number": "x" * 16}, "text_too_long", 99),
        ({"contact": "x" * 41}, "text_too_long", 102),
        ({"contact": "Ćwik"}, "not_in_encoding", 102),
    ],
)
def test_a_fault_is_found_with_its_column(change, code, column):
    assert [(code, f"column {column}")] == _codes(replace(COMPANY, **change))


def test_an_account_may_stand_in_a_file_only_once():
    assert [("debtor_twice", "column 1")] == _codes(COMPANY, replace(PERSON, account=COMPANY.account))


_texts = st.text(alphabet=st.characters(codec="cp1252", exclude_categories=["Cc"]), min_size=1, max_size=30)


@given(_texts, _texts, _texts)
def test_any_name_in_windows_1252_reads_back_the_same(name, street, city):
    record = replace(COMPANY, name=name, address=Address(street, "", "1", city, "AT"))

    file = read_file(render_debtors(HEADER, [record]))

    assert [] == check_file(file)
    assert (name, street, city) == (file.content(1, 2), file.content(1, 16), file.content(1, 19))
