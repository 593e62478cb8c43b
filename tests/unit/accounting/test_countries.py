"""Countries as VAT sees them, and the VAT ids that go with them."""

import pytest

from connector.accounting.countries import (
    EU_MEMBERS,
    country_group,
    iso_country,
    open_place,
    special_territory,
    vat_prefix,
)
from connector.accounting.party import Address
from connector.accounting.territories import CODE_DIGITS, SPECIAL_TERRITORIES
from connector.accounting.vat_ids import (
    EU_PREFIXES,
    canonical_vat_id,
    check_vat_id,
    identifying_vat_id,
    normalise_vat_id,
)


def at(country: str, postal_code: str = "", city: str = "", region: str = "") -> Address:
    return Address(postal_code=postal_code, city=city, country=country, region=region)


@pytest.mark.parametrize(
    ("country", "postal_code", "group"),
    [
        ("DE", "10115", "DE"),
        ("de", "10115", "DE"),
        ("DE", "78266", "special"),
        ("DE", "D-78266", "special"),
        ("DE", "27498", "special"),
        ("AT", "1010", "EU"),
        ("AT", "6991", "special"),
        ("AT", "6692", "EU"),
        ("AT", "6993", "special"),
        ("FR", "98414", "special"),
        ("FR", "98799", "special"),
        ("GR", "10557", "EU"),
        ("EL", "10557", "EU"),
        ("GR", "630 86", "special"),
        ("ES", "28001", "EU"),
        ("ES", "38001", "special"),
        ("IT", "23041", "special"),
        ("FR", "97110", "special"),
        ("FI", "22100", "special"),
        ("RE", "", "special"),
        ("MC", "98000", "EU"),
        ("FR", "98000", "EU"),
        ("FR", "98800", "special"),
        ("IM", "IM1 1AA", "third"),
        ("IM", "", "third"),
        ("GB", "IM1 1AA", "third"),
        ("GB", "1234", "GB?"),
        ("XI", "", "XI"),
        ("XI", "1234", "XI"),
        ("XI", "SW1A 1AA", "GB?"),
        ("DK", "3900", "special"),
        ("DK", "FO-100", "special"),
        ("DK", "1050", "EU"),
        ("DK", "100", "special"),
        ("DK", "800", "special"),
        ("DE", "87567", "special"),
        ("DE", "D-87491", "special"),
        ("DE", "87561", "DE"),
        ("AT", "87568", "special"),
        ("IT", "23030", "special"),
        ("XK", "10000", "third"),
        ("GB", "BT1 5GS", "XI"),
        ("GB", "bt15gs", "XI"),
        ("UK", "SW1A 1AA", "third"),
        ("GB", "", "GB?"),
        ("CH", "8001", "third"),
        ("US", "", "third"),
        ("", "", "unknown"),
        ("Österreich", "1010", "unknown"),
        ("ZZ", "", "unknown"),
    ],
)
def test_an_address_lies_in_one_group(country, postal_code, group):
    assert group == country_group(at(country, postal_code))


