"""Sentences that the program has written down in English, in German where there is a German one.

The journal and the reasons of a posting are written once, by code that knows no reader. A sentence that is
not in ``sentences_de.toml`` is shown as it stands, marked as English.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_VALUE = re.compile(r"\\\{(\w+)\\\}")
"""A placeholder, as ``re.escape`` leaves it."""

_RULE = " (rule {rule_name}, {rule_table})"
"""What stands behind every tax case's reason."""

_GERMAN_RULE = " (Regel {rule_name}, {rule_table})"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as a reader of one language sees it."""

    text: str
    language: str
    """``en`` where there is no other."""


def said(sentence: str, language: str) -> Sentence:
    """The sentence in the reader's language, as far as there is one."""
    if language == "de":
        for pattern, german in _patterns():
            if found := pattern.fullmatch(sentence):
                return Sentence(german.format(**found.groupdict()), "de")
    return Sentence(sentence, "en")


@cache
def sentences() -> Mapping[str, str]:
    """English sentence → German one, both with the same placeholders."""
    tables = tomllib.loads((Path(__file__).parent / "sentences_de.toml").read_text("utf-8"))
    plain = {english: german for name in ("story", "rule", "why") for english, german in tables[name].items()}
    ruled = {english + _RULE: german + _GERMAN_RULE for english, german in tables["tax"].items()}
    return {**plain, **ruled}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those without placeholders first: a sentence that is known whole is not taken apart."""
    ordered = sorted(sentences().items(), key=lambda pair: pair[0].count("{"))
    return tuple((_pattern(english), german) for english, german in ordered)


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile(_VALUE.sub(r"(?P<\1>.+?)", re.escape(english)))
