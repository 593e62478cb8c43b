"""What of a deal's copy is somebody's data, and what the booking needs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connector.accounting.debtor import DebtorRecord
from connector.codec import from_plain
from connector.pipedrive.shapes import records_of
from connector.pipeline.states import CANCELLED, CANCELLED_BY_HAND
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

MADE = "made"
"""Origin of a document that we made."""


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


def invoice_without_person(run: AboutRun, parties: Collection[str]) -> dict[str, Any] | None:
    """What is left of a booked deal's invoice, once what it does not need of these parties is gone.

    Mail address and phone of the buyer stand on no invoice. The contact stands on one that we made, and in
    nothing else. A correction that ended by itself never was an invoice: nothing of it is needed. One that a
    person settled is what the next change of the deal is compared with, which asks for no contact.
    """
    ended_by_itself = run.state == CANCELLED and run.reason_code != CANCELLED_BY_HAND
    if not run.invoice or (run.document_id is None and ended_by_itself):
        return None
    buyer = dict(run.invoice.get("buyer") or {})
    by_contact = bool(_persons_of(run) & set(parties))
    if by_contact or buyer.get("key") in parties:
        buyer |= {name: "" for name in ("email", "phone") if buyer.get(name)}
    if by_contact and not names_contact(run) and buyer.get("contact"):
        buyer["contact"] = ""
    return {**run.invoice, "buyer": buyer}


def names_contact(run: AboutRun) -> bool:
    """Whether the PDF of a run prints the buyer's contact: of one that hung on the deal nobody knows."""
    buyer = (run.invoice or {}).get("buyer") or {}
    return run.document_origin == MADE and bool(buyer.get("contact"))


def _persons_of(run: AboutRun) -> set[str]:
    """The person of a deal, by its record or by its number: the record may be erased."""
    bundle = run.bundle or {}
    numbers = ((bundle.get("person") or {}).get("id"), (bundle.get("deal") or {}).get("person_id"))
    return {f"person:{number}" for number in numbers if number}


def contact_fields(
    debtor: Mapping[str, Any], runs: Collection[AboutRun], parties: Collection[str]
) -> dict[str, str]:
    """The fields of a company's master data that name one of these persons, each to be blanked."""
    record = from_plain(debtor["record"], DebtorRecord)
    known = {text for run in runs for text in _texts_of_person(run, parties)}
    fields = {"contact": record.contact, "email": record.email, "phone": record.phone}
    return {name: "" for name, value in fields.items() if value and value in known}


def _texts_of_person(run: AboutRun, parties: Collection[str]) -> set[str]:
    if not _persons_of(run) & set(parties):
        return set()
    buyer = (run.invoice or {}).get("buyer") or {}
    texts = {str(buyer.get(name) or "") for name in ("contact", "email", "phone")}
    person = (run.bundle or {}).get("person") or {}
    texts.add(str(person.get("name") or ""))
    for several in ("emails", "phones"):
        listed = person.get(several)
        texts |= {
            str(entry.get("value") or "")
            for entry in (listed if isinstance(listed, list) else ())
            if isinstance(entry, Mapping)
        }
    return texts