@pytest.mark.parametrize(
    ("country", "postal_code", "city", "territory"),
    [
        ("ES", "", "Las Palmas de Gran Canaria", "the Canary Islands"),
        ("ES", "", "Santa Cruz de Tenerife", "the Canary Islands"),
        ("ES", "", "Ceuta", "Ceuta or Melilla"),
        ("ES", "", "MELILLA", "Ceuta or Melilla"),
        ("IT", "", "Livigno", "Livigno"),
        ("IT", "", "Campione d'Italia", "Campione d'Italia"),
        ("IT", "23030", "Livigno", "Livigno"),
        ("IT", "23030", "Valdidentro", None),
        ("IT", "23030", "SO", "Livigno"),
        ("IT", "23030", "Trepalle", "Livigno"),
        ("IT", "22060", "Campione", "Campione d'Italia"),
        ("DE", "", "Riezlern", "Kleinwalsertal in Austria"),
        ("IT", "22060", "Cabiate", None),
        ("FI", "", "Mariehamn", "Åland"),
        ("FR", "", "Cayenne", "a French overseas territory"),
        ("FR", "", "Fort-de-France", "a French overseas territory"),
        ("FR", "", "La Réunion", "a French overseas territory"),
        ("FR", "47700", "La Réunion", None),
        ("DE", "", "Helgoland", "Helgoland"),
        ("DE", "", "Büsingen", "Büsingen am Hochrhein"),
        ("DE", "", "Berlin", None),
        ("GR", "", "Άγιον Όρος", "Mount Athos"),
        ("DK", "", "Nuuk", "Greenland"),
        ("DK", "", "Tórshavn", "the Faroe Islands"),
        ("NL", "", "Willemstad, Curaçao", "a Caribbean part of the Netherlands' kingdom"),
        ("NL", "4797", "Willemstad", None),
        ("ES", "", "Madrid", None),
        # The Swiss post serves both exclaves: its codes tell them as well.
        ("DE", "8238", "Büsingen", "Büsingen am Hochrhein"),
        ("DE", "CH-8238", "Büsingen am Hochrhein", "Büsingen am Hochrhein"),
        ("DE", "8238", "", "Büsingen am Hochrhein"),
        ("DE", "82383", "Hohenpeißenberg", None),
        ("IT", "6911", "Campione d'Italia", "Campione d'Italia"),
        ("IT", "CH-6911", "", "Campione d'Italia"),
        # A code that the country cannot have says nothing against the town.
        ("DE", "2749", "Helgoland", "Helgoland"),
        ("IT", "2304", "Livigno", "Livigno"),
        ("GR", "6308", "Athos", "Mount Athos"),
        ("ES", "350011", "Las Palmas", "the Canary Islands"),
        ("FI", "2210", "Mariehamn", "Åland"),
        ("DE", "10115", "Helgoland", None),
        # A code that lost its zero, or any digit, leaves it to the town.
        ("ES", "3500", "Benidorm", None),
        ("ES", "3801", "Alcoy", None),
        ("ES", "5100", "Ávila", None),
        ("ES", "3500", "Las Palmas", "the Canary Islands"),
        ("ES", "3500", "", "the Canary Islands"),
        ("ES", "2800", "", None),
        ("ES", "38001", "Alcoy", "the Canary Islands"),
        ("FI", "2200", "Espoo", None),
        ("FR", "9700", "Anywhere", None),
        ("FR", "9840", "Anywhere", None),
        ("FR", "97300 Cedex 01", "Anywhere", "a French overseas territory"),
        ("DE", "8238", "Treuen", None),
        ("DE", "CH 8238", "Treuen", "Büsingen am Hochrhein"),
        ("CY", "P.O. Box 9", "Limassol", None),
        ("DK", "900", "Kbh C", None),
        ("DK", "800", "Høje Tåstrup", None),
        ("DK", "900", "Vágur", "the Faroe Islands"),
        ("DK", "3800", "Tórshavn", "the Faroe Islands"),
        # Denmark's 0800 without its zero is Taastrup's, with a Faroese town it is the Faroes'.
        ("DK", "800", "Høje Taastrup", None),
        ("DK", "900", "København C", None),
        ("DK", "800", "Tvøroyri", "the Faroe Islands"),
        ("DK", "FO-800", "Taastrup", "the Faroe Islands"),
        ("CY", "99300", "Girne", "the north of Cyprus"),
        ("CY", "", "Kyrenia", "the north of Cyprus"),
        ("CY", "9300", "", "the north of Cyprus"),
        ("CY", "99450", "Famagusta", "the north of Cyprus"),
        ("CY", "", "Famagusta", "the north of Cyprus"),
        ("CY", "5330", "Famagusta", None),
        ("CY", "1010", "Nikosia", None),
        ("IT", "47890", "San Marino", "San Marino"),
        ("IT", "", "Repubblica di San Marino", "San Marino"),
        ("IT", "40010", "San Marino", None),
        ("IT", "00120", "Città del Vaticano", "Vatican City"),
        ("IT", "", "Vatikanstadt", "Vatican City"),
        ("ES", "AD500", "Andorra la Vella", "Andorra"),
        ("FR", "AD500", "", "Andorra"),
        ("ES", "44500", "Andorra", None),
        ("ES", "GX11 1AA", "Gibraltar", "Gibraltar"),
        ("ES", "11360", "San Roque", None),
        ("AT", "9490", "Vaduz", "Liechtenstein"),
        ("AT", "", "Vaduz", "Liechtenstein"),
        ("AT", "9400", "Wolfsberg", None),
        ("AT", "9500", "Villach", None),
        ("AT", "", "Mittelberg", "Kleinwalsertal"),
    ],
)
def test_a_territory_is_known_by_its_towns_too(country, postal_code, city, territory):
    found = special_territory(at(country, postal_code, city))
    assert territory == (found.name if found else None)


