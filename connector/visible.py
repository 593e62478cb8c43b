"""Texts of others on a screen: what a screen would obey is written out instead.

A deal's title is the salesperson's, a partner's answer the partner's. An escape sequence in it would move the
cursor, set the window's title or colour what follows; U+202E would turn the rest of the line around.
"""

import json
import unicodedata
from collections.abc import Callable

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories: control, format and half characters, ends of lines and paragraphs."""

_JOINERS = frozenset("\u200c\u200d")
"""Format characters that move nothing and are part of Persian words and of many emoji."""


def written_out(text: str, *, lines: bool = False) -> str:
    """The text with every such character as its escape, ``\\x1b`` or ``\\u202e``.

    :param lines: leave ends of lines and tabs as they are, for where they only are white space (HTML).
    """
    return _replaced(text, keep="\n\r\t" if lines else "", escape=_python_escape)


def written_out_in_json(document: str) -> str:
    """The same for a JSON document, which means what it meant before.

    ``json.dumps`` escapes the control characters of ASCII, but neither those beyond nor U+202E. Outside its
    strings stand only ends of lines.
    """
    return _replaced(document, keep="\n", escape=lambda character: json.dumps(character)[1:-1])


def _replaced(text: str, *, keep: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(
        escape(character) if _is_obeyed(character) and character not in keep else character
        for character in text
    )


def _is_obeyed(character: str) -> bool:
    return unicodedata.category(character) in _OBEYED and character not in _JOINERS


def _python_escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
