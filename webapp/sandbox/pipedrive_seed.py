"""Fills a sandbox company with organizations, persons, products, field definitions and deals."""

import base64
import hashlib
from datetime import datetime
from typing import Any

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.control_body import check_fields, refuse
from webapp.sandbox.pipedrive_changes import line_sum, status_fields
from webapp.sandbox.pipedrive_values import complete_address, problem_with
from webapp.sandbox.state import Sandbox, new_guid, new_secret
from webapp.sandbox.store import Record

FIELD_ENTITIES = ("deal", "organization", "person", "product")

PARTS = {"products": "pd_line", "discounts": "pd_discount", "installments": "pd_installment"}
"""What hangs on a deal and can be replaced as a whole: name in a seed and kind in the store."""

LINE_DEFAULTS: Record = {
    "id": None,
    "product_id": None,
    "product_variation_id": None,
    "name": "",
    "item_price": 0.0,
    "quantity": 1,
    "discount": 0,
    "discount_type": "percentage",
    "tax": 0,
    "tax_method": "exclusive",
    "currency": None,
    "comments": "",
    "is_enabled": True,
    "order_nr": None,
    "billing_frequency": "one-time",
    "billing_frequency_cycles": None,
    "billing_start_date": None,
}
DEAL_DEFAULTS: Record = {
    "id": None,
    "title": "",
    "value": None,
    "currency": "EUR",
    "org_id": None,
    "person_id": None,
    "owner_id": None,
    "pipeline_id": 1,
    "stage_id": 1,
    "status": "open",
    "won_time": None,
    "label_ids": [],
    "expected_close_date": None,
    "lost_reason": None,
    "visible_to": 3,
    "is_archived": False,
    "add_time": None,
    "custom_fields": {},
    "products": [],
    "discounts": [],
    "installments": [],
    "files": [],
}
ORGANIZATION_DEFAULTS: Record = {
    "id": None,
    "owner_id": None,
    "address": None,
    "website": None,
    "linkedin": None,
    "industry": None,
    "annual_revenue": None,
    "employee_count": None,
    "label_ids": [],
    "visible_to": 3,
    "is_deleted": False,
    "custom_fields": {},
}
PERSON_DEFAULTS: Record = {
    "id": None,
    "first_name": None,
    "last_name": None,
    "owner_id": None,
    "org_id": None,
    "emails": [],
    "phones": [],
    "postal_address": None,
    "label_ids": [],
    "visible_to": 3,
    "is_deleted": False,
    "custom_fields": {},
}
PRODUCT_DEFAULTS: Record = {
    "id": None,
    "code": None,
    "unit": None,
    "tax": 0,
    "category": None,
    "description": None,
    "owner_id": None,
    "is_linkable": True,
    "visible_to": 3,
    "is_deleted": False,
    "prices": [],
    "billing_frequency": "one-time",
    "billing_frequency_cycles": None,
    "custom_fields": {},
}


def seed(sandbox: Sandbox, account: Record, body: Record) -> Record:
    """Store what a seed body lists; answers the ids and field codes given to each thing."""
    seeder = _Seeder(sandbox, account)
    made: Record = {"fields": {}}
    with sandbox.store.transaction():
        for entity in FIELD_ENTITIES:
            made["fields"][entity] = [seeder.field(entity, row) for row in body[f"{entity}_fields"]]
        made["organizations"] = [seeder.organization(row) for row in body["organizations"]]
        made["persons"] = [seeder.person(row) for row in body["persons"]]
        made["products"] = [seeder.product(row) for row in body["products"]]
        made["deals"] = [seeder.deal(row) for row in body["deals"]]
    made["fields"] = {
        entity: {field["field_name"]: field["field_code"] for field in fields}
        for entity, fields in made["fields"].items()
    }
    return made


def replace_parts(sandbox: Sandbox, account: Record, deal: Record, lists: Record) -> Record:
    """Give a deal other ``products``, ``discounts`` or ``installments``, as a seed words them.

    Answers the deal's fields that follow from them.
    """
    return _Seeder(sandbox, account).parts(deal, lists)