def test_a_named_region_is_a_territory_whatever_the_town():
    assert "special" == country_group(at("ES", "", "Arona", "Canarias"))


def test_a_district_named_like_a_town_of_the_north_is_not_the_town():
    assert "EU" == country_group(at("CY", "", "Ayia Napa", "Famagusta"))
    assert "special" == country_group(at("CY", "", "", "Kyrenia"))


@pytest.mark.parametrize("territory", SPECIAL_TERRITORIES, ids=lambda one: f"{one.country} {one.name}")
def test_a_territory_told_by_name_is_in_a_country_whose_postal_codes_are_known(territory):
    assert not (territory.names or territory.towns) or territory.country in CODE_DIGITS


@pytest.mark.parametrize(
    ("postal_code", "group"), [("", "XI"), ("1234", "XI"), ("BT1 5GS", "XI"), ("SW1A 1AA", "GB?")]
)
def test_northern_ireland_is_known_by_name_unless_the_postal_code_contradicts(postal_code, group):
    assert group == country_group(at("GB", postal_code, "Belfast", "Northern Ireland"))


@pytest.mark.parametrize(
    ("country", "postal_code", "open_part"),
    [
        ("ES", "", "territory"),
        ("FR", "", "territory"),
        ("PT", "", "rates"),
        ("AT", "", "rates"),
        ("ES", "28001", ""),
        ("DE", "", ""),
        ("BE", "", ""),
    ],
)
def test_a_missing_postal_code_leaves_open_where_it_is(country, postal_code, open_part):
    assert open_part == open_place(at(country, postal_code))


def test_the_union_has_27_members():
    assert 27 == len(EU_MEMBERS)
    assert "GB" not in EU_MEMBERS


@pytest.mark.parametrize(
    ("country", "postal_code", "prefix"),
    [
        ("GR", "", "EL"),
        ("GB", "BT1 5GS", "XI"),
        ("GB", "SW1", "GB"),
        ("AT", "", "AT"),
        ("MC", "", "FR"),
        ("IM", "", "GB"),
    ],
)
def test_vat_ids_have_prefixes_of_their_own(country, postal_code, prefix):
    assert prefix == vat_prefix(at(country, postal_code))


def test_codes_are_brought_to_iso():
    assert ["GR", "GB", "DE", ""] == [iso_country(code) for code in ("el", "UK", " de ", "Europa")]


def test_a_special_territory_names_its_source():
    assert "§ 1 (2) UStG: not part of the Inland" == special_territory(at("DE", "78266")).source


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("atu 135.856-27", "ATU13585627"),
        ("GR094259216", "EL094259216"),
        (" ", ""),
        ("FR 40 303 265 045", "FR40303265045"),
        ("CHE-116.281.710 MWST", "CHE116281710"),
        ("che 116 281 710 tva", "CHE116281710"),
        ("CHE116281710IVA", "CHE116281710"),
        ("USt-IdNr. DE136695976", "DE136695976"),
        ("USt-ID: DE 136 695 976", "DE136695976"),
        ("VAT DE136695976", "DE136695976"),
        ("VAT No. GR094259216", "EL094259216"),
        ("TVA FR 40 303 265 045", "FR40303265045"),
        ("UID-Nr. ATU13585627", "ATU13585627"),
        ("VAT 12-345", "VAT12345"),
        ("USt-IdNr. DE136695977", "USTIDNRDE136695977"),
        ("\uff21\uff34\uff35\uff11\uff13\uff15\uff18\uff15\uff16\uff12\uff17", "ATU13585627"),
    ],
)
def test_vat_ids_are_written_alike(text, normal):
    assert normal == normalise_vat_id(text)


