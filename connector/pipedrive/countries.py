"""Country names as people write them, in many languages, to ISO 3166 alpha-2.

Pipedrive's addresses carry a free country name in whatever language the map service or the person used.
Sources: ISO 3166 (pycountry) and the territory names of Unicode CLDR (babel).
"""

import re
import unicodedata
from functools import cache

import pycountry
from babel import Locale

from connector.pipedrive.shapes import visible

FIRST_LANGUAGES = ("de", "en")
"""A name that means two countries in two languages means what it means in these."""

OTHER_LANGUAGES = (
    *("fr", "it", "es", "nl", "pl", "cs", "da", "sv", "nb", "nn", "fi", "pt", "hu", "ro", "sk", "sl"),
    *("hr", "bg", "el", "et", "lv", "lt", "ga", "mt", "tr", "uk", "ru", "ca", "is", "sq", "sr", "lb"),
    *("bs", "mk", "be", "eu", "gl", "cy", "rm", "gsw", "ka", "az", "ar", "he", "fa", "hi", "id", "th"),
    *("ja", "ko", "zh", "zh_Hant"),
)
"""The languages of the EU and its neighbours, and those in which the rest of the world mostly writes."""

ACCENTED_LANGUAGE = "vi"
"""Vietnamese is read with its accents only: without them its names for Austria, Belgium and Russia are codes
of Angola, Burundi and Nigeria."""

ALIASES = {
    "uk": "GB",
    "great britain": "GB",
    "gb uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "grossbritannien": "GB",
    "schottland": "GB",
    "holland": "NL",
    "usa": "US",
    "u s a": "US",
    "u s": "US",
    "u k": "GB",
    "oesterreich": "AT",
    "daenemark": "DK",
    "rumaenien": "RO",
    "tuerkei": "TR",
    "suedkorea": "KR",
    "suedafrika": "ZA",
    "america": "US",
    "amerika": "US",
    "brd": "DE",
    "bundesrepublik deutschland": "DE",
    "federal republic of germany": "DE",
    "tschechei": "CZ",
    "czech republic": "CZ",
    "czechoslovakia": "",
    "tschechoslowakei": "",
    "yugoslavia": "",
    "macedonia": "MK",
    "mazedonien": "MK",
    "turkey": "TR",
    "el": "GR",
    "kosovo": "XK",
    "xk": "XK",
    "xkx": "XK",
    "republic of kosovo": "XK",
    "republik kosovo": "XK",
    "republik osterreich": "AT",
    "republik oesterreich": "AT",
    "tschechische republik": "CZ",
    "ceska republika": "CZ",
    "republique francaise": "FR",
    "ellada": "GR",
    "hellas": "GR",
    "ελλασ": "GR",
    "hellenische republik": "GR",
    "furstentum monaco": "MC",
    "fuerstentum monaco": "MC",
    "principaute de monaco": "MC",
    "principato di monaco": "MC",
    "furstentum liechtenstein": "LI",
    "fuerstentum liechtenstein": "LI",
    "furstentum andorra": "AD",
    "fuerstentum andorra": "AD",
    "grossherzogtum luxemburg": "LU",
    "grand duche de luxembourg": "LU",
    "konigreich belgien": "BE",
    "koenigreich belgien": "BE",
    "konigreich danemark": "DK",
    "koenigreich daenemark": "DK",
    "konigreich der niederlande": "NL",
    "koenigreich der niederlande": "NL",
    "konigreich norwegen": "NO",
    "koenigreich norwegen": "NO",
    "konigreich schweden": "SE",
    "koenigreich schweden": "SE",
    "konigreich spanien": "ES",
    "koenigreich spanien": "ES",
    "reino de espana": "ES",
    "italienische republik": "IT",
    "repubblica italiana": "IT",
    "franzosische republik": "FR",
    "franzoesische republik": "FR",
    "portugiesische republik": "PT",
    "schweizerische eidgenossenschaft": "CH",
    "confederation suisse": "CH",
    "confederazione svizzera": "CH",
    "confoederatio helvetica": "CH",
    "franzosisch saint martin": "MF",
    "franzoesisch saint martin": "MF",
    "franzosisch sankt martin": "MF",
    "franzoesisch sankt martin": "MF",
    "saint martin franzosischer teil": "MF",
    "moldau": "MD",
    "weissrussland": "BY",
    "vereinigte staaten von amerika": "US",
    "slowakische republik": "SK",
    "republik polen": "PL",
    "bosnien": "BA",
    "bosnien herzegowina": "BA",
    "gross britannien": "GB",
    "p r china": "CN",
    "rep irland": "IE",
    "hongkong": "HK",
    "republik irland": "IE",
    "vatican": "VA",
    "vatikan": "VA",
    "palestine": "PS",
    "palastina": "PS",
    "burma": "MM",
    "birma": "MM",
    "republic of ireland": "IE",
    "eire": "IE",
    "vae": "AE",
    "ger": "DE",
    "elfenbeinkuste": "CI",
    "elfenbeinkueste": "CI",
    "ivory coast": "CI",
    "volksrepublik china": "CN",
    "vr china": "CN",
    "pr china": "CN",
    "uae": "AE",
    "d": "DE",
    "a": "AT",
    "f": "FR",
    "i": "IT",
    "b": "BE",
    "l": "LU",
    "e": "ES",
    "p": "PT",
    "s": "SE",
    "n": "NO",
    "fl": "LI",
}
"""Short and old names that neither source has: everyday names, the VAT prefix EL, and the signs of
cars that stand before postal codes (D-80331). A state that is no more is nobody."""


