"""Whether the parts of a bundle belong together: one deal, its own buyer, and nothing of it twice.

Else an invoice goes to a stranger, or a line is billed twice, and nothing about the amounts shows it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from connector.errors import Problem
from connector.pipedrive.shapes import READ_AGAIN, id_of, records_of

_LINKS = (("organization", "org_id"), ("person", "person_id"))

_OF_A_DEAL = ("products", "discounts", "installments")
"""Lists whose records name their deal (``deal_id``)."""

_ONCE = ("products", "discounts")
"""Lists in which a record that stands twice counts twice; of instalments their plan tells it."""


def belonging_problems(bundle: Mapping[str, Any]) -> list[Problem]:
    """Everything in a bundle that belongs to another deal or buyer, or stands there twice.

    :param bundle: its deal is an object with a readable id.
    """
    return [*_strange_buyers(bundle), *_strange_records(bundle), *_repeated(bundle), *_two_products(bundle)]


def _strange_buyers(bundle: Mapping[str, Any]) -> Iterator[Problem]:
    for part, key in _LINKS:
        record, linked = bundle.get(part), id_of(bundle["deal"].get(key))
        found = id_of(record.get("id")) if isinstance(record, Mapping) else None
        if linked is not None and found is not None and linked != found:
            yield Problem(
                "buyer_differs",
                f"The deal is linked to the {part} {linked}, but what was read is the {part} {found}.",
                f"{part}.id",
                READ_AGAIN,
            )


def _strange_records(bundle: Mapping[str, Any]) -> Iterator[Problem]:
    own = id_of(bundle["deal"].get("id"))
    for part in _OF_A_DEAL:
        for record in records_of(bundle, part):
            named = record.get("deal_id")
            if named is not None and id_of(named) != own:
                yield Problem(
                    "record_of_other_deal",
                    f"The {part} of the deal {own} hold one of the deal {named!r:.60}.",
                    f"{part}.deal_id",
                    READ_AGAIN,
                )


def _repeated(bundle: Mapping[str, Any]) -> Iterator[Problem]:
    for part in _ONCE:
        ids = Counter(str(record.get("id")) for record in records_of(bundle, part))
        # In a bundle of a person's own the ids may be left out.
        for found in (found for found, times in ids.items() if times > 1 and found != "None"):
            yield Problem(
                "record_twice",
                f"The deal's {part} hold the one with the id {found:.60} more than once.",
                f"{part}.id",
                READ_AGAIN,
            )


def _two_products(bundle: Mapping[str, Any]) -> Iterator[Problem]:
    """The same product read twice is one; with two different records, which of them holds is open."""
    known: dict[str, Mapping[str, Any]] = {}
    for record in records_of(bundle, "catalog"):
        before = known.setdefault(str(record.get("id")), record)
        if before != record:
            yield Problem(
                "record_twice",
                f"The catalog holds two different products with the id {record.get('id')!s:.60}.",
                "catalog.id",
                READ_AGAIN,
            )