@pytest.mark.parametrize(
    ("written", "prefix", "identity"),
    [
        ("DE 136 695 976", "", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("u13585627", "AT", "ATU13585627"),
        ("94259216", "EL", "EL094259216"),
        ("136695977", "DE", ""),
        ("136695976", "", ""),
        ("136695976", "AT", ""),
        ("151/815/08156", "DE", ""),
        ("Steuernummer 151/815/08156", "DE", ""),
        ("ATU13585627", "DE", "ATU13585627"),
        ("DE136695977", "DE", ""),
        ("116.281.710", "CH", "CHE116281710"),
        ("CHE-116.281.710 MWST", "CH", "CHE116281710"),
        ("974 760 673", "NO", "NO974760673"),
        ("US 12-3456789", "DE", "US123456789"),
        ("EU372022452", "US", "EU372022452"),
        ("XX999999999", "", ""),
        ("XX123456789", "", ""),
        ("000000000", "DE", ""),
        ("000000000", "CH", ""),
        ("NO999999999", "NO", ""),
        ("keine", "DE", ""),
        ("", "DE", ""),
    ],
)
def test_a_number_tells_customers_apart_only_with_its_country(written, prefix, identity):
    assert identity == identifying_vat_id(written, prefix)


@pytest.mark.parametrize(
    ("vat_id", "country", "state"),
    [
        ("", "AT", "missing"),
        ("\uff21\uff34\uff3513585627", "AT", "valid"),
        ("ATU13585627", "AT", "valid"),
        ("ATU13585628", "AT", "invalid"),
        ("U13585627", "AT", "invalid"),
        ("GR 094259216", "GR", "valid"),
        ("EL094259216", "GR", "valid"),
        ("EL094259217", "GR", "invalid"),
        ("FR40303265045", "FR", "valid"),
        ("FR40303265045", "AT", "other_country"),
        ("DE136695976", "AT", "other_country"),
        ("NL004495445B01", "NL", "valid"),
        ("PL8567346215", "PL", "valid"),
        ("EU372022452", "AT", "invalid"),
        ("IM0400000100", "IT", "invalid"),
        ("CHE-123.456.788 MWST", "CH", "unchecked"),
        ("ATU13585627", "CH", "other_country"),
        ("ATÜ13585627", "AT", "invalid"),
    ],
)
def test_a_vat_id_is_judged_against_the_address(vat_id, country, state):
    assert state == check_vat_id(vat_id, at(country))


@pytest.mark.parametrize(
    ("vat_id", "postal_code", "state"),
    [
        ("XI980780684", "BT1 5GS", "valid"),
        ("XI980780685", "BT1 5GS", "invalid"),
        ("XI980780684", "SW1A 1AA", "other_country"),
    ],
)
def test_northern_ireland_has_a_prefix_of_its_own(vat_id, postal_code, state):
    assert state == check_vat_id(vat_id, at("GB", postal_code))


CANONICAL = {
    "AT": "ATU13585627",
    "BE": "BE0403019261",
    "BG": "BG175074752",
    "CY": "CY10259033P",
    "CZ": "CZ25123891",
    "DE": "DE136695976",
    "DK": "DK13585628",
    "EE": "EE100931558",
    "EL": "EL094259216",
    "ES": "ES54362315K",
    "FI": "FI20774740",
    "FR": "FR40303265045",
    "HR": "HR33392005961",
    "HU": "HU12892312",
    "IE": "IE6433435F",
    "IT": "IT00743110157",
    "LT": "LT119511515",
    "LU": "LU15027442",
    "LV": "LV40003521600",
    "MT": "MT11679112",
    "NL": "NL004495445B01",
    "PL": "PL8567346215",
    "PT": "PT501964843",
    "RO": "RO18547290",
    "SE": "SE123456789701",
    "SI": "SI50223054",
    "SK": "SK2022749619",
    "XI": "XI980780684",
}


def test_every_prefix_has_a_sample():
    assert EU_PREFIXES == set(CANONICAL)


@pytest.mark.parametrize("prefix", sorted(CANONICAL))
def test_a_right_vat_id_is_written_in_the_full_length_of_its_state(prefix):
    right = CANONICAL[prefix]
    assert right == normalise_vat_id(right)
    blanks = " ".join(right)
    assert right == normalise_vat_id(blanks.lower())
    shortened = prefix + right[2:].lstrip("0")
    assert canonical_vat_id(shortened) in {right, None}


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("BE 403.019.261", "BE0403019261"),
        ("EL94259216", "EL094259216"),
        ("GR 94259216", "EL094259216"),
        ("NL4495445B01", "NL004495445B01"),
    ],
)
def test_lost_zeros_come_back(written, right):
    assert right == normalise_vat_id(written)
