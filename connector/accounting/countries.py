"""Countries as VAT sees them, which is not as the map shows them.

Sources: Council Directive 2006/112/EC (VAT directive) Art. 5-7, § 1 (2) and (2a) UStG, and the
protocol on Northern Ireland (goods there count as EU goods, services do not).
"""

from dataclasses import dataclass
from enum import StrEnum

from connector.accounting.party import Address


class CountryGroup(StrEnum):
    """Where a customer sits, in the only distinctions that the tax rules make."""

    DOMESTIC = "DE"
    EU = "EU"
    NORTHERN_IRELAND = "XI"
    """Goods as EU, services as third country."""
    BRITAIN_UNCLEAR = "GB?"
    """GB without a postal code: services are clear, goods are not (it may be Northern Ireland)."""
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
    UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - a table to be read
)

_ALIASES = {"EL": "GR", "UK": "GB", "XI": "GB"}
"""Codes that people and VAT ids use for a country whose ISO code is another."""


@dataclass(frozen=True, slots=True)
class Territory:
    """A place whose VAT treatment differs from that of the country it is addressed in."""

    name: str
    country: str
    postal_prefixes: tuple[str, ...]
    """Postal codes begin with one of these, digits only (``D-78266`` counts); empty: the whole ISO code."""
    source: str


_OUTSIDE_EU_VAT = "Art. 6 of Directive 2006/112/EC: not part of the VAT territory of the EU"
_AUSTRIAN_RATE = "§ 10 (4) of the Austrian UStG: a rate of its own"

SPECIAL_TERRITORIES = (
    Territory("Büsingen am Hochrhein", "DE", ("78266",), "§ 1 (2) UStG: not part of the Inland"),
    Territory("Helgoland", "DE", ("27498",), "§ 1 (2) UStG: not part of the Inland"),
    Territory("Jungholz", "AT", ("6691",), _AUSTRIAN_RATE),
    Territory("Kleinwalsertal", "AT", ("6991", "6992", "6993"), _AUSTRIAN_RATE),
    Territory("the Canary Islands", "ES", ("35", "38"), _OUTSIDE_EU_VAT),
    Territory("Ceuta or Melilla", "ES", ("51", "52"), _OUTSIDE_EU_VAT),
    Territory("Livigno", "IT", ("23041", "23030"), _OUTSIDE_EU_VAT),
    Territory("Campione d'Italia", "IT", ("22061", "22060"), _OUTSIDE_EU_VAT),
    Territory("Mount Athos", "GR", ("63086", "63087"), _OUTSIDE_EU_VAT),
    Territory("Åland", "FI", ("22",), _OUTSIDE_EU_VAT),
    Territory("Åland", "AX", (), _OUTSIDE_EU_VAT),
    Territory("a French overseas territory", "FR", ("97", "98"), _OUTSIDE_EU_VAT),
    *(
        Territory("a French overseas territory", code, (), _OUTSIDE_EU_VAT)
        for code in ("BL", "GF", "GP", "MF", "MQ", "RE", "YT")
    ),
    Territory("Monaco", "MC", (), "Art. 7 of Directive 2006/112/EC: counts as France"),
    Territory("the Isle of Man", "IM", (), "Art. 7 of Directive 2006/112/EC: counted as the United Kingdom"),
)


def iso_country(text: str) -> str:
    """Bring a country code to ISO 3166 (``EL`` → ``GR``, ``UK`` → ``GB``); empty if it is none."""
    code = text.strip().upper()
    code = _ALIASES.get(code, code)
    return code if code in ISO_3166 else ""


def vat_prefix(address: Address) -> str:
    """Prefix that VAT ids of this address carry: ``EL`` for Greece, ``XI`` for Northern Ireland."""
    country = iso_country(address.country)
    if country == "GB" and _compact(address.postal_code).startswith("BT"):
        return "XI"
    return "EL" if country == "GR" else country


def special_territory(address: Address) -> Territory | None:
    """The territory with rules of its own that this address lies in, if any."""
    country = iso_country(address.country)
    digits = "".join(sign for sign in address.postal_code if sign.isdigit())
    for territory in SPECIAL_TERRITORIES:
        if territory.country != country:
            continue
        if not territory.postal_prefixes or digits.startswith(territory.postal_prefixes):
            return territory
    return None


def country_group(address: Address) -> CountryGroup:
    """Where the address lies for VAT."""
    country = iso_country(address.country)
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
    postal_code = _compact(address.postal_code)
    if not postal_code:
        return CountryGroup.BRITAIN_UNCLEAR
    return CountryGroup.NORTHERN_IRELAND if postal_code.startswith("BT") else CountryGroup.THIRD


def _compact(postal_code: str) -> str:
    return "".join(sign for sign in postal_code.upper() if sign.isalnum())
