"""Texts as PostgreSQL can keep them.

A partner's JSON may carry NUL (``\\u0000``) and half surrogates (``\\ud800``), which no column of text or
``jsonb`` takes. They are replaced, not dropped: a reader must see that something stood there, and two
different names must not become the same one unseen.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

REPLACEMENT = "\ufffd"
"""Unicode's own sign for "a character that could not be shown"."""

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")

_PERHAPS_NOT_STORABLE = re.compile(r"\\u0000|\\ud[89a-f]")
"""How they look in what ``json.dumps`` writes. Whole surrogate pairs (emoji) are found too, and then kept."""


def storable(text: str) -> str:
    """The text with NULs and half surrogates replaced."""
    # Most texts are keys and JSON, and this question costs a tenth of the search.
    if text.isascii() and "\0" not in text:
        return text
    return _NOT_STORABLE.sub(REPLACEMENT, text)


def storable_value(value: Any) -> Any:
    """The same for every text within dicts, lists and tuples, keys included."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable_value(key): storable_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(storable_value(inner) for inner in value)
    return value


def storable_json(value: Any) -> str:
    """JSON that ``jsonb`` takes."""
    text = json.dumps(value)
    return json.dumps(storable_value(value)) if _PERHAPS_NOT_STORABLE.search(text) else text
