"""A deal's bundle from a file of a person's own: JSON, read without losing a digit or a line."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from connector.errors import DataError, Problem
from connector.tenants.small_files import FileTooLargeError, read_small_file

LARGEST_BUNDLE = 16 * 1024 * 1024
"""Bytes; the largest real deal has some hundred kilobytes, so a larger file was named by mistake."""

_MOST_DIGITS = 1000
"""Python converts up to 4,300 digits; no number of a deal comes near either."""


def read_bundle_file(path: Path) -> dict[str, Any]:
    """The bundle; numbers with a point become Decimals, so that no cent is lost to a float.

    :param path: ``-`` for stdin.
    :raises DataError: no JSON object, or one that has a key twice: which of the two holds, nobody can tell.
    """
    try:
        content = _content(path)
    except OSError as e:
        raise _unreadable(path, e.strerror or "it cannot be opened") from e
    except FileTooLargeError as e:
        raise _unreadable(path, "it is larger than any deal") from e
    twice: dict[str, None] = {}

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _value in pairs]
            of = f" of the record with the id {found['id']!s:.40}" if "id" in found else ""
            twice.update(dict.fromkeys(f"{key!r:.60}{of}" for key in found if keys.count(key) > 1))
        return found

    try:
        bundle = json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=unique,
            parse_float=_exact,
            parse_int=_whole,
            parse_constant=str,
        )
    except UnicodeDecodeError as e:
        raise _unreadable(path, "it is not UTF-8") from e
    except json.JSONDecodeError as e:
        raise _unreadable(path, f"line {e.lineno}, column {e.colno}: {e.msg}") from e
    except RecursionError as e:
        raise _unreadable(path, "it is nested deeper than any deal") from e
    if twice:
        what = f"one object has the same key twice, and one of the two would be lost: {', '.join(twice)}"
        raise _unreadable(path, what, "Leave only the one that holds.")
    if not isinstance(bundle, dict):
        raise _unreadable(path, "it is no JSON object")
    return bundle


def _content(path: Path) -> bytes:
    if str(path) != "-":
        return read_small_file(path, LARGEST_BUNDLE)
    with click.open_file("-", "rb") as stdin:
        content: bytes = stdin.read(LARGEST_BUNDLE + 1)
    if len(content) > LARGEST_BUNDLE:
        raise FileTooLargeError
    return content


def _exact(written: str) -> Decimal | str:
    """A number with a point or an exponent; one beyond all reason stays text, as NaN and Infinity do.

    Whoever wants a number there names the line and the field, which a JSON reader cannot.
    """
    try:
        return Decimal(written)
    except InvalidOperation:
        return written


def _whole(written: str) -> int | str:
    """A number without a point; one of more digits than Python converts stays text, as above."""
    return int(written) if len(written) <= _MOST_DIGITS else written


def _unreadable(path: Path, why: str, cure: str = "") -> DataError:
    return DataError(
        [
            Problem(
                "bundle_unreadable",
                f"The bundle {path} cannot be read: {why}.",
                "--bundle",
                cure or 'It is a JSON object such as {"deal": {…}, "organization": {…}, "products": […]}.',
            )
        ]
    )
