"""Pipedrive's times."""

from datetime import UTC, datetime
from typing import Any

from connector.pipedrive.shapes import YEARS


def moment(text: Any) -> datetime | None:
    """A time of Pipedrive: RFC 3339 (v2), or without zone and then UTC (v1). None if empty.

    :raises ValueError: neither, or a year in which nothing of ours can lie.
    """
    if text is None or text == "":
        return None
    found = datetime.fromisoformat(str(text))
    if found.year not in YEARS:
        raise ValueError(f"{text!r} is no time of our days")
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as e:
        raise ValueError(f"{text!r} is no time") from e


def rfc3339(instant: datetime) -> str:
    """A moment as v2 takes it: UTC, whole seconds (fractions are answered with 400)."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
