"""The posting text (EXTF field 14) from the tenant's pattern."""

from collections.abc import Mapping
from string import Formatter

from connector.errors import DataError, Problem

POSTING_TEXT_NAMES = ("number", "buyer", "title", "deal_id")
"""What a pattern may name."""


def fill_pattern(pattern: str, values: Mapping[str, str]) -> str:
    """Fill ``{buyer} {title}`` and the like; values are put in as they stand, never read as patterns.

    Raises:
        DataError: the pattern names something unknown or is not well formed.
    """
    try:
        parts = list(Formatter().parse(pattern))
        return "".join(literal + (values[name] if name is not None else "") for literal, name, _, _ in parts)
    except (KeyError, ValueError) as error:
        names = ", ".join(f"{{{name}}}" for name in POSTING_TEXT_NAMES)
        problem = Problem(
            "posting_text_pattern",
            f"The pattern of the posting text {pattern!r} cannot be filled: {error}.",
            field="terms.posting_text",
            cure=f"Use only {names} in the pattern.",
        )
        raise DataError([problem]) from error
