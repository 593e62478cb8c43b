"""Reads what DATEV answers: error bodies word for word, good bodies by schema.

DATEV's interfaces word their errors in three ways: problem documents (clients, EXTF), DCO codes
(documents, DXSO) and OAuth errors (login). Here all become one :class:`PartnerAnswer`. A body that
is not what the description promises must never surface as a bug: the call's own nature decides
whether it may simply be repeated.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from connector.clock import berlin_date
from connector.datev.operations import Operation, Repeat, is_path_id
from connector.errors import AmbiguousError, ConnectorError, PartnerAnswer, TransientError
from connector.http import Answer

REQUEST_ID_HEADERS = ("X-Global-Transaction-ID", "V-Cap-Request-ID")
"""Under these ids DATEV's support finds a call whose body names none."""

LONGEST_TEXT = 2000
"""DATEV's own words are kept whole in practice; a proxy's error page is not."""

LONGEST_RETRY_AFTER = timedelta(days=1)
"""A partner that asks for more than a day is out of order; a day later a person looks anyway."""

_CODE = re.compile(r"DCO\d{5}|\b\d{7}\b")
_TITLE = re.compile(rb"<title[^>]*>(.{1,200}?)</title>", re.DOTALL | re.IGNORECASE)
_WHITESPACE = re.compile(r"\s+")


def partner_answer(operation: Operation, answer: Answer) -> PartnerAnswer:
    """What DATEV said, in its own words, whatever its form."""
    body = _error_body(answer.body)
    help_link = _text(body, "error_uri") or _text(body, "type")
    request_id = _text(body, "request_id") or next(
        (_text(answer.headers, name) for name in REQUEST_ID_HEADERS if answer.headers.get(name)), ""
    )
    return PartnerAnswer(
        partner="datev",
        operation=operation.name,
        status=answer.status,
        partner_code=_partner_code(body),
        text=_words(body) if body else _said_in_between(answer.body),
        request_id=request_id,
        help_link=help_link if help_link.startswith(("https://", "http://")) else "",
    )


def _said_in_between(body: bytes) -> str:
    """What something in front of the interface said: a text; of a web page its title; no broken JSON."""
    start = body.lstrip()[:1]
    if start in (b"{", b"["):
        return ""
    title = _TITLE.search(body[: LONGEST_TEXT * 4]) if start == b"<" else None
    return _plain(title[1] if title else body)


def is_structured(answer: Answer) -> bool:
    """Whether the interface itself answered, not something in front of it: its refusals are JSON."""
    return bool(_error_body(answer.body))


def help_code(help_link: str) -> str:
    """DATEV's error number at the end of a help address such as http://www.datev.de/hilfe/1008834."""
    found = _CODE.search(help_link)
    return found.group() if found else ""


