"""Countries as VAT sees them, which is not as the map shows them.

Sources: Council Directive 2006/112/EC (VAT directive) Art. 5-7, § 1 (2) and (2a) UStG, and the
protocol on Northern Ireland (goods there count as EU goods, services do not).
"""

from enum import StrEnum

from connector.accounting.party import Address
from connector.accounting.territories import Territory, plain, territory_at
from connector.accounting.territories import open_place as _open_place


class CountryGroup(StrEnum):
    """Where a customer sits, in the only distinctions that the tax rules make."""

    DOMESTIC = "DE"
    EU = "EU"
    NORTHERN_IRELAND = "XI"
    """Goods as EU, services as third country."""
    BRITAIN_UNCLEAR = "GB?"
    """GB without a British postal code, or with one that contradicts the name Northern Ireland: services are
    clear, goods are not."""
    THIRD = "third"
    SPECIAL = "special"
    """A territory with rules of its own."""
    UNKNOWN = "unknown"
    """No country, or none that ISO 3166 knows."""


EU_MEMBERS = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a table to be read
)
"""ISO codes of the 27 member states."""

ISO_3166 = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL
    BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV
    CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM
    IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK
    LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR
    PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS
    ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
    UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - a table to be read
)
"""Codes of ISO 3166, and XK, which the EU uses for Kosovo (Regulation (EU) 2020/1470)."""

_ALIASES = {"EL": "GR", "UK": "GB", "XI": "GB"}
"""Codes that people and VAT ids use for a country whose ISO code is another."""


_COUNTS_AS = {"MC": "FR", "IM": "GB"}
"""Monaco counts as France and the Isle of Man as the United Kingdom (§ 1 (2a) sentence 2 UStG, Art. 7 of
Directive 2006/112/EC); their VAT ids are French and British ones."""

_NORTHERN_IRELAND = "northern ireland"


def iso_country(text: str) -> str:
    """Bring a country code to ISO 3166 (``EL`` → ``GR``, ``UK`` → ``GB``); empty if it is none."""
    code = text.strip().upper()
    code = _ALIASES.get(code, code)
    return code if code in ISO_3166 else ""


def vat_country(address: Address) -> str:
    """The country whose VAT law holds at an address: ``FR`` for Monaco, ``GB`` for the Isle of Man."""
    country = iso_country(address.country)
    return _COUNTS_AS.get(country, country)


def vat_prefix(address: Address) -> str:
    """Prefix that VAT ids of this address carry: ``EL`` for Greece, ``XI`` for Northern Ireland."""
    country = vat_country(address)
    if country == "GB" and _british_group(address) is CountryGroup.NORTHERN_IRELAND:
        return "XI"
    return "EL" if country == "GR" else country


def special_territory(address: Address) -> Territory | None:
    """The territory with rules of its own that this address lies in, if any."""
    return territory_at(address, iso_country(address.country))


def open_place(address: Address) -> str:
    """What a missing postal code leaves open: ``territory``, ``rates`` or nothing."""
    return _open_place(address, iso_country(address.country))


def country_group(address: Address) -> CountryGroup:
    """Where the address lies for VAT."""
    country = vat_country(address)
    if not country:
        return CountryGroup.UNKNOWN
    if special_territory(address):
        return CountryGroup.SPECIAL
    if country == "DE":
        return CountryGroup.DOMESTIC
    if country in EU_MEMBERS:
        return CountryGroup.EU
    if country == "GB":
        return _british_group(address)
    return CountryGroup.THIRD


def _british_group(address: Address) -> CountryGroup:
    """Northern Ireland by the postal code BT or by name; where the two contradict each other it is open."""
    if iso_country(address.country) == "IM":
        return CountryGroup.THIRD
    code = "".join(sign for sign in address.postal_code.upper() if sign.isalnum())
    if code.startswith("BT"):
        return CountryGroup.NORTHERN_IRELAND
    # British postal codes begin with a letter: anything else says nothing.
    says_britain = code[:1].isalpha()
    if address.country.strip().upper() == "XI" or plain(address.region) == _NORTHERN_IRELAND:
        return CountryGroup.BRITAIN_UNCLEAR if says_britain else CountryGroup.NORTHERN_IRELAND
    return CountryGroup.THIRD if says_britain else CountryGroup.BRITAIN_UNCLEAR
