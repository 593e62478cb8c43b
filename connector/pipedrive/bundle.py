"""Everything about one deal in one JSON document: what a preview reads and the pipeline keeps as evidence.

Shape: ``deal``, ``organization``, ``person``, ``products`` (the deal's lines), ``discounts``,
``installments``, ``catalog`` (the products behind the lines), ``deal_fields``, ``organization_fields``,
``person_fields``, ``product_fields``, ``files`` in Pipedrive's REST v2 shapes (files in v1's), and
``unavailable``: part → why it could not be read. Numbers with a decimal point are strings, because JSON
readers make floats of them.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from connector.errors import DataError, NotFoundError, PermissionMissingError, Problem
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.field_values import UnreadableValueError, is_ambiguous, number
from connector.pipedrive.listed_deals import STATUSES
from connector.pipedrive.moments import moment
from connector.pipedrive.operations import ENTITIES
from connector.pipedrive.shapes import READ_AGAIN, file_problems, flag_of, id_of, is_list_of_records
from connector.pipedrive.transport import Record
from connector.storable import storable

_WRITTEN_OUT = 100
"""Digits; more than any number that is read as one."""

Definitions = Mapping[str, Sequence[Mapping[str, Any]]]
"""Entity → its field definitions."""


def read_definitions(client: PipedriveClient, entities: Sequence[str] = ENTITIES) -> dict[str, Any]:
    """The field definitions of some entities, JSON-safe, to be cached."""
    return {entity: json_safe(client.field_definitions(entity)) for entity in entities}


def read_bundle(client: PipedriveClient, deal_id: int, *, definitions: Definitions) -> dict[str, Any]:
    """Read a deal and everything that hangs on it.

    :param definitions: from :func:`read_definitions`, as cached; ask
        :func:`connector.pipedrive.fields.stale_entities` of the result whether they are too old, and if so
        put newer ones in with :func:`with_definitions`.
    :raises NotFoundError: the deal itself is gone or hidden. A buyer that is gone or hidden is ``None`` with
        a sentence under ``unavailable``.
    :raises DataError: the deal's value, times, labels or links cannot be read (:func:`deal_problems`), or its
        status or files cannot.
    """
    deal = client.deal(deal_id)
    problems = [*status_problems(deal), *deal_problems(deal)]
    if problems:
        raise DataError(problems)
    unavailable: dict[str, str] = {}
    lines = client.lines(deal_id)
    products = {found for line in lines if (found := id_of(line.get("product_id"))) is not None}
    bundle: dict[str, Any] = {
        "deal": deal,
        "organization": _buyer("organization", client.organization, deal.get("org_id"), unavailable),
        "person": _buyer("person", client.person, deal.get("person_id"), unavailable),
        "products": lines,
        "discounts": client.discounts(deal_id),
        "installments": _installments(client, deal_id, unavailable),
        "catalog": client.products(products),
        "files": client.files(deal_id),
        "unavailable": unavailable,
    }
    if problems := [*file_problems(bundle["files"]), *_ambiguous_numbers(bundle)]:
        raise DataError(problems)
    return with_definitions(json_safe(bundle), definitions)


def with_definitions(bundle: Mapping[str, Any], definitions: Definitions) -> dict[str, Any]:
    """The bundle with these field definitions in place of its own; entities not named keep theirs."""
    return {**bundle, **{f"{entity}_fields": list(fields) for entity, fields in definitions.items()}}


def deal_problems(deal: Mapping[str, Any]) -> list[Problem]:
    """What cannot be read of that by which a deal is booked or left alone.

    That is its value, times, labels, pipeline and buyer.
    """
    problems = [value_problem(deal.get("value"))] if deal.get("value") is not None else []
    problems += [_moment_problem(deal, key) for key in ("won_time", "first_won_time")]
    labels = deal.get("label_ids")
    if labels and not (isinstance(labels, list) and all(id_of(label) is not None for label in labels)):
        what = f"The deal's labels are no list of ids: {labels!r:.60}."
        problems.append(Problem("labels_unreadable", what, "label_ids", READ_AGAIN))
    problems += [
        Problem("link_unreadable", f"The deal's {key} is no id: {deal[key]!r:.60}.", key, READ_AGAIN)
        for key in ("org_id", "person_id", "pipeline_id")
        if deal.get(key) is not None and id_of(deal[key]) is None
    ]
    deleted = deal.get("is_deleted")
    if deleted is not None and flag_of(deleted) is None:
        what = f"Whether the deal is deleted cannot be read: {deleted!r:.60}."
        problems.append(Problem("flag_unreadable", what, "is_deleted", READ_AGAIN))
    return [problem for problem in problems if problem is not None]


_NUMBERS = {
    "products": ("item_price", "quantity", "tax", "discount"),
    "discounts": ("amount",),
    "installments": ("amount",),
}
"""Numbers by which the invoice's amounts are reckoned."""


