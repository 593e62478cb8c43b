"""Who a customer is in the adviser's list: by number, VAT id or name; where two fit, nobody is guessed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.adviser_list import (
    AdviserAccount,
    MatchedBy,
    contradicts,
    is_same,
    match,
    name_key,
)
from connector.accounting.debtor import DebtorRecord
from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.party import Address, Party
from connector.accounting.vat_ids import normalise_vat_id

RHEINWERK = AdviserAccount(10001, "Rheinwerk Maschinen GmbH", "DE136695976", "51063", "Köln", "DE")
MUELLER_KOELN = AdviserAccount(10002, "Müller GmbH", "", "50667", "Köln", "DE")
MUELLER_HAMBURG = AdviserAccount(10003, "MUELLER G.m.b.H.", "", "20095", "Hamburg", "DE")
NAMELESS = AdviserAccount(10004, "")
LIST = [RHEINWERK, MUELLER_KOELN, MUELLER_HAMBURG, NAMELESS]


def customer(name: str, city: str = "", postal_code: str = "", vat_id: str = "") -> Party:
    return Party(
        key="organization:17",
        name=name,
        address=Address(postal_code=postal_code, city=city, country="DE"),
        vat_id=vat_id,
    )


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Müller & Söhne GmbH", "MUELLER UND SOEHNE Gesellschaft mbH"),
        ("Müller  u.  Söhne", "mueller & soehne"),
        ("Mu\u0308ller", "Mueller"),
        ("Groß AG", "GROSS Aktiengesellschaft"),
        ("TSV 1860 e.V.", "TSV 1860 eingetragener Verein"),
        ("A.B.C. Consulting Ltd.", "ABC Consulting Limited"),
        ("Łódź Trans Sp. z o.o.", "LODZ TRANS"),
        ("Wagner GmbH & Co. KG", "Wagner"),
        ("Café Zürich", "CAFE ZUERICH"),
    ],
)
def test_spellings_of_one_name_are_one_key(name: str, same: str) -> None:
    assert name_key(name) == name_key(same)


@pytest.mark.parametrize(
    ("name", "other"),
    [("Bauer GmbH", "Baur GmbH"), ("Müller", "Muller"), ("Meier 1", "Meier 2"), ("KG", "AG")],
)
def test_names_of_different_companies_stay_apart(name: str, other: str) -> None:
    assert name_key(name) != name_key(other)


@given(st.text())
def test_any_name_has_a_key_that_blanks_do_not_change(name: str) -> None:
    key = name_key(name)

    assert key == name_key(f" {name}\u00a0\t")
    assert key.isascii()


def test_the_number_on_the_record_decides_alone() -> None:
    found = match(customer("Müller GmbH", "Köln"), LIST, number=10001)

    assert (RHEINWERK, MatchedBy.NUMBER) == (found.account, found.by)
    assert match(customer("Müller GmbH", "Köln"), LIST, number=10099).account is None


@pytest.mark.parametrize("written", ["keine", "beantragt", "DE136695977", "DE000", "folgt 2027"])
def test_what_is_no_vat_id_neither_finds_nor_parts_customers(written: str) -> None:
    listed = AdviserAccount(10002, "Gamma GmbH", vat_id=normalise_vat_id(written))

    assert match(customer("Delta AG", "Köln", vat_id=written), [listed]).account is None
    assert listed == match(customer("Gamma GmbH", "Köln", vat_id="DE136695976"), [listed]).account
    known = AdviserAccount(10003, "Gamma GmbH", vat_id="DE136695976")
    assert known == match(customer("Gamma GmbH", "Köln", vat_id=written), [known]).account


def test_a_number_of_a_third_country_finds_its_customer() -> None:
    swiss = AdviserAccount(10004, "Berg AG", vat_id="CHE123456788")

    assert swiss == match(customer("Tal AG", "Zürich", vat_id="CHE-123.456.788"), [swiss]).account


def test_a_number_without_its_country_is_the_one_of_the_address() -> None:
    found = match(customer("Rheinwerk Maschinen GmbH", "Köln", vat_id="136695976"), LIST)
    renamed = match(customer("Rheinwerk AG", "Köln", vat_id="136695976"), LIST)

    assert (RHEINWERK, MatchedBy.VAT_ID) == (found.account, found.by)
    assert (RHEINWERK, MatchedBy.VAT_ID) == (renamed.account, renamed.by)


@pytest.mark.parametrize("written", ["151/815/08156", "136695977", "000000000"])
def test_a_number_that_is_no_vat_id_of_the_country_contradicts_no_namesake(written: str) -> None:
    found = match(customer("Rheinwerk Maschinen GmbH", "Köln", vat_id=written), LIST)

    assert (RHEINWERK, MatchedBy.NAME) == (found.account, found.by)


@pytest.mark.parametrize("suffix", [" MWST", " TVA", " IVA", "MWST", ""])
def test_what_stands_behind_a_swiss_number_does_not_matter(suffix: str) -> None:
    swiss = AdviserAccount(10004, "Berg AG", vat_id="CHE116281710", country="CH")

    found = match(customer("Tal AG", "Zürich", vat_id=f"CHE-116.281.710{suffix}"), [swiss])

    assert (swiss, MatchedBy.VAT_ID) == (found.account, found.by)


def test_the_vat_id_decides_before_the_name() -> None:
    found = match(customer("Müller GmbH", "Köln", vat_id="DE 136 695 976"), LIST)

    assert (RHEINWERK, MatchedBy.VAT_ID) == (found.account, found.by)


def test_of_two_accounts_with_one_vat_id_the_name_tells_the_right_one() -> None:
    branch = replace(RHEINWERK, account=10009, name="Rheinwerk Logistik GmbH")

    found = match(customer("Rheinwerk Logistik", vat_id="DE136695976"), [*LIST, branch])

    assert (branch, MatchedBy.VAT_ID) == (found.account, found.by)


def test_of_two_accounts_with_one_vat_id_and_another_name_a_person_chooses() -> None:
    branch = replace(RHEINWERK, account=10009)

    found = match(customer("Something else", vat_id="DE136695976"), [*LIST, branch])

    assert (None, (RHEINWERK, branch)) == (found.account, found.candidates)


@pytest.mark.parametrize(
    ("party", "account"),
    [
        (customer("Mueller", "Koeln", "50667"), MUELLER_KOELN),
        (customer("Müller GmbH", "Hamburg"), MUELLER_HAMBURG),
        (customer("Müller GmbH", "Elsewhere", "D-20095"), MUELLER_HAMBURG),
        (customer("Rheinwerk Maschinen"), RHEINWERK),
    ],
)
def test_a_name_counts_where_the_place_does_not_contradict(party: Party, account: AdviserAccount) -> None:
    found = match(party, LIST)

    assert (account, MatchedBy.NAME) == (found.account, found.by)


def test_a_name_that_stands_twice_is_chosen_by_a_person() -> None:
    assert (MUELLER_KOELN, MUELLER_HAMBURG) == match(customer("Müller GmbH"), LIST).candidates


def test_another_legal_form_is_asked_about_not_taken_for_the_same() -> None:
    found = match(customer("Rheinwerk Maschinen KG"), LIST)

    assert (None, (RHEINWERK,)) == (found.account, found.candidates)


@pytest.mark.parametrize(
    "party",
    [
        customer("Müller GmbH", "München", "80331"),
        customer("Rheinwerk Maschinen GmbH", vat_id="ATU13585627"),
        customer("Nobody AG"),
        customer("\u200b"),
    ],
)
def test_who_is_somebody_else_is_not_in_the_list(party: Party) -> None:
    found = match(party, LIST)

    assert (None, ()) == (found.account, found.candidates)


def test_the_same_postal_code_forgives_another_spelling_of_the_place() -> None:
    listed = AdviserAccount(10001, "X", "", "60311", "Ffm", "DE")

    assert not contradicts(customer("X", "Frankfurt am Main", "60311"), listed)
    assert contradicts(customer("X", "Frankfurt am Main"), listed)
    assert not contradicts(customer("X", "Frankfurt"), replace(listed, postal_code="", city="Frankfurt/Main"))


def record(name: str, vat_id: str = "") -> DebtorRecord:
    return build_debtor_record(customer(name, vat_id=vat_id), 10001)


@pytest.mark.parametrize(
    ("name", "vat_id", "same"),
    [
        ("Rheinwerk Maschinen", "", True),
        ("Other", "DE136695976", True),
        ("Rheinwerk Maschinen", "DE129273398", False),
        ("Other", "", False),
    ],
)
def test_an_account_of_ours_in_the_list_is_the_same_customers_or_a_clash(
    name: str, vat_id: str, same: bool
) -> None:
    assert same == is_same(record(name, vat_id), RHEINWERK)


def test_a_nameless_account_of_the_list_clashes_with_nobody() -> None:
    assert is_same(record("Other"), NAMELESS)


def test_our_own_customer_number_in_the_list_is_a_sure_sign() -> None:
    assert is_same(record("New name AG"), replace(RHEINWERK, customer_number="PD-O-17"))
    assert not is_same(record("New name AG"), replace(RHEINWERK, customer_number="PD-O-18"))


def test_a_candidate_is_told_so_that_a_person_knows_it() -> None:
    assert "10001 Rheinwerk Maschinen GmbH, 51063 Köln, DE136695976" == RHEINWERK.told()
    assert "10004" == NAMELESS.told()
