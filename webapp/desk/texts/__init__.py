"""What the desk's pages say: one table per language, both with the same keys."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from webapp.desk.texts.sentences import Sentence, said

LANGUAGES = ("de", "en")


class Texts:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = catalogue(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text under a key such as ``deals.none``, its placeholders filled in.

        :raises KeyError: there is none; a test finds those that templates ask for.
        """
        return self._texts[key].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """The text under a key that data decide about; where there is none, that under another key."""
        return self._texts.get(key) or self._texts[otherwise]

    def said(self, sentence: str) -> Sentence:
        """A sentence of the program in this language, or in English."""
        return said(sentence, self.language)

    def reason(self, code: str) -> tuple[str, str] | None:
        """Cause and cure by an error's code; None: only the program's own English words are there."""
        if self.language != "de":
            return None
        found = _german_reasons().get(code)
        return (found["title"], found["cure"]) if found else None


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every text of a language by its dotted key."""
    return dict(_flat(_read(f"{language}.toml")))


@cache
def _german_reasons() -> Mapping[str, Mapping[str, str]]:
    return _read("reasons_de.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / name).read_text("utf-8"))


def _flat(table: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        found += _flat(value, f"{above}{key}.") if isinstance(value, Mapping) else [(f"{above}{key}", value)]
    return found
