"""Everything we hold about an organization or a person (Art. 15 and 20 GDPR), as one JSON document.

Files that were handed over carry other people's bookings as well: of these only name and state are told; the
person's own rows in them are the postings and the master data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector.pipeline.onboarding import find_tenant
from connector.pipeline.personal import Holdings, Subject, holdings_of
from connector.pipeline.privacy import EXPORTED_EVENT
from connector.pipeline.services import Services
from connector.store import Transaction, journal, personal
from connector.store import tables as t
from connector.store.evidence_tables import http_log
from connector.store.tenants import TenantRow


@dataclass(frozen=True, slots=True)
class Export:
    """What is held about somebody."""

    data: dict[str, Any]
    """JSON-safe."""
    pdfs: Mapping[str, bytes]
    """File name → PDF; the documents in ``data`` name them."""

    @property
    def empty(self) -> bool:
        """Whether nothing at all is held."""
        return not any(self.data[part] for part in ("runs", "master_data"))


def export_person(services: Services, tenant_key: str, subject: Subject, *, actor: str) -> Export:
    """Collect what is held, and note in the journal that it was given out.

    :raises NotFoundError: there is no such tenant.
    :raises ConfigurationError: a key that has encrypted a part is gone.
    """
    tenant = find_tenant(services, tenant_key)
    with services.database.transaction() as tx:
        found = holdings_of(tx, tenant.id, subject)
        data, pdfs = _collected(services, tx, tenant, found)
        now = services.clock.now()
        journal.write(
            tx,
            tenant_id=tenant.id,
            at=now,
            event=EXPORTED_EVENT,
            actor=actor,
            message=f"What is held about {subject} was exported.",
            details={"runs": len(found.runs)},
        )
    head = {"tenant": tenant.key, "about": str(subject), "exported_at": now.isoformat()}
    return Export({**head, **_json_safe(data)}, pdfs)


def _collected(
    services: Services, tx: Transaction, tenant: TenantRow, found: Holdings
) -> tuple[dict[str, Any], dict[str, bytes]]:
    run_ids = [run.id for run in found.runs]
    documents = personal.rows_of_runs(tx, t.document, run_ids)
    pdfs = {}
    for row in documents:
        content = bytes(row.pop("content"))
        row["pdf"] = f"document-{row['id']}.pdf" if content else None
        if content:
            pdfs[row["pdf"]] = content
    batches = {run.batch_id for run in found.runs if run.batch_id}
    return {
        "also_known_as": sorted(found.parties),
        "runs": personal.rows_of_runs(tx, t.run, run_ids),
        "master_data": found.debtors,
        "documents": documents,
        "postings": personal.postings_of_documents(tx, [row["id"] for row in documents]),
        "files_handed_over": personal.files_of_batches(tx, batches),
        "vat_id_checks": personal.vat_checks_of(tx, tenant.id, found.vat_ids),
        "advisers_list": personal.listed_accounts(tx, tenant.id, found.own_accounts),
        "deliveries": personal.rows_of_runs(tx, t.inbox, run_ids),
        "journal": personal.rows_of_runs(tx, t.journal, run_ids),
        "calls_to_partners": [
            _readable(services, row) for row in personal.rows_of_runs(tx, http_log, run_ids)
        ],
    }, pdfs


def _readable(services: Services, row: dict[str, Any]) -> dict[str, Any]:
    body = row["error_body"]
    return {**row, "error_body": services.vault.decrypt(bytes(body)) if body else ""}


def _json_safe(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json_safe(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_json_safe(inner) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