_LONGEST_CODE = 3
"""A code has two or three letters, and no accent."""

_NORTHERN_IRELAND = ("GB", "Northern Ireland")
_CANARIES = ("ES", "Canarias")

PARTS = {
    **dict.fromkeys(
        (
            *("northern ireland", "nordirland", "nord irland", "north ireland", "irlande du nord", "xi"),
            *("irlanda del nord", "irlanda del norte", "noord ierland", "irlandia polnocna", "gb nir"),
            *("uk northern ireland", "northern ireland uk", "united kingdom northern ireland"),
            *("northern ireland united kingdom", "gb northern ireland", "northern ireland gb"),
            *("vereinigtes konigreich nordirland", "nordirland vereinigtes konigreich", "uk nordirland"),
        ),
        _NORTHERN_IRELAND,
    ),
    **dict.fromkeys(
        ("kanarische inseln", "kanaren", "canary islands", "islas canarias", "canarias", "iles canaries"),
        _CANARIES,
    ),
}
"""Names of a part of a country, in which VAT differs, → code of the country, name of the part."""


def country_part(text: str) -> str:
    """The part of a country that a name means (``Nordirland`` → ``Northern Ireland``); else empty."""
    return PARTS.get(_normal(text), ("", ""))[1]


def country_code(text: str) -> str | None:
    """The alpha-2 code of a country written as code or name; None if it is not known or not clear.

    A name in several languages (``Belgique/België``) or beside its code (``DE - Deutschland``, ``Deutschland
    (DE)``) means a country where all of them mean the same.
    """
    text = unicodedata.normalize("NFKC", visible(text))
    whole = _code_of_text(text)
    if whole:
        return whole
    pieces = [piece for piece in re.split(r"[/|()]|\s[-\u2013\u2014]\s", text) if piece.strip()]
    codes = {_code_of_text(piece) for piece in pieces} if pieces != [text] else {None}
    return codes.pop() if len(codes) == 1 else None


def _code_of_text(text: str) -> str | None:
    name = _normal(text)
    if not name:
        return None
    plain = all(sign.isascii() for sign in text if sign.isalnum())
    accented = _accented_names().get(_accented(text))
    found = _code_of(name) if plain or len(name) > _LONGEST_CODE else _named(name)
    if accented and found and accented != found and not text.isupper():
        return None  # Nga: Russia in Vietnamese, or Nigeria's code
    return found or accented


def _code_of(name: str) -> str | None:
    if name in PARTS:
        return PARTS[name][0]
    if name in ALIASES:
        return ALIASES[name] or None
    return _codes().get(name) or _named(name)


def _named(name: str) -> str | None:
    return _names(FIRST_LANGUAGES).get(name) or _names(OTHER_LANGUAGES).get(name)


def _accented(text: str) -> str:
    """Letters with their accents, without case."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", text.casefold())).strip()


@cache
def _accented_names() -> dict[str, str]:
    territories = Locale.parse(ACCENTED_LANGUAGE).territories
    known = {country.alpha_2 for country in pycountry.countries} | {"XK"}
    return {_accented(written): code for code, written in territories.items() if code in known}


def _normal(text: str) -> str:
    """Letters and digits only, without accents and case; ß becomes ss."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    words = re.sub(r"[\W_]+", " ", letters).strip()
    return re.sub(r"^(the|die|der|la|le|les|el) (?=\w{3})", "", words)


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for country in pycountry.countries:
        for name in ("alpha_2", "alpha_3", "name", "official_name", "common_name"):
            written = getattr(country, name, None)
            if written:
                found[_normal(written)] = country.alpha_2
    return found


@cache
def _names(languages: tuple[str, ...]) -> dict[str, str]:
    """Name → code; a name that means different countries in these languages is left out."""
    known = {country.alpha_2 for country in pycountry.countries} | {"XK"}
    found: dict[str, set[str]] = {}
    for language in languages:
        for code, written in Locale.parse(language).territories.items():
            if code in known:
                for variant in {written, re.sub(r"\(.*\)|\[.*\]", "", written), written.replace("&", "und")}:
                    found.setdefault(_normal(variant), set()).add(code)
    return {name: min(codes) for name, codes in found.items() if name and len(codes) == 1}
