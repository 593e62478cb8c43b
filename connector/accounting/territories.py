"""Places whose VAT treatment differs from that of the country they are addressed in: a table.

Sources: § 1 (2) UStG, Art. 6 of Directive 2006/112/EC, UStAE 1.10; postal codes and names from the national
post offices. "check" marks what we could not read in an official text.
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
    postal_codes: tuple[str, ...]
    """As whole digits, # for any one (``D-78266`` counts as 78266). A code that lost a digit says nothing:
    3500 is Benidorm's 03500, not one of the Canary Islands' 35###."""
    source: str
    names: tuple[str, ...] = ()
    """How towns and regions there are called, as :func:`plain` writes them (ς is σ); asked where no postal
    code is."""
    shared_codes: tuple[str, ...] = ()
    """Postal codes of the place and its neighbours, or that the rest of the country has with a zero before
    them (the Swiss 8238 of Büsingen is Treuen's 08238): the town's name decides; without one it may be
    either."""
    lettered_codes: tuple[str, ...] = ()
    """Postal codes there may begin with these, letters first."""
    towns: tuple[str, ...] = ()
    """Names that only a town tells: a district of the same name goes beyond the place."""
    not_towns: tuple[str, ...] = ()
    """Towns of the rest of the country whose postal codes look like the place's without their zero."""


_OUTSIDE_EU_VAT = "Art. 6 of Directive 2006/112/EC: not part of the VAT territory of the EU"
_NOT_INLAND = "§ 1 (2) UStG: not part of the Inland"
_AUSTRIAN_RATE = "§ 10 (4) of the Austrian UStG: a rate of its own"
_GERMAN_CODE = "§ 1 (2) UStG: Austria, though it has postal codes of the German post office too"
_NOT_OF_THE_UNION = "Art. 5 of Directive 2006/112/EC, Art. 355 TFEU: the treaties do not hold there"
_STATE_OF_ITS_OWN = "§ 1 (2a) UStG, UStAE 1.10: a third country; paragraph of the UStAE: check"
_NOT_CONTROLLED = (
    "Protocol no. 10 to the Act of Accession of 2003, UStAE 1.10: the Union's law does not hold where the "
    "government of the Republic has no effective control; paragraph of the UStAE: check"
)

SPECIAL_TERRITORIES = (
    Territory(
        "Büsingen am Hochrhein",
        "DE",
        ("78266",),
        _NOT_INLAND,
        ("busingen", "buesingen"),
        shared_codes=("8238",),
        lettered_codes=("CH8238",),
    ),
    Territory("Helgoland", "DE", ("27498",), _NOT_INLAND, ("helgoland", "heligoland")),
    Territory("Jungholz", "AT", ("6691", "87491"), _AUSTRIAN_RATE, ("jungholz",)),
    Territory("Jungholz in Austria", "DE", ("87491",), _GERMAN_CODE, ("jungholz",)),
    Territory(
        "Kleinwalsertal",
        "AT",
        ("6991", "6992", "6993", "87567", "87568", "87569"),
        _AUSTRIAN_RATE,
        ("kleinwalsertal", "riezlern", "hirschegg", "mittelberg"),
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
        ("35###", "38###"),
        _OUTSIDE_EU_VAT,
        (
            *("canarias", "canary islands", "kanarische inseln", "kanaren", "las palmas", "gran canaria"),
            *("santa cruz de tenerife", "tenerife", "teneriffa", "lanzarote", "fuerteventura", "la gomera"),
        ),
    ),
    Territory("Ceuta or Melilla", "ES", ("51###", "52###"), _OUTSIDE_EU_VAT, ("ceuta", "melilla")),
    Territory("Livigno", "IT", ("23041",), _OUTSIDE_EU_VAT, ("livigno", "trepalle"), ("23030",)),
    Territory(
        "Campione d'Italia",
        "IT",
        ("22061",),
        _OUTSIDE_EU_VAT,
        ("campione",),
        ("22060", "6911"),
        lettered_codes=("CH6911",),
    ),
    Territory("San Marino", "IT", ("4789#",), _STATE_OF_ITS_OWN, ("san marino",)),
    Territory(
        "Vatican City",
        "IT",
        ("00120",),
        _STATE_OF_ITS_OWN,
        ("vaticano", "vatican", "vatican city", "vatikan", "vatikanstadt"),
    ),
    *(
        Territory(
            "Andorra",
            country,
            (),
            _STATE_OF_ITS_OWN,
            ("andorra la vella", "andorra la vieja", "principat d andorra", "principado de andorra"),
            lettered_codes=("AD",),
        )
        for country in ("ES", "FR")
    ),
    Territory(
        "Liechtenstein",
        "AT",
        ("9485", "9486", "9487", "9488", "949#"),
        _STATE_OF_ITS_OWN,
        ("liechtenstein", "vaduz"),
    ),
    Territory("Gibraltar", "ES", (), _STATE_OF_ITS_OWN, lettered_codes=("GX",), towns=("gibraltar",)),
    Territory(
        "the north of Cyprus",
        "CY",
        ("9###", "99###"),
        _NOT_CONTROLLED,
        (
            *("kyrenia", "keryneia", "κερυνεια", "girne", "northern cyprus", "north cyprus", "nordzypern"),
            *("kuzey kıbrıs", "kuzey kibris", "kktc", "trnc"),
        ),
        towns=(
            *("famagusta", "ammochostos", "αμμοχωστοσ", "gazimagusa", "gazimağusa", "lefkosa", "guzelyurt"),
            *("morphou", "lefke", "iskele", "trikomo", "lapithos", "lapta", "karavas", "alsancak"),
        ),
    ),
    Territory(
        "Mount Athos",
        "GR",
        ("63086", "63087"),
        _OUTSIDE_EU_VAT,
        ("athos", "agion oros", "agio oros", "αγιον οροσ", "αγιο οροσ"),
    ),
    Territory(
        "Åland", "FI", ("22###",), _OUTSIDE_EU_VAT, ("aland", "ahvenanmaa", "mariehamn", "maarianhamina")
    ),
    Territory("Åland", "AX", (), _OUTSIDE_EU_VAT),
    Territory(
        "a French overseas territory",
        "FR",
        ("97###", "984##", "986##", "987##", "988##"),
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
        ("39##",),
        _NOT_OF_THE_UNION,
        ("greenland", "gronland", "grønland", "kalaallit nunaat", "nuuk"),
        lettered_codes=("GL",),
    ),
    Territory(
        "the Faroe Islands",
        "DK",
        ("38##", "###"),
        _NOT_OF_THE_UNION,
        ("faroe", "faroe islands", "færøerne", "faeroerne", "faroer", "torshavn"),
        lettered_codes=("FO",),
        not_towns=("taastrup", "tastrup", "københavn", "kobenhavn", "kbh", "kopenhagen", "copenhagen"),
    ),
    Territory(
        "a Caribbean part of the Netherlands' kingdom",
        "NL",
        (),
        _NOT_OF_THE_UNION,
        ("curacao", "aruba", "bonaire", "sint maarten", "willemstad curacao", "oranjestad", "kralendijk"),
    ),
)

