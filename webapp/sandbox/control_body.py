"""Reads the JSON bodies of the control API: a misspelt key is refused, never ignored."""

from typing import Any, NoReturn

from flask import Response, json, request
from werkzeug.exceptions import HTTPException

from webapp.sandbox.store import Record


def refuse(problem: str, status: int = 400) -> NoReturn:
    """End a control request with a plain sentence."""
    raise HTTPException(
        response=Response(json.dumps({"error": problem}), status, mimetype="application/json")
    )


def read_body(required: tuple[str, ...] = (), optional: Record | None = None) -> Record:
    """The body's fields, absent optional ones with their default; all problems are named at once."""
    body: Any = request.get_json(silent=True) if request.data else {}
    if not isinstance(body, dict):
        refuse("The body must be a JSON object (Content-Type: application/json).")
    if _has_half_surrogate(body):
        refuse("The body holds half of a surrogate pair (such as \\ud800 alone), which is no text.")
    return check_fields(body, required, optional or {}, "body")


def _has_half_surrogate(body: Record) -> bool:
    """JSON may carry one; no file and no other JSON reader has to take it."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def check_fields(body: Record, required: tuple[str, ...], optional: Record, where: str) -> Record:
    """The fields of one object inside a control body, defaults filled in."""
    problems = [f"{where}.{name} is missing" for name in required if body.get(name) in (None, "")]
    known = {*required, *optional}
    problems += [f"{where}.{name} is not known" for name in body if name not in known]
    if problems:
        refuse("; ".join(problems) + f". Known: {', '.join(sorted(known))}.")
    return {**optional, **body}
