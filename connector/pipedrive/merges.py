"""What a webhook delivery says about a merge of organizations or persons.

A merge deletes one record (the deletion names the survivor in ``merged_to_id``) and changes the other
(``merged_from_id``); our hooks ask for deletions only, which are few.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import DataError, Problem

MERGEABLE = ("organization", "person")
"""Kinds of records that can be a deal's buyer."""

_ID = re.compile(r"[1-9][0-9]{0,17}")

_NOBODY = (None, "", 0, "0")
"""How an id says that there is none."""


@dataclass(frozen=True, slots=True)
class PartyMerge:
    """Two buyers became one."""

    party: str
    """Whose record is gone: ``organization:17``."""
    into_party: str
    """Whose record holds the data of both."""


def parse_merge(body: Any) -> PartyMerge | None:
    """The merge that a parsed JSON body tells of, in either version; None if it tells of something else.

    :raises DataError: it is a merge, but its ids are none.
    """
    meta = body.get("meta") if isinstance(body, Mapping) else None
    if not isinstance(meta, Mapping):
        return None
    kind = meta.get("entity", meta.get("object"))
    if kind not in MERGEABLE:
        return None
    own = meta.get("entity_id", meta.get("id"))
    gone, survivor = own, meta.get("merged_to_id")
    if survivor in _NOBODY:
        gone, survivor = meta.get("merged_from_id"), own
        if gone in _NOBODY:
            return None
    merge = PartyMerge(f"{kind}:{_id(gone)}", f"{kind}:{_id(survivor)}")
    return merge if merge.party != merge.into_party else None


def _id(value: Any) -> str:
    """Ids are numbers in version 1 and strings in version 2."""
    if isinstance(value, int | str) and not isinstance(value, bool) and _ID.fullmatch(str(value)):
        return str(value)
    raise DataError(
        [
            Problem(
                "delivery_malformed",
                "The delivery tells of a merge whose ids are none.",
                "meta",
                "Send Pipedrive's webhooks (version 1.0 or 2.0) to this address, and nothing else.",
            )
        ]
    )
