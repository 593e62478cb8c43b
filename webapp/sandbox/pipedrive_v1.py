"""What Pipedrive offers in API v1 only: files, users/me, currencies; offset pages."""

from operator import itemgetter
from typing import NoReturn
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, url_for

from webapp.sandbox.pipedrive_access import add_headers, answer, caller, guarded, refuse
from webapp.sandbox.pipedrive_records import load
from webapp.sandbox.state import current
from webapp.sandbox.store import Record

blueprint = Blueprint("pipedrive_v1", __name__)
blueprint.after_request(add_headers)
storage = Blueprint("pipedrive_storage", __name__, url_prefix="/pipedrive/storage")

DEFAULT_LIMIT = 100
MAX_FILES = 100
CURRENCIES = (
    ("EUR", "Euro", 2, "€"),
    ("USD", "US Dollar", 2, "$"),
    ("GBP", "Pound Sterling", 2, "£"),
    ("CHF", "Swiss Franc", 2, "CHF"),
    ("PLN", "Polish Zloty", 2, "zł"),
    ("JPY", "Japanese Yen", 0, "¥"),
)


def fail_v1(status: int, error: str) -> NoReturn:
    """End the request with v1's error body."""
    refuse(answer({"success": False, "error": error, "error_info": "", "data": None}, status))


def offset_page(records: list[Record], most: int = 500) -> tuple[list[Record], Record]:
    """One ``start``/``limit`` page and its ``pagination`` object."""
    start, limit = _whole("start", 0), min(_whole("limit", DEFAULT_LIMIT) or DEFAULT_LIMIT, most)
    more = start + limit < len(records)
    pagination: Record = {"start": start, "limit": limit, "more_items_in_collection": more}
    if more:
        pagination["next_start"] = start + limit
    return records[start : start + limit], pagination


def _whole(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdigit():
        fail_v1(400, f"{name} must be a whole number")
    return int(text)


@blueprint.get("/users/me")
@guarded(2, "base")
def get_me() -> Response:
    """The user of the token and the company."""
    who = caller()
    account = who.account
    user = next((user for user in account["users"] if user["id"] == who.user_id), account["users"][0])
    return answer(
        {
            "success": True,
            "data": {
                "id": user["id"],
                "name": user["name"],
                "default_currency": account["default_currency"],
                "locale": "de_DE",
                "lang": 5,
                "email": user["email"],
                "phone": None,
                "activated": True,
                "last_login": "2026-01-05 08:00:00",
                "created": "2024-01-08 09:30:00",
                "modified": None,
                "has_created_company": True,
                "access": [
                    {"app": "sales", "admin": user["admin"], "permission_set_id": "a1b2c3"},
                    {"app": "global", "admin": user["admin"], "permission_set_id": "d4e5f6"},
                ],
                "active_flag": True,
                "timezone_name": account["timezone_name"],
                "timezone_offset": "+01:00",
                "role_id": 1,
                "icon_url": None,
                "is_you": True,
                "is_deleted": False,
                "company_id": account["company_id"],
                "company_name": account["name"],
                "company_domain": account["company_domain"],
                "company_country": "DE",
                "company_industry": "IT Services",
                "language": {"language_code": "de", "country_code": "DE"},
            },
        }
    )


@blueprint.get("/currencies")
@guarded(20, "base")
def list_currencies() -> Response:
    """The currencies of the company, custom ones with ``is_custom_flag``."""
    term = request.args.get("term", "").lower()
    rows = [
        {
            "id": number,
            "code": code,
            "name": name,
            "decimal_points": points,
            "symbol": symbol,
            "active_flag": True,
            "is_custom_flag": False,
        }
        for number, (code, name, points, symbol) in enumerate(CURRENCIES, 1)
    ] + list(caller().account["custom_currencies"])
    kept = [row for row in rows if term in row["code"].lower() or term in row["name"].lower()]
    return answer({"success": True, "data": kept})


FILE_READ = ("deals:read", "deals:full")
FILE_SORTS = ("id", "add_time", "update_time", "file_name", "file_size")


def _shown_file(record: Record) -> Record:
    visible = {key: value for key, value in record.items() if not key.startswith("_")}
    visible["url"] = url_for(f"{request.blueprint}.download_file", key=record["id"], _external=True)
    return visible


def _load_file(key: int) -> Record:
    domain = caller().domain
    index = current().store.get("pd_file_deal", key, domain)
    record = index and current().store.get("pd_file", key, f"{domain}/{index['deal_id']}")
    if not record:
        fail_v1(404, "File not found")
    return record


@blueprint.get("/deals/<int:key>/files")
@guarded(20, *FILE_READ)
def list_deal_files(key: int) -> Response:
    """Files on a deal, at most 100 a page."""
    load("deal", key)
    files = current().store.all("pd_file", f"{caller().domain}/{key}")
    name, _, direction = request.args.get("sort", "id").partition(" ")
    if name not in FILE_SORTS:
        fail_v1(400, f"sort must begin with one of {', '.join(FILE_SORTS)}")
    files.sort(key=itemgetter(name), reverse=direction.upper() == "DESC")
    chosen, pagination = offset_page(files, MAX_FILES)
    extra = {"pagination": pagination, **{k: v for k, v in pagination.items() if k != "next_start"}}
    return answer({"success": True, "data": [_shown_file(row) for row in chosen], "additional_data": extra})


@blueprint.get("/files/<int:key>")
@guarded(2, *FILE_READ, "activities:read", "contacts:read")
def get_file(key: int) -> Response:
    """One file's record."""
    return answer({"success": True, "data": _shown_file(_load_file(key))})


@blueprint.get("/files/<int:key>/download")
@guarded(20, *FILE_READ, "activities:read", "contacts:read")
def download_file(key: int) -> Response:
    """The way to the bytes: a redirect to the storage, which wants (and must get) no token."""
    record = _load_file(key)
    target = url_for("pipedrive_storage.get_content", token=record["_storage_key"], _external=True)
    found = redirect(target, 302)
    assert isinstance(found, Response)  # noqa: S101 - Flask's redirect is typed as werkzeug's parent class
    return found


@storage.get("/<token>")
def get_content(token: str) -> Response:
    """The bytes of a file, by an unguessable address. A caller who sends a token here leaked it, so it is
    refused.
    """
    if "x-api-token" in request.headers or "Authorization" in request.headers:
        return Response("Only one auth mechanism allowed", 400, mimetype="text/plain")
    place = current().store.get("pd_storage", token)
    if place is None:
        return Response("NoSuchKey", 404, mimetype="text/plain")
    reply = Response(current().store.get_blob(place["sha256"]), mimetype="application/octet-stream")
    reply.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(place['file_name'])}"
    return reply
