"""debtor_ready → rendered: number, invoice, postings and PDF, decided and stored in one transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.accounting.invoice import Invoice
from connector.accounting.posting import Posting
from connector.codec import to_plain
from connector.errors import DataError, Problem
from connector.invoice.choose import naming, newest_matching_pdf, pdf_missing, pdf_unreadable
from connector.invoice.pdf import make_invoice_pdf
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.content import content_hash, content_of
from connector.pipeline.drafting import decide_invoice, decide_postings, read_draft_sale
from connector.pipeline.exchange_rates import stored_rates
from connector.pipeline.hand_over.files import check_rendering
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.runner import Finish, Work
from connector.pipeline.steps.identity import claimed_run, identity_of
from connector.store import Transaction, debtors, documents, runs
from connector.store.debtors import DebtorRow
from connector.store.documents import DocumentRow
from connector.store.runs import RunRow
from connector.tenants.config import NumberSource

SEQUENCE = "invoice"
"""Name of the tenant's own number sequence."""


@dataclass(frozen=True, slots=True)
class Pdf:
    """The PDF behind the booking."""

    origin: str
    """``pipedrive``: found on the deal; ``made``: by us."""
    file_name: str
    content: bytes


def render(work: Work) -> Finish:
    """Decide the whole document.

    :raises DataError: the deal has no usable PDF, its number is taken, or a row would be refused.
    """
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
        bundle = runs.document_of(tx, run.id, "bundle")
    found = _pdf_on_deal(work, bundle["files"], _number_in_names(work, run, bundle))

    def write(tx: Transaction) -> Mapping[str, Any]:
        return _write(tx, work, run, bundle, found)

    return Finish("rendered", write=write)


def _write(
    tx: Transaction, work: Work, run: RunRow, bundle: Mapping[str, Any], found: Pdf | None
) -> Mapping[str, Any]:
    config, identity = work.tenant.config, identity_of(work.tenant, run)
    tables = tenant_tables(config)
    earlier = documents.of_run(tx, run.id)
    debtor = debtors.get_many(tx, [run.debtor_id])[run.debtor_id] if run.debtor_id is not None else None
    if debtor is None:
        raise DataError([Problem("debtor_missing", "The run has no debtor.", cure="Retry the run.")])
    drawn = None
    if earlier is None and config.numbers.source is NumberSource.SEQUENCE:
        drawn = documents.draw_number(tx, work.tenant.id, SEQUENCE)
    number = earlier.document_number if earlier and config.numbers.source is NumberSource.SEQUENCE else ""
    # What DATEV has seen does not change because a newer rate has come in.
    shown_since = earlier.created_at if earlier and earlier.upload_begun_at else None
    published = stored_rates(tx, known_at=shown_since)
    sale = read_draft_sale(bundle, config, identity, drawn=drawn, number=number, published=published)
    invoice = decide_invoice(sale, config, tables, printed=found is None)
    postings = decide_postings(invoice, config, tables, identity, debtor.account)
    pdf = found or Pdf(
        "made",
        f"{invoice.document_number}.pdf",
        make_invoice_pdf(invoice, seller=config.seller, created_at=run.created_at),
    )
    sha256 = hashlib.sha256(pdf.content).hexdigest()
    _check(tx, work, run, invoice, postings, debtor, earlier, sha256)
    documents.keep(
        tx,
        tenant_id=work.tenant.id,
        run_id=run.id,
        guid=identity.document_guid,
        document_number=invoice.document_number,
        document_date=invoice.document_date,
        origin=pdf.origin,
        file_name=pdf.file_name,
        pdf=pdf.content,
        sha256=sha256,
        postings=postings,
        now=work.now,
    )
    return {
        "invoice": to_plain(invoice),
        "content_hash": content_hash(
            content_of(invoice, named=bool(sale.lines), in_part=identity.billed is not None)
        ),
        # The booking is explained with the configuration that decided it, maybe newer than the reading.
        "config_version": work.tenant.config_version,
    }


def _check(
    tx: Transaction,
    work: Work,
    run: RunRow,
    invoice: Invoice,
    postings: Sequence[Posting],
    debtor: DebtorRow,
    earlier: DocumentRow | None,
    sha256: str,
) -> None:
    """Everything that would be refused later is refused now, while it concerns this deal alone."""
    problems = []
    documents.lock_numbers(tx, work.tenant.id)
    owner = documents.number_owner(tx, work.tenant.id, invoice.document_number)
    if owner not in {None, run.id}:
        problems.append(
            Problem(
                "document_number_taken",
                f"The document number {invoice.document_number} is carried by run {owner} already.",
                "document_number",
                "Give the deal another document number, then retry the run.",
            )
        )
    shown = (earlier.sha256, earlier.document_number) if earlier and earlier.upload_begun_at else None
    if shown not in {None, (sha256, invoice.document_number)}:
        problems.append(
            Problem(
                "document_already_uploaded",
                "The deal has changed after its document was handed over to DATEV.",
                "document",
                "Compare the two versions; book the change as a correction in DATEV, or undo it on the deal.",
            )
        )
    if problems:
        raise DataError(problems)
    check_rendering(
        work.tenant.config,
        invoice,
        postings,
        debtor.record,
        created_at=work.now,
        xsd_dir=work.services.settings.datev.xsd_dir,
    )


def _number_in_names(work: Work, run: RunRow, bundle: Mapping[str, Any]) -> str:
    """Of a deal in parts only a PDF that names the part's number is that part's; else any is the invoice."""
    if not run.part_key:
        return ""
    return read_draft_sale(bundle, work.tenant.config, identity_of(work.tenant, run)).document_number


def _pdf_on_deal(work: Work, files: Sequence[Mapping[str, Any]], number: str) -> Pdf | None:
    config = work.tenant.config.documents
    chosen = newest_matching_pdf(naming(files, number) if number else files, config.file_pattern)
    if chosen is None:
        if config.make_invoice:
            return None
        raise DataError([pdf_missing(config.file_pattern, number)])
    content = pipedrive_client(work.services, work.tenant, work.budget).file_content(int(chosen["id"]))
    name = str(chosen.get("name") or chosen.get("file_name") or "invoice.pdf")
    if unreadable := pdf_unreadable(content, name):
        raise DataError([unreadable])
    return Pdf("pipedrive", name, content)
