"""Places whose VAT treatment differs from that of the country they are addressed in: a table.

Sources: § 1 (2) UStG, Art. 6 of Directive 2006/112/EC; postal codes and names from the national post offices.
Monaco and the Isle of Man are not here: by § 1 (2a) UStG they simply count as France and the United Kingdom.
"""

import re
import unicodedata
from dataclasses import dataclass

from connector.accounting.party import Address


@dataclass(frozen=True, slots=True)
class Territory:
    """A place whose VAT treatment differs from that of the country it is addressed in."""

    name: str
    country: str
    postal_prefixes: tuple[str, ...]
    """Postal codes begin with one of these, digits only (``D-78266`` counts) or with letters (``FO-100``)."""
    source: str
    names: tuple[str, ...] = ()
    """How towns and regions there are called, as :func:`plain` writes them (ς is σ); asked where no postal
    code is."""
    shared_codes: tuple[str, ...] = ()
    """Postal codes of the place and its neighbours: the town's name decides; without one it may be either."""
    code_length: int = 0
    """Postal codes there have so many digits, and those of the rest of the country do not; 0: as many."""


_OUTSIDE_EU_VAT = "Art. 6 of Directive 2006/112/EC: not part of the VAT territory of the EU"
_NOT_INLAND = "§ 1 (2) UStG: not part of the Inland"
_AUSTRIAN_RATE = "§ 10 (4) of the Austrian UStG: a rate of its own"
_GERMAN_CODE = "§ 1 (2) UStG: Austria, though it has postal codes of the German post office too"
_NOT_OF_THE_UNION = "Art. 5 of Directive 2006/112/EC, Art. 355 TFEU: the treaties do not hold there"

SPECIAL_TERRITORIES = (
    Territory("Büsingen am Hochrhein", "DE", ("78266",), _NOT_INLAND, ("busingen", "buesingen")),
    Territory("Helgoland", "DE", ("27498",), _NOT_INLAND, ("helgoland", "heligoland")),
    Territory("Jungholz", "AT", ("6691", "87491"), _AUSTRIAN_RATE, ("jungholz",)),
    Territory("Jungholz in Austria", "DE", ("87491",), _GERMAN_CODE, ("jungholz",)),
    Territory(
        "Kleinwalsertal",
        "AT",
        ("6991", "6992", "6993", "87567", "87568", "87569"),
        _AUSTRIAN_RATE,
        ("kleinwalsertal", "riezlern", "hirschegg"),
    ),
    Territory(
        "Kleinwalsertal in Austria",
        "DE",
        ("87567", "87568", "87569"),
        _GERMAN_CODE,
        ("kleinwalsertal", "riezlern", "hirschegg"),
    ),
    Territory(
        "the Canary Islands",
        "ES",
        ("35", "38"),
        _OUTSIDE_EU_VAT,
        (
            *("canarias", "canary islands", "kanarische inseln", "kanaren", "las palmas", "gran canaria"),
            *("santa cruz de tenerife", "tenerife", "teneriffa", "lanzarote", "fuerteventura", "la gomera"),
        ),
    ),
    Territory("Ceuta or Melilla", "ES", ("51", "52"), _OUTSIDE_EU_VAT, ("ceuta", "melilla")),
    Territory("Livigno", "IT", ("23041",), _OUTSIDE_EU_VAT, ("livigno", "trepalle"), ("23030",)),
    Territory("Campione d'Italia", "IT", ("22061",), _OUTSIDE_EU_VAT, ("campione",), ("22060",)),
    Territory(
        "Mount Athos",
        "GR",
        ("63086", "63087"),
        _OUTSIDE_EU_VAT,
        ("athos", "agion oros", "agio oros", "αγιον οροσ", "αγιο οροσ"),
    ),
    Territory("Åland", "FI", ("22",), _OUTSIDE_EU_VAT, ("aland", "ahvenanmaa", "mariehamn", "maarianhamina")),
    Territory("Åland", "AX", (), _OUTSIDE_EU_VAT),
    Territory(
        "a French overseas territory",
        "FR",
        ("97", "984", "986", "987", "988"),
        _OUTSIDE_EU_VAT,
        (
            *(
                "guadeloupe",
                "martinique",
                "guyane",
                "french guiana",
                "reunion",
                "mayotte",
                "cayenne",
                "kourou",
            ),
            *("fort de france", "pointe a pitre", "basse terre", "mamoudzou", "saint barthelemy", "noumea"),
            *("papeete", "nouvelle caledonie", "polynesie francaise", "saint pierre et miquelon"),
        ),
    ),
    *(
        Territory("a French overseas territory", code, (), _OUTSIDE_EU_VAT)
        for code in ("BL", "GF", "GP", "MF", "MQ", "RE", "YT")
    ),
    Territory(
        "Greenland",
        "DK",
        ("39", "GL"),
        _NOT_OF_THE_UNION,
        ("greenland", "gronland", "grønland", "kalaallit nunaat", "nuuk"),
    ),
    Territory(
        "the Faroe Islands",
        "DK",
        ("38", "FO"),
        _NOT_OF_THE_UNION,
        ("faroe", "faroe islands", "færøerne", "faeroerne", "faroer", "torshavn"),
        code_length=3,
    ),
    Territory(
        "a Caribbean part of the Netherlands' kingdom",
        "NL",
        (),
        _NOT_OF_THE_UNION,
        ("curacao", "aruba", "bonaire", "sint maarten", "willemstad curacao", "oranjestad", "kralendijk"),
    ),
)

