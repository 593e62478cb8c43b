"""Master data: any name is written, nothing is dropped, every length holds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.debtor_records import (
    build_debtor_record,
    check_debtor_account,
    parse_debtor_number,
)
from connector.accounting.party import Address, CustomerStatus, Party
from connector.accounting.transliterate import fit, is_cp1252, to_cp1252
from connector.errors import DataError, Problem
from tests.unit.accounting.samples import austrian, buyer

LENGTHS = {
    "name": 50,
    "first_name": 30,
    "last_name": 30,
    "short_name": 15,
    "email": 60,
    "phone": 60,
    "contact": 40,
    "name_rest": 50,
}
ADDRESS_LENGTHS = {"street": 36, "extra": 36, "postal_code": 10, "city": 30}


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Müller & Söhne GmbH – „Größe“ 5 €", "Müller & Söhne GmbH – „Größe“ 5 €"),
        ("Łódź Żółć", "Lódz Zólc"),
        ("Příliš žluťoučký kůň", "Príliš žlutoucký kun"),
        ("Şişli İğne ığ", "Sisli Igne ig"),
        ("Brașov Țară", "Brasov Tara"),
        ("Győr Űrhajó", "Györ Ürhajó"),
        ("Ђорђе Љубић", "Djordje Ljubic"),
        ("Щукин Юрий", "Shchukin Iurii"),
        ("Αθήνα Ψυχή", "Athina Psychi"),
        ("ﬁnance ①", "finance 1"),
        ("Mu\u0308ller", "Müller"),
        ("A\nB\tC\u00a0D\u2028E", "A B C D E"),
        ("a\u200bb\u00adc", "abc"),
        ("北京 GmbH", "BeiJing GmbH"),
        ("서울 محمد שלום", "SeoUl mhmd slvm"),
        ("Café 😀 \ufe0f", "Café :grinning:"),
        ("a\ue000b", "a?b"),
        ("x\ud800y", "x?y"),
        ("x\x81y", "x y"),
    ],
)
def test_text_is_spelled_in_cp1252_on_purpose(text, spelled):
    assert spelled == to_cp1252(text)


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("kurz", 10, "kurz"),
        ("eins zwei drei", 9, "eins zwei"),
        ("eins zwei drei", 11, "eins zwei"),
        ("Donaudampfschifffahrt", 10, "Donaudampf"),
        ("a Donaudampfschifffahrt", 10, "a Donaudam"),
    ],
)
def test_long_text_is_cut_after_a_word_where_that_keeps_most_of_it(text, length, expected):
    assert expected == fit(text, length)


def test_an_organization_becomes_a_company_record():
    party = austrian(
        name="Österreichische Donaudampfschifffahrtsgesellschaft mbH & Co. KG",
        email="post@example.at",
        phone="+43 1 234",
        contact="Eva Ernst",
    )

    record = build_debtor_record(party, 10001)

    assert "Österreichische Donaudampfschifffahrtsgesellschaft" == record.name
    assert "Österreichische" == record.short_name
    assert (10001, True, "", "") == (
        record.account,
        record.is_organization,
        record.first_name,
        record.last_name,
    )
    assert ("ATU13585627", "AT", "PD-O-17") == (record.vat_id, record.address.country, record.customer_number)
    assert ("post@example.at", "+43 1 234", "Eva Ernst") == (record.email, record.phone, record.contact)


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        (buyer(name="Kurz GmbH"), ("Kurz GmbH", "", "")),
        (
            buyer(name="Verband der Hersteller von Kunststoffverpackungen und Folien in Niedersachsen e.V."),
            ("Verband der Hersteller von Kunststoffverpackungen", "", "und Folien in Niedersachsen e.V."),
        ),
        (
            Party(key="person:4", name="Eva Ernst", address=Address(), is_organization=False),
            ("Eva Ernst", "Ernst", ""),
        ),
        (
            Party(
                key="person:4",
                name="Karl-Theodor Maria Nikolaus Johann Jacob Philipp Buhl",
                address=Address(),
                is_organization=False,
            ),
            (
                "Karl-Theodor Maria Nikolaus Johann Jacob Philipp",
                "Buhl",
                "Karl-Theodor Maria Nikolaus Johann Jacob Philipp",
            ),
        ),
    ],
)
def test_a_name_too_long_for_its_field_goes_on_in_the_search_name(party, expected):
    record = build_debtor_record(party, 10001)

    assert expected == (record.name, record.last_name, record.name_rest)


def test_a_short_name_leaves_the_legal_form_out():
    assert "Beispiel" == build_debtor_record(buyer(), 10001).short_name
    assert "GmbH" == build_debtor_record(buyer(name="GmbH"), 10001).short_name


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "Eva Maria Ernst"}, ("Eva Maria", "Ernst")),
        ({"name": "Eva Ernst", "first_name": "Eva", "last_name": "Ernst-Huber"}, ("Eva", "Ernst-Huber")),
        ({"name": "Sokrates"}, ("", "Sokrates")),
    ],
)
def test_a_person_is_split_into_first_and_last_name(changes, expected):
    party = Party(key="person:4", address=Address(), is_organization=False, **changes)

    record = build_debtor_record(party, 10001)

    assert expected == (record.first_name, record.last_name)
    assert "PD-P-4" == record.customer_number


def test_a_long_street_keeps_its_house_number():
    street = "Bürgermeister-Doktor-Johannes-Schmidt-Straße 117 b"

    record = build_debtor_record(
        replace(buyer(), address=Address(street, "", "10115", "Berlin", "DE")), 10001
    )

    assert "Bürgermeister-Doktor-Johannes- 117 b" == record.address.street


@pytest.mark.parametrize(
    "email", ["x" * 50 + "@example.com", "żółć@example.com", "a b@example.com\n\nBcc: x"]
)
def test_an_address_that_does_not_fit_is_left_out_not_cut(email):
    expected = "" if email != "a b@example.com" else email

    assert expected == build_debtor_record(buyer(email=email), 10001).email


@pytest.mark.parametrize(
    ("party", "code"),
    [
        (buyer(name=""), "buyer_name_missing"),
        (buyer(name="\u200b"), "buyer_name_missing"),
        (buyer(postal_code="12345 67890 1"), "postal_code_too_long"),
    ],
)
def test_a_record_that_would_be_wrong_is_refused(party, code):
    with pytest.raises(DataError) as caught:
        build_debtor_record(party, 10001)

    assert [code] == [problem.code for problem in caught.value.problems]


def test_numbers_of_third_countries_stay_out_of_the_eu_fields():
    assert "" == build_debtor_record(buyer("CH", vat_id="CHE-123.456.788 MWST"), 10001).vat_id


@pytest.mark.parametrize("vat_id", ["DE136695977", "DE1234567890123456", "FR12"])
def test_a_vat_id_that_is_not_well_formed_stays_out_of_the_master_data(vat_id):
    assert "" == build_debtor_record(buyer(vat_id=vat_id), 10001).vat_id


def test_a_last_name_of_nothing_that_shows_is_taken_from_the_whole_name():
    person = buyer(name="Erika Muster", is_organization=False, first_name="Erika", last_name="\u200b")
    record = build_debtor_record(person, 10001)

    assert ("Erika", "Muster") == (record.first_name, record.last_name)


@given(st.text(), st.text(), st.text(max_size=200), st.booleans())
def test_any_name_gives_a_record_that_can_be_written(name, city, street, is_organization):
    party = Party(
        key="organization:17",
        name=name,
        address=Address(street, street, "10115", city, "DE"),
        status=CustomerStatus.BUSINESS,
        is_organization=is_organization,
        contact=name,
        phone=name,
        email=name,
    )
    if not to_cp1252(name):
        with pytest.raises(DataError, match="has no name that can be written"):
            build_debtor_record(party, 10001)
        return

    record = build_debtor_record(party, 10001)

    written = {key: getattr(record, key) for key in LENGTHS} | {
        key: getattr(record.address, key) for key in ADDRESS_LENGTHS
    }
    for key, text in written.items():
        assert len(text) <= (LENGTHS | ADDRESS_LENGTHS)[key]
        assert is_cp1252(text)
        assert text == " ".join(text.split())
    assert record.name
    assert record.short_name


@given(st.characters(categories=["L", "N", "P", "S"]))
def test_no_visible_character_is_dropped(sign):
    assert to_cp1252(f"x{sign}x") not in ("xx", "x")


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("10001", 4, 10001),
        (" 10 001 ", 4, 10001),
        ("10001.0", 4, 10001),
        ("100001", 5, 100001),
        ("", 4, "debtor_number_missing"),
        ("D-10001", 4, "debtor_number_not_a_number"),
        ("１０００１", 4, "debtor_number_not_a_number"),
        ("1001", 4, "debtor_account_out_of_range"),
        ("70000", 4, "debtor_account_out_of_range"),
        ("9" * 5000, 4, "debtor_account_out_of_range"),
    ],
)
def test_a_debtor_number_is_read_or_refused_never_guessed(text, length, expected):
    parsed = parse_debtor_number(text, length)

    assert expected == (parsed.code if isinstance(parsed, Problem) else parsed)


@pytest.mark.parametrize(
    ("account", "length", "right"),
    [
        (10000, 4, True),
        (69999, 4, True),
        (9999, 4, False),
        (70000, 4, False),
        (10000, 5, False),
        (699999, 5, True),
    ],
)
def test_debtor_accounts_lie_in_their_range(account, length, right):
    assert right == (check_debtor_account(account, length) is None)


def test_master_data_carry_the_vat_id_in_its_full_length():
    assert "BE0403019261" == build_debtor_record(buyer("BE", vat_id="BE 403.019.261"), 10001).vat_id