def retry_after(answer: Answer) -> timedelta | None:
    """How long DATEV asks us to wait; None where it says nothing that can be read as seconds."""
    text = answer.headers.get("Retry-After", "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return min(timedelta(seconds=int(text)), LONGEST_RETRY_AFTER)


def total_items(answer: Answer) -> int | None:
    """The length of the whole list, which DATEV also writes as ``Total-Items: 248`` in its example."""
    digits = re.search(r"\d{1,9}", answer.headers.get("Total-Items", ""))
    return int(digits.group()) if digits else None


def load_one(operation: Operation, answer: Answer, schema: type["WireSchema"]) -> dict[str, Any]:
    """The answer's body as one object of the schema.

    :raises TransientError: the body is something else and the call may be repeated.
    :raises AmbiguousError: the same for a call that must not be repeated.
    """
    return _loaded(operation, answer, schema, many=False)


def load_many(operation: Operation, answer: Answer, schema: type["WireSchema"]) -> list[dict[str, Any]]:
    """The answer's body as a list of objects of the schema; raises like :func:`load_one`."""
    return _loaded(operation, answer, schema, many=True)


def malformed(operation: Operation, answer: Answer, what: str) -> ConnectorError:
    """The error for an answer that is not what DATEV's description promises."""
    family = AmbiguousError if operation.repeat is Repeat.NEVER else TransientError
    return family(
        f"DATEV answered {answer.status} while {operation.title}, but {what}.",
        code="malformed_answer",
        cure="If this lasts, give DATEV's support the request id; a proxy may be in between.",
        answer=partner_answer(operation, answer),
    )


def is_same_id(one: str, other: str) -> bool:
    """Whether two GUIDs name the same thing: DATEV writes them with and without hyphens, large and small."""
    return one.casefold().replace("-", "") == other.casefold().replace("-", "")


class WireSchema(Schema):
    """Base of what DATEV sends: new fields may appear at any time, null values are left out."""

    class Meta:
        unknown = EXCLUDE


class WireText(fields.Field[str]):
    """A text that only informs: anything else than a text counts as none.

    Comes out without NULs and half surrogates, which JSON may carry and no database takes.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(load_default="", allow_none=True, **kwargs)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """The text on one line, or an empty one."""
        value = super().deserialize(value, *args, **kwargs)
        return _plain(value.encode("utf-8", "replace")) if isinstance(value, str) else ""


class WireId(fields.Field[str]):
    """An id for DATEV's paths: what no path can carry is not as described, and found out here, not later."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        if isinstance(value, str) and is_path_id(value):
            return value
        raise ValidationError("not an id")


class WireInteger(fields.Field[int]):
    """A whole number, also where it is sent as text: DATEV's examples do both.

    Bounded, because a number such as 1e999999999 would be worked out digit by digit.
    """

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value, re.ASCII):
            return int(value)
        raise ValidationError("not a whole number")


class WireMoment(fields.Field[datetime | None]):
    """A moment that only informs: one that cannot be read, or names no zone, counts as none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(load_default=None, allow_none=True, **kwargs)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> datetime | None:
        moment = _moment(value)
        return moment if moment and moment.tzinfo else None


class WireDate(fields.Field[Any]):
    """A calendar day, also where it is sent as a moment (``2016-01-01T00:00:00.000+0000``)."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        moment = _moment(value)
        if moment is None:
            raise ValidationError("not a date")
        return berlin_date(moment) if moment.tzinfo else moment.date()


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _loaded(operation: Operation, answer: Answer, schema: type[WireSchema], *, many: bool) -> Any:
    try:
        return schema(many=many).load(json.loads(answer.body))
    except ValidationError as e:
        where = ", ".join(str(name) for name in e.normalized_messages())
        raise malformed(operation, answer, f"its content is not as described ({where[:200]})") from e
    except (ValueError, RecursionError, OverflowError) as e:
        raise malformed(operation, answer, "its body is no JSON") from e


def _error_body(body: bytes) -> Mapping[str, Any]:
    """The error as a mapping; DATEV's examples also show it as the only item of a list."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    return parsed if isinstance(parsed, dict) else {}


def _partner_code(body: Mapping[str, Any]) -> str:
    error = _text(body, "error")
    found = _CODE.search(error) or _CODE.search(_text(body, "type"))
    return found.group() if found else error[:80]


def _words(body: Mapping[str, Any]) -> str:
    parts = [_text(body, name) for name in ("title", "detail", "error_description")]
    elements = body.get("affected_elements")
    for element in elements if isinstance(elements, list) else []:
        if isinstance(element, dict):
            parts.append(": ".join(filter(None, (_text(element, "name"), _text(element, "reason")))))
    return "; ".join(filter(None, parts))[:LONGEST_TEXT]


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return _plain(value.encode("utf-8", "replace")) if isinstance(value, str) else ""


def _plain(body: bytes) -> str:
    """Readable on one line: no control characters, no endless page."""
    text = body[: LONGEST_TEXT * 4].decode("utf-8", "replace")
    return _WHITESPACE.sub(" ", "".join(c if c.isprintable() else " " for c in text)).strip()[:LONGEST_TEXT]