_WITH_TERRITORIES = frozenset({"ES", "FI", "FR", "GR", "IT"})
"""Member states of which a part lies outside of the VAT territory, and is big enough to sell to. Germany's
Helgoland and Büsingen, Greenland, the Faroes and the Caribbean are told by their names alone: to ask every
German, Danish or Dutch customer without a postal code would be overdone."""

_WITH_REGIONAL_RATES = frozenset({"AT", "PT"})
"""Member states where only the rates differ: in Jungholz and Kleinwalsertal, on Madeira and the Azores."""


def plain(text: str) -> str:
    """Lower case words without accents and punctuation, to compare names by."""
    spelled = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in spelled if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", letters))


def territory_at(address: Address, country: str) -> Territory | None:
    """The territory of a country (ISO code) that an address lies in: by postal code, else by names."""
    for territory in SPECIAL_TERRITORIES:
        if territory.country == country and _lies_in(address, territory):
            return territory
    return None


def open_place(address: Address, country: str) -> str:
    """What a missing postal code leaves open in a member state.

    :returns: ``territory``: it may be a part outside of the VAT territory; ``rates``: only the rates of a
        one-stop shop may be others; empty: nothing.
    """
    if any(sign.isdigit() for sign in address.postal_code):
        return ""
    if country in _WITH_TERRITORIES:
        return "territory"
    return "rates" if country in _WITH_REGIONAL_RATES else ""


def _lies_in(address: Address, territory: Territory) -> bool:
    if not territory.postal_prefixes and not territory.names:
        return True
    code = "".join(sign for sign in address.postal_code.upper() if sign.isalnum())
    digits = "".join(sign for sign in code if sign.isdigit())
    if any(written.startswith(territory.postal_prefixes) for written in (code, digits)):
        return True
    if digits and len(digits) == territory.code_length:
        return True
    shared = digits in territory.shared_codes
    # Italian addresses without a town show their province instead, by its two letters.
    if shared and len(address.city.strip()) <= 2:
        return True
    # A town may bear the name of an island: La Réunion lies in Lot-et-Garonne too, and its code says so.
    told_by_code = bool(digits) and bool(territory.postal_prefixes) and not shared
    places = [address.region] if told_by_code else [address.region, address.city]
    return any(f" {name} " in f" {plain(place)} " for place in places for name in territory.names)
