"""What of a deal's copy is somebody's data, and what the booking needs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connector.accounting.debtor import DebtorRecord
from connector.codec import from_plain
from connector.pipedrive.shapes import records_of
from connector.store import Transaction, personal
from connector.store.patience import be_patient
from connector.store.personal import AboutRun

_NEEDED_OF_DEAL = (
    *("id", "status", "value", "currency", "org_id", "person_id", "pipeline_id", "stage_id", "is_deleted"),
    *("won_time", "first_won_time", "add_time", "update_time", "close_time", "expected_close_date"),
)
"""Of a booked deal: what it was worth, when it was won, between whom by number. No title, no free fields."""

_NEEDED_PARTS = ("products", "discounts", "installments", "catalog", "unavailable")
"""What was sold, which decides accounts and tax."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An organization or a person of a tenant, as Pipedrive numbers it."""

    entity: str
    """``organization`` or ``person``."""
    number: int

    def __str__(self) -> str:
        return f"{self.entity}:{self.number}"


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where somebody's data stands."""

    parties: set[str]
    """The subject, and whoever it was merged with."""
    runs: list[AboutRun]
    debtors: list[dict[str, Any]]

    @property
    def vat_ids(self) -> set[str]:
        """VAT ids in the master data."""
        found = (str(row["record"].get("vat_id") or "") for row in self.debtors)
        return {vat_id for vat_id in found if vat_id}

    @property
    def own_accounts(self) -> set[int]:
        """Accounts that are nobody else's."""
        return {row["account"] for row in self.debtors if not row["collective"]}


def holdings_of(tx: Transaction, tenant_id: int, subject: Subject) -> Holdings:
    """Everything that leads to somebody's data."""
    be_patient(tx)
    parties = personal.same_party(tx, tenant_id, str(subject))
    return Holdings(
        parties,
        personal.runs_about(tx, tenant_id, parties),
        personal.debtors_of(tx, tenant_id, parties),
    )


def without_person(bundle: Mapping[str, Any] | None, parties: Collection[str]) -> dict[str, Any] | None:
    """A booked deal's copy without the data of these parties: numbers, times and what was sold stay.

    Idempotent. An organization's record stays when only a person of it is taken out, and the other way round.
    """
    if not bundle:
        return None
    deal = bundle.get("deal") or {}
    kept: dict[str, Any] = {
        "deal": {name: deal[name] for name in _NEEDED_OF_DEAL if name in deal},
        **{name: bundle[name] for name in _NEEDED_PARTS if name in bundle},
        "files": [{"id": file.get("id")} for file in records_of(bundle, "files")],
        "erased": sorted({*bundle.get("erased", ()), *parties}),
    }
    for entity in ("organization", "person"):
        record = bundle.get(entity)
        taken_out = isinstance(record, Mapping) and f"{entity}:{record.get('id')}" in parties
        kept[entity] = {"id": record["id"]} if taken_out and record else record
    return kept


def contact_fields(
    debtor: Mapping[str, Any], runs: Collection[AboutRun], parties: Collection[str]
) -> dict[str, str]:
    """The fields of a company's master data that name one of these persons, each to be blanked."""
    record = from_plain(debtor["record"], DebtorRecord)
    known = {text for run in runs for text in _texts_of_person(run.bundle, parties)}
    fields = {"contact": record.contact, "email": record.email, "phone": record.phone}
    return {name: "" for name, value in fields.items() if value and value in known}


def _texts_of_person(bundle: Mapping[str, Any] | None, parties: Collection[str]) -> set[str]:
    person = (bundle or {}).get("person")
    if not isinstance(person, Mapping) or f"person:{person.get('id')}" not in parties:
        return set()
    texts = {str(person.get("name") or "")}
    for several in ("emails", "phones"):
        listed = person.get(several)
        texts |= {
            str(entry.get("value") or "")
            for entry in (listed if isinstance(listed, list) else ())
            if isinstance(entry, Mapping)
        }
    return texts
