import pycountry
import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.pipedrive.countries import country_code, country_part

MEMBERS = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
EU = [country.alpha_2 for country in pycountry.countries if country.alpha_2 in MEMBERS]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Deutschland", "DE"),
        ("GERMANY", "DE"),
        ("D", "DE"),
        ("Allemagne", "DE"),
        ("Österreich", "AT"),
        ("Oesterreich", "AT"),
        ("DE - Deutschland", "DE"),
        ("Deutschland (DE)", "DE"),
        ("Schweiz – CH", "CH"),
        ("Autriche", "AT"),
        ("at", "AT"),
        ("AUT", "AT"),
        ("Suisse", "CH"),
        ("Svizzera", "CH"),
        ("The Netherlands", "NL"),
        ("Holland", "NL"),
        ("Czech Republic", "CZ"),
        ("Tschechien", "CZ"),
        ("Česko", "CZ"),
        ("Ελλάδα", "GR"),
        ("EL", "GR"),
        ("United Kingdom", "GB"),
        ("UK", "GB"),
        ("U.K.", "GB"),
        ("England", "GB"),
        ("Northern Ireland", "GB"),
        ("Irland", "IE"),
        ("Island", "IS"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States", "US"),
        ("Estados Unidos", "US"),
        ("Türkiye", "TR"),
        ("Türkei", "TR"),
        ("Turkey", "TR"),
        ("Österrike", "AT"),
        ("Slovensko", "SK"),
        ("Slovenija", "SI"),
        ("Kosovo", "XK"),
        ("GER", "DE"),
        ("Svizra", "CH"),
        ("Schwiiz", "CH"),
        ("Elfenbeinküste", "CI"),
        ("XK", "XK"),
        ("Hongkong", "HK"),
        ("Weißrussland", "BY"),
        ("Republik Irland", "IE"),
        ("Áo", "AT"),
        ("DE\u200b", "DE"),
        ("\ufeffDE", "DE"),
        ("“AT”", "AT"),
        ("ＡＴ", "AT"),
        ("Vereinigte Staaten von Amerika", "US"),
        ("Bosnien-Herzegowina", "BA"),
        ("Mỹ", None),
        ("Bỉ", "BE"),
        ("Đức", "DE"),
        ("Nga", None),
        ("NGA", "NG"),
        ("Ào", None),
        ("XI", "GB"),
        ("UK (Northern Ireland)", "GB"),
        ("Northern Ireland (UK)", "GB"),
        ("GB-NIR", "GB"),
        ("Nord-Irland", "GB"),
        ("Republik Österreich", "AT"),
        ("Tschechische Republik", "CZ"),
        ("Česká republika", "CZ"),
        ("République française", "FR"),
        ("Ellada", "GR"),
        ("Ελλάς", "GR"),
        ("ΕΛΛΑΣ", "GR"),
        ("Hellenische Republik", "GR"),
        ("Fürstentum Monaco", "MC"),
        ("Fuerstentum Monaco", "MC"),
        ("Principauté de Monaco", "MC"),
        ("Fürstentum Liechtenstein", "LI"),
        ("Großherzogtum Luxemburg", "LU"),
        ("Königreich der Niederlande", "NL"),
        ("Königreich Belgien", "BE"),
        ("Schweizerische Eidgenossenschaft", "CH"),
        ("Confédération suisse", "CH"),
        ("Confoederatio Helvetica", "CH"),
        ("Französisch Saint-Martin", "MF"),
        ("Französisch-Sankt Martin", "MF"),
        ("Belgique/België", "BE"),
        ("België / Belgique / Belgien", "BE"),
        ("Suisse|Schweiz", "CH"),
        ("GB/UK", "GB"),
        ("Belgique/Nederland", None),
        ("n/a", None),
        ("/", None),
        ("Belgique/", "BE"),
        ("Belgique/irgendwo", None),
        ("Moldau", "MD"),
        ("Vatican", "VA"),
        ("Palestine", "PS"),
        ("Burma", "MM"),
        ("Kanarische Inseln", "ES"),
        ("Ivory Coast", "CI"),
        ("Volksrepublik China", "CN"),
        ("中国", "CN"),
        ("中國", "CN"),
        ("日本", "JP"),
        ("대한민국", "KR"),
        ("سويسرا", "CH"),
        ("שווייץ", "CH"),
    ],
)
def test_a_country_is_known_by_many_names(text, code):
    assert code == country_code(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Nordirland", "Northern Ireland"),
        ("XI", "Northern Ireland"),
        ("Kanarische Inseln", "Canarias"),
        ("United Kingdom", ""),
        ("", ""),
    ],
)
def test_a_name_may_mean_a_part_of_a_country(text, part):
    assert part == country_part(text)


@pytest.mark.parametrize(
    "text", ["", "  ", "Bayern", "Deutschlnd", "Europa", "EU", "??", "1234", "DDR", "Korea", "Dubai"]
)
def test_what_is_no_country_stays_unknown(text):
    assert country_code(text) is None


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_country_is_known_by_its_own_german_and_english_name(language):
    territories = Locale.parse(language).territories
    known = {country.alpha_2 for country in pycountry.countries}
    wrong = {
        name: country_code(name)
        for code, name in territories.items()
        if code in known and country_code(name) != code
    }
    assert {} == wrong


@pytest.mark.parametrize("language", ["fr", "it", "es", "nl", "pl", "cs", "da", "sv", "fi", "pt", "hu", "el"])
def test_the_states_of_the_union_are_known_in_their_neighbours_languages(language):
    territories = Locale.parse(language).territories
    assert EU == [country_code(territories[code]) for code in EU]


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_known_country_or_none(text):
    found = country_code(text)
    assert found is None or (len(found) == 2 and found.isupper())