def _ambiguous_numbers(bundle: Mapping[str, Any]) -> list[Problem]:
    """Numbers that came as texts and may mean a thousand times as much; true numbers may look the same."""
    return [
        Problem(
            "number_ambiguous",
            f"The deal's {part} have the text {record[key]!r} as {key}: the sign in it may part thousands "
            "or decimals.",
            f"{part}.{key}",
            "Enter the number again in Pipedrive, or read the deal again.",
        )
        for part, keys in _NUMBERS.items()
        for record in (bundle[part] if is_list_of_records(bundle[part]) else ())
        for key in keys
        if isinstance(record.get(key), str) and is_ambiguous(record[key])
    ]


def status_problems(deal: Mapping[str, Any]) -> list[Problem]:
    """A status that Pipedrive does not have: the deal is not won, but nobody has reopened it either."""
    status = deal.get("status")
    if isinstance(status, str) and status in STATUSES.split(","):
        return []
    known = ", ".join(STATUSES.split(","))
    what = f"The deal's status is none of {known}: {status!r:.60}."
    return [Problem("status_unreadable", what, "status", READ_AGAIN)]


def value_problem(value: Any) -> Problem | None:
    """Why a deal's value is no amount; None if it is one."""
    try:
        number(value)
        # The value is computed by Pipedrive, never written by a person as 1.234,56.
        Decimal(str(value))
    except (UnreadableValueError, InvalidOperation) as e:
        why = str(e) if isinstance(e, UnreadableValueError) else f"{value!r:.60} is no number"
        return Problem(
            "value_unreadable", f"The deal's value cannot be read: {why}.", "value", "Enter the deal's value."
        )
    return None


def _moment_problem(deal: Mapping[str, Any], key: str) -> Problem | None:
    written = deal.get(key)
    if written is None or written == "":
        return None
    try:
        moment(written)
        if isinstance(written, str) and datetime.fromisoformat(written).tzinfo is not None:
            return None
    except ValueError:
        pass
    return time_unreadable(deal, key)


def time_unreadable(deal: Mapping[str, Any], key: str) -> Problem:
    """That a time of the deal is none."""
    return Problem(
        "time_unreadable",
        f"The deal's {key} is no time of our days with a time zone: {deal.get(key)!r:.60}.",
        key,
        "Write it as 2026-01-31T10:00:00Z, or read the deal again.",
    )


def json_safe(value: Any) -> Any:
    """The same with every Decimal as a string, so that no JSON writer or reader can round it.

    What JSON has no word for (NaN, Infinity) becomes text, too; so does an exponent that would take pages to
    write out. Whoever reads it as a number refuses it. In texts, what PostgreSQL does not take is replaced.

    :raises DataError: nested deeper than any record of Pipedrive.
    """
    try:
        return _json_safe(value)
    except RecursionError as e:
        what = "Pipedrive's answer about the deal is nested deeper than any record."
        raise DataError([Problem("nested_too_deep", what, "deal", READ_AGAIN)]) from e


def _json_safe(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < _WRITTEN_OUT else str(value)
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): _json_safe(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(inner) for inner in value]
    return value


def _buyer(
    part: str, read: Callable[[int], Record], record_id: Any, unavailable: dict[str, str]
) -> Record | None:
    if record_id is None:
        return None
    try:
        return read(record_id)
    except NotFoundError:
        unavailable[part] = f"The {part} {record_id} is deleted, merged or hidden from the connected user."
    except PermissionMissingError as e:
        if e.code != PermissionMissingError.default_code:
            # A missing scope or plan concerns every deal; only "not this record" is about this one.
            raise
        unavailable[part] = f"The connected user may not see the {part} {record_id}."
    return None


def _installments(client: PipedriveClient, deal_id: int, unavailable: dict[str, str]) -> list[Record]:
    try:
        return client.installments(deal_id)
    except PermissionMissingError as e:
        if e.code == "scope_missing":
            raise
        # The deal was just read with the same right, so it is the plan that lacks instalments.
        unavailable["installments"] = "The company's Pipedrive plan has no instalments."
        return []