CODE_DIGITS = {
    **dict.fromkeys(("AT", "CY", "DK", "NL"), 4),
    **dict.fromkeys(("DE", "ES", "FI", "FR", "GR", "IT"), 5),
}
"""How many digits a postal code has in the countries of the territories told by name. One with more or fewer
is of another country or wrong, and says nothing against a town."""

_WITH_TERRITORIES = frozenset({"ES", "FI", "FR", "GR", "IT"})
"""Member states of which a part lies outside of the VAT territory, and is big enough to sell to. Germany's
Helgoland and Büsingen, Greenland, the Faroes, the Caribbean and the north of Cyprus are told by their names
alone: to ask every German, Danish, Dutch or Cypriot customer without a postal code would be overdone."""

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
    if not (territory.postal_codes or territory.lettered_codes or territory.names):
        return True
    return _told_by_code(address, territory) or _told_by_name(address, territory)


def _told_by_code(address: Address, territory: Territory) -> bool:
    code = "".join(sign for sign in address.postal_code.upper() if sign.isalnum())
    if code.startswith(territory.lettered_codes):
        return True
    digits = _digits(address)
    if any(_fits(digits, wanted) for wanted in territory.postal_codes):
        return not _has(address.city, territory.not_towns)
    # Italian addresses without a town show their province instead, by its two letters.
    if len(address.city.strip()) > 2:
        return False
    lost_a_digit = any(
        len(digits) == len(wanted) - 1 and _fits(digits, wanted[:-1])
        for wanted in territory.postal_codes
        if len(wanted) == CODE_DIGITS.get(territory.country)
    )
    return digits in territory.shared_codes or lost_a_digit


def _digits(address: Address) -> str:
    """The postal code without its letters, and without what stands behind it (``97300 Cedex 01``)."""
    runs = re.findall(r"\d+", address.postal_code)
    whole = [run for run in runs[:1] if len(run) == CODE_DIGITS.get(address.country.strip().upper())]
    return whole[0] if whole else "".join(runs)


def _fits(digits: str, wanted: str) -> bool:
    return len(digits) == len(wanted) and all(
        sign in ("#", digit) for sign, digit in zip(wanted, digits, strict=True)
    )


def _told_by_name(address: Address, territory: Territory) -> bool:
    digits = _digits(address)
    # A town may bear the name of an island: La Réunion lies in Lot-et-Garonne too, and its code says so.
    code_says_another = (
        len(digits) == CODE_DIGITS.get(territory.country)
        and bool(territory.postal_codes or territory.lettered_codes)
        and digits not in territory.shared_codes
    )
    if _has(address.region, territory.names):
        return True
    return not code_says_another and _has(address.city, territory.names + territory.towns)


def _has(place: str, names: tuple[str, ...]) -> bool:
    return any(f" {name} " in f" {plain(place)} " for name in names)
