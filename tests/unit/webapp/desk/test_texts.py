"""What the desk says: both languages have everything, and pages ask for nothing else."""

import re
import string
import tomllib
from pathlib import Path

import pytest

from connector.pipeline.desk.roles import Role
from connector.pipeline.desk.rooms import GROUPS
from connector.pipeline.states import BATCH_STATES, RUN_STATES
from webapp.desk.texts import LANGUAGES, Texts, catalogue
from webapp.desk.texts.sentences import said, sentences

REPOSITORY = Path(__file__).parents[4]
TEMPLATES = sorted((REPOSITORY / "webapp" / "templates" / "desk").glob("*.html"))
SOURCES = sorted((REPOSITORY / "webapp" / "desk").glob("*.py"))
TAX_RULES = tomllib.loads((REPOSITORY / "config" / "tax_rules.toml").read_text("utf-8"))

_ASKED = re.compile(r"""\bt\(["']([a-z_.A-Z]+)["'][,)]""")
_BUILT = re.compile(r"""\bt\(["']([a-z_.]+)["'] ~""")
_KNOWN = re.compile(r"""t\.known\(["'][a-z_.]+["'] ~ [a-z_.]+, ["']([a-z_.]+)["']\)""")
_TERNARY = re.compile(r"""\bt\("([a-z_.]+)"\) if [^}]+? else t\("([a-z_.]+)\"""")


def placeholders(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name}


def asked_for() -> set[str]:
    found: set[str] = set()
    for path in (*TEMPLATES, *SOURCES):
        text = path.read_text("utf-8")
        found |= set(_ASKED.findall(text)) | set(_KNOWN.findall(text))
        found |= {key for pair in _TERNARY.findall(text) for key in pair}
    return found


def because(table: object) -> set[str]:
    """Every reason in the table of tax rules, however deep."""
    if isinstance(table, dict):
        own = {table["because"]} if isinstance(table.get("because"), str) else set()
        return own.union(*(because(value) for value in table.values()))
    if isinstance(table, list):
        return set().union(*(because(value) for value in table))
    return set()


def test_both_languages_have_the_same_keys() -> None:
    assert set(catalogue("de")) == set(catalogue("en"))


@pytest.mark.parametrize("key", sorted(catalogue("de")))
def test_a_text_has_the_same_placeholders_in_both_languages(key: str) -> None:
    assert placeholders(catalogue("de")[key]) == placeholders(catalogue("en")[key])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_has_spaces_around_it(language: str) -> None:
    assert {} == {key: text for key, text in catalogue(language).items() if not text or text != text.strip()}


def test_pages_ask_only_for_texts_that_there_are() -> None:
    asked = asked_for()

    assert len(asked) > 80, "the search finds what templates ask for"
    assert set() == asked - set(catalogue("de"))


def test_no_text_is_there_that_nobody_asks_for() -> None:
    built = {key for path in (*TEMPLATES, *SOURCES) for key in _BUILT.findall(path.read_text("utf-8"))}
    prefixes = (*built, "event.", "arrived.", "password.password_")

    unused = {key for key in catalogue("de") if key not in asked_for() and not key.startswith(prefixes)}
    assert set() == unused


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_data_choose_has_a_text(language: str) -> None:
    t = Texts(language)
    keys = {f"short.{state}" for state in RUN_STATES if state != "done"}
    keys |= {f"state.{state}" for state in RUN_STATES if state not in {"posted", "done"}}
    keys |= {"state.posted_extf", "state.posted_dxso"}
    keys |= {f"batch.{state}" for state in BATCH_STATES}
    keys |= {f"deals.{group}" for group in GROUPS}
    keys |= {f"role.{role}" for role in Role}
    keys |= {f"content.{content}" for content in ("debtors", "postings", "ledger")}
    keys |= {f"submission.{state}" for state in ("intended", "accepted", "succeeded", "failed", "abandoned")}
    keys |= {f"deal.pdf_origin_{origin}" for origin in ("made", "pipedrive")}

    assert all(t(key) for key in keys)


def test_a_text_that_data_choose_and_nobody_wrote_falls_back() -> None:
    assert "Vermerk" == Texts("de").known("event.something_new", "event.other")


def test_every_german_reason_has_title_and_cure_and_no_others() -> None:
    reasons = tomllib.loads((REPOSITORY / "webapp/desk/texts/reasons_de.toml").read_text("utf-8"))

    assert {} == {code: set(reason) for code, reason in reasons.items() if set(reason) != {"title", "cure"}}


def test_every_german_reason_is_one_that_the_program_gives() -> None:
    """A code that was renamed would leave its German text behind."""
    reasons = tomllib.loads((REPOSITORY / "webapp/desk/texts/reasons_de.toml").read_text("utf-8"))
    text = "".join(path.read_text("utf-8") for path in (REPOSITORY / "connector").rglob("*.py"))
    text += (REPOSITORY / "config" / "tax_rules.toml").read_text("utf-8")

    assert [] == [code for code in reasons if f'"{code}"' not in text]


def test_a_german_sentence_has_the_placeholders_of_the_english_one_or_fewer() -> None:
    wrong = {
        english
        for english, german in sentences().items()
        if not placeholders(german) <= placeholders(english)
    }

    assert set() == wrong


def test_every_tax_case_is_explained_in_german() -> None:
    written = {english.removesuffix(" (rule {rule_name}, {rule_table})") for english in sentences()}

    assert len(because(TAX_RULES)) > 20
    assert set() == because(TAX_RULES) - written


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("customer in DE, business", "Kunde in DE, Unternehmen"),
        (
            "domestic supply at 19 % (rule domestic_19, table 2026-11.7)",
            "Inlandsumsatz zu 19 % (Regel domestic_19, table 2026-11.7)",
        ),
        ("→ 8400, no key: automatic account", "→ Konto 8400, kein BU-Schlüssel: Automatikkonto"),
        (
            "account 8405 by the tenant's mapping → 8405, key 3: account without function",
            "Konto 8405 laut Zuordnung (the tenant's mapping), BU-Schlüssel 3: Konto ohne Automatik",
        ),
        ("Debtor 10000 is new.", "Debitor 10000 ist neu."),
    ],
)
def test_a_sentence_of_the_program_is_said_in_german(english: str, german: str) -> None:
    assert (german, "de") == (said(english, "de").text, said(english, "de").language)
    assert (english, "en") == (said(english, "en").text, said(english, "en").language)


def test_a_sentence_that_is_not_known_stays_english_and_says_so() -> None:
    assert ("Something new happened.", "en") == (
        said("Something new happened.", "de").text,
        said("Something new happened.", "de").language,
    )