class _Seeder:
    def __init__(self, sandbox: Sandbox, account: Record) -> None:
        self._store = sandbox.store
        self._account = account
        self._domain: str = account["company_domain"]
        self._owner: int = account["users"][0]["id"]
        self._moment = sandbox.clock.now()
        self._now = iso_utc(self._moment)

    def _id(self, kind: str, given: int | None) -> int:
        counter = f"pd_{kind}/{self._domain}"
        if given is None:
            return self._store.count(counter)
        self._store.raise_counter(counter, given)
        return given

    def field(self, entity: str, row: Record) -> Record:
        """A field definition; the code (40 hex characters) is derived from the name where none is given."""
        optional: Record = {"field_code": None, "options": [], "is_custom_field": True, "description": None}
        row = check_fields(row, ("field_name", "field_type"), optional, f"{entity}_fields")
        seed_text = f"{self._domain}/{entity}/{row['field_name']}"
        code = row["field_code"] or hashlib.sha1(seed_text.encode(), usedforsecurity=False).hexdigest()
        options = [
            option if isinstance(option, dict) else {"id": self._id("option", None), "label": option}
            for option in row["options"]
        ]
        shown_options = [
            {"color": None, "update_time": None, "add_time": None, **option} for option in options
        ]
        field = {
            "field_name": row["field_name"],
            "field_code": code,
            "description": row["description"] or "",
            "field_type": row["field_type"],
            "options": shown_options or None,
            "subfields": None,
            "is_custom_field": row["is_custom_field"],
            "is_optional_response_field": False,
        }
        self._store.put(f"pd_{entity}_field", code, field, self._domain)
        return field

    def _custom(self, entity: str, given: Record, where: str) -> Record:
        """Custom values by field code or name; an enum or set may name its option's label."""
        fields = self._store.all(f"pd_{entity}_field", self._domain)
        by_key = {field["field_name"]: field for field in fields} | {
            field["field_code"]: field for field in fields
        }
        values: Record = {}
        for key, value in given.items():
            if key not in by_key:
                refuse(f"{where}.custom_fields: no {entity} field {key!r} is defined.")
            field = by_key[key]
            values[field["field_code"]] = _with_option_ids(field, value)
            problem = problem_with(field, values[field["field_code"]])
            if problem:
                refuse(f"{where} ({field['field_name']}): {problem}.")
        return values

    def _record(self, entity: str, row: Record, defaults: Record) -> Record:
        required = ("name",)
        row = check_fields(row, required, defaults, f"{entity}s")
        key = self._id(entity, row["id"])
        custom = self._custom(entity, row["custom_fields"], f"{entity} {row['name']!r}")
        record = {**row, "id": key, "custom_fields": custom, "owner_id": row["owner_id"] or self._owner}
        return {**record, "add_time": self._now, "update_time": self._now}

    def _save(self, entity: str, record: Record) -> int:
        self._store.put(f"pd_{entity}", record["id"], record, self._domain)
        key: int = record["id"]
        return key

    def organization(self, row: Record) -> int:
        """An organization; ``address`` may be a string or an object with some of its parts."""
        record = self._record("organization", row, ORGANIZATION_DEFAULTS)
        record["address"] = complete_address(record["address"])
        return self._save("organization", record)

    def person(self, row: Record) -> int:
        """A person; ``emails`` and ``phones`` may be plain strings."""
        record = self._record("person", row, PERSON_DEFAULTS)
        record["postal_address"] = complete_address(record["postal_address"])
        for name in ("emails", "phones"):
            record[name] = [
                entry if isinstance(entry, dict) else {"value": entry, "primary": not number, "label": "work"}
                for number, entry in enumerate(record[name])
            ]
        if not record["first_name"] and not record["last_name"]:
            record["first_name"], _, record["last_name"] = record["name"].rpartition(" ")
        return self._save("person", record)

    def product(self, row: Record) -> int:
        """A product; each price gets the product's id."""
        record = self._record("product", row, PRODUCT_DEFAULTS)
        base = {"product_id": record["id"], "cost": 0, "direct_cost": None, "notes": ""}
        record["prices"] = [{**base, **price} for price in record["prices"]]
        return self._save("product", record)

    def deal(self, row: Record) -> int:
        """A deal with everything on it. ``value`` follows the enabled lines where it is not given."""
        row = check_fields(row, ("title",), DEAL_DEFAULTS, "deals")
        key = self._id("deal", row["id"])
        names = (
            "title",
            "org_id",
            "person_id",
            "pipeline_id",
            "stage_id",
            "label_ids",
            "expected_close_date",
        )
        plain = {name: row[name] for name in (*names, "lost_reason", "visible_to", "is_archived", "currency")}
        deal: Record = {
            "id": key,
            "creator_user_id": self._owner,
            "owner_id": row["owner_id"] or self._owner,
            **plain,
            "value": 0.0,
            "probability": None,
            "add_time": row["add_time"] or self._now,
            "update_time": None,  # null right after the creation, as recorded
            "stage_change_time": None,
            "is_deleted": False,
            "archive_time": self._now if row["is_archived"] else None,
            **status_fields({}, row["status"], self._won_moment(row), self._account["timezone_name"]),
            "origin": "ManuallyCreated",
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "arr": None,
            "mrr": None,
            "acv": None,
            "custom_fields": self._custom("deal", row["custom_fields"], f"deal {row['title']!r}"),
        }
        deal.update(self.parts(deal, {name: row[name] for name in PARTS}))
        if row["value"] is not None:
            deal["value"] = float(row["value"])
        self._store.put("pd_deal", key, deal, self._domain)
        for file in row["files"]:
            self._file(key, f"{self._domain}/{key}", deal, file)
        return key

    def parts(self, deal: Record, lists: Record) -> Record:
        """Store these lists in place of the deal's own; answers what of the deal follows from its lines."""
        scope = f"{self._domain}/{deal['id']}"
        for name in lists:
            for earlier in self._store.all(PARTS[name], scope):
                self._store.delete(PARTS[name], earlier["id"], scope)
        lines = [
            self._line(deal["id"], deal, line, number)
            for number, line in enumerate(lists.get("products", ()), 1)
        ]
        for line in lines:
            self._store.put("pd_line", line["id"], line, scope)
        for discount in lists.get("discounts", ()):
            self._discount(deal["id"], scope, discount)
        for installment in lists.get("installments", ()):
            self._installment(deal["id"], scope, installment)
        if "products" not in lists:
            return {}
        value = round(sum(line["sum"] for line in lines if line["is_enabled"]), 2)
        return {"value": float(value), "_products_count": len(lines)}

    def _won_moment(self, row: Record) -> datetime:
        return datetime.fromisoformat(row["won_time"]) if row["won_time"] else self._moment

    def _line(self, deal_id: int, deal: Record, row: Record, number: int) -> Record:
        row = check_fields(row, (), LINE_DEFAULTS, "products of a deal")
        product = self._store.get("pd_product", row["product_id"] or "", self._domain)
        line = {
            **row,
            "id": self._id("line", row["id"]),
            "deal_id": deal_id,
            "name": row["name"] or (product["name"] if product else ""),
            "currency": row["currency"] or deal["currency"],
            "item_price": float(row["item_price"]),
            "order_nr": row["order_nr"] or number,
            "add_time": self._now,
            "update_time": self._now,
        }
        return {**line, "sum": line_sum(line)}

    def _discount(self, deal_id: int, scope: str, row: Record) -> None:
        optional = {"id": None, "type": "percentage", "description": ""}
        row = check_fields(row, ("amount",), optional, "discounts of a deal")
        stamps = {"created_at": self._now, "created_by": self._owner, "updated_at": self._now}
        record = {
            **row,
            "id": row["id"] or new_guid(),
            "deal_id": deal_id,
            **stamps,
            "updated_by": self._owner,
        }
        self._store.put("pd_discount", record["id"], record, scope)

    def _installment(self, deal_id: int, scope: str, row: Record) -> None:
        row = check_fields(row, ("amount", "billing_date"), {"id": None, "description": ""}, "installments")
        record = {**row, "id": self._id("installment", row["id"]), "deal_id": deal_id}
        self._store.put("pd_installment", record["id"], record, scope)

    def _file(self, deal_id: int, scope: str, deal: Record, row: Record) -> None:
        optional = {"id": None, "add_time": None, "description": "", "file_type": None}
        row = check_fields(row, ("file_name", "content_base64"), optional, "files of a deal")
        content = base64.b64decode(row["content_base64"])
        key, storage_key, stamp = self._id("file", row["id"]), new_secret(), row["add_time"] or self._now
        record = {
            "id": key,
            "user_id": self._owner,
            "deal_id": deal_id,
            **dict.fromkeys(("person_id", "org_id", "product_id", "activity_id", "lead_id", "project_id")),
            "add_time": stamp.replace("T", " ").removesuffix("Z"),
            "update_time": stamp.replace("T", " ").removesuffix("Z"),
            "file_name": row["file_name"],
            "file_type": row["file_type"] or row["file_name"].rpartition(".")[2].lower(),
            "file_size": len(content),
            "active_flag": True,
            "inline_flag": False,
            "remote_location": "s3",
            **dict.fromkeys(("remote_id", "cid", "s3_bucket", "mail_message_id", "mail_template_id")),
            "deal_name": deal["title"],
            **dict.fromkeys(("person_name", "org_name", "product_name", "lead_name")),
            "name": row["file_name"],
            "description": row["description"],
            "_storage_key": storage_key,
        }
        self._store.put("pd_file", key, record, scope)
        self._store.put("pd_file_deal", key, {"deal_id": deal_id}, self._domain)
        place = {"sha256": self._store.put_blob(content), "file_name": row["file_name"]}
        self._store.put("pd_storage", storage_key, place)


def _with_option_ids(field: Record, value: Any) -> Any:
    """Labels of options replaced by their ids."""
    ids = {option["label"]: option["id"] for option in field.get("options") or []}
    if field["field_type"] == "enum" and isinstance(value, str):
        return ids.get(value, value)
    if field["field_type"] == "set" and isinstance(value, list):
        return [ids.get(item, item) if isinstance(item, str) else item for item in value]
    return value
