"""A correction: received → cancelled where the deal still shows what was handed over, else a human's turn.

From the hand-over on nothing changes by itself. Whatever is told about a deal then, also the echo of our own
words on it, only makes us look: this reads the deal again and lays both versions side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from connector.accounting.exchange_rates import Published, PublishedRate
from connector.accounting.invoice import Invoice
from connector.codec import from_plain, to_plain
from connector.errors import DataError, NotFoundError, Problem
from connector.pipedrive.shapes import records_of
from connector.pipeline.after_hand_over import CHANGED, CURE, UNCHANGED
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.content import DEAL, Content, content_hash, content_of, differences, pdf_of
from connector.pipeline.drafting import decide_invoice, read_draft_sale
from connector.pipeline.runner import Finish, Work
from connector.pipeline.states import CANCELLED, CANCELLED_BY_HAND, CORRECTION, INVOICE, NEEDS_ATTENTION
from connector.pipeline.steps.identity import identity_of
from connector.pipeline.steps.reading import not_won, read_deal
from connector.store import Transaction, documents, runs, tenants
from connector.store.runs import RunRow
from connector.tenants.config import NumberSource, TenantConfig

ON_THE_DEAL = "pipedrive"
"""Origin of a document whose PDF hung on the deal; else it was made by us."""

_LONGEST_PIECE = 300
"""Characters of a piece in the reason; the journal keeps it whole."""


@dataclass(frozen=True, slots=True)
class _Booked:
    """What the deal is compared with."""

    run: RunRow
    """The run that booked the deal."""
    settled: RunRow
    """The same, or the newest correction that a human has settled: that version is no news any more."""
    content: Content
    config: TenantConfig
    """The configuration that decided the booking: a change of it is no change of the deal."""
    document_number: str
    has_own_pdf: bool
    """Whether the PDF that was handed over hung on the deal, and it is known which one."""

    def pdf_in(self, bundle: Mapping[str, Any]) -> Content:
        """The PDF in its place, as the deal shows it."""
        number = self.document_number if self.run.part_key else ""
        return pdf_of(records_of(bundle, "files"), self.config.documents.file_pattern, number)


@dataclass(frozen=True, slots=True)
class _Found:
    """The deal as it is now."""

    content: Content
    kept: Mapping[str, Any]
    """Columns of the run."""


def compare(work: Work, run: RunRow) -> Finish:
    """Settle a correction by itself where nothing changed; else ask, with both versions.

    :raises DataError: the deal has not the shape that Pipedrive documents, or was never booked.
    """
    with work.services.database.transaction() as tx:
        booked = _booked(tx, work, run)
    found = _read(work, booked)
    values = {**found.kept, "content_hash": content_hash(found.content), "resume_state": None}
    changes = differences(booked.content, found.content)
    if values["content_hash"] == booked.settled.content_hash or not changes:
        what = f"Read again after the hand-over with run {booked.run.id}"
        message = f"{what}: what the invoice shows is unchanged."
        reason = {"reason_code": UNCHANGED, "reason_message": message, "reason_cure": ""}
        return Finish(CANCELLED, message=message, values={**values, **reason}, due_in=None, goes_on=False)
    message = _side_by_side(booked, changes)
    reason = {"reason_code": CHANGED, "reason_message": message, "reason_cure": CURE}
    return Finish(
        NEEDS_ATTENTION,
        message=message,
        details={"versions": {"before": dict(booked.content), "now": dict(found.content)}},
        values={**values, **reason},
        due_in=None,
        goes_on=False,
    )


def _side_by_side(booked: _Booked, changes: list[tuple[str, str, str]]) -> str:
    """One sentence per piece, joined as the problems of an error are."""
    before = "booked" if booked.settled == booked.run else f"settled with run {booked.settled.id}"
    sentences = [f"The deal changed after it had been handed over to DATEV with run {booked.run.id}"]
    sentences += [f"{name}: {before} {_short(was)}, now {_short(is_now)}" for name, was, is_now in changes]
    return "; ".join(f"{sentence}." for sentence in sentences)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_PIECE else f"{text[:_LONGEST_PIECE]}…"


def _booked(tx: Transaction, work: Work, run: RunRow) -> _Booked:
    booked = runs.latest_of_deal(tx, run.tenant_id, run.deal_id, kind=INVOICE, part=run.part)
    document = documents.of_run(tx, booked.id) if booked else None
    if booked is None or document is None:
        raise DataError(
            [
                Problem(
                    "nothing_booked",
                    "The deal has no booking to compare it with.",
                    "deal",
                    "Cancel this run: ml-connector run cancel RUN --reason TEXT",
                )
            ]
        )
    settled = next(
        (
            earlier
            for earlier in runs.search(tx, tenant_id=run.tenant_id, deal_id=run.deal_id, part=run.part)
            if earlier.kind == CORRECTION
            and (earlier.state, earlier.reason_code) == (CANCELLED, CANCELLED_BY_HAND)
            and earlier.content_hash is not None
        ),
        booked,
    )
    version = booked.config_version or work.tenant.config_version
    config = tenants.config_version(tx, run.tenant_id, version)
    found = _Booked(
        booked,
        settled,
        _content_of_run(tx, settled),
        config,
        document.document_number,
        has_own_pdf=document.origin == ON_THE_DEAL and runs.document_of(tx, settled.id, "bundle") is not None,
    )
    if not found.has_own_pdf or DEAL in found.content:
        return found
    pdf = found.pdf_in(runs.document_of(tx, settled.id, "bundle"))
    return replace(found, content={**found.content, **pdf})


def _content_of_run(tx: Transaction, run: RunRow) -> Content:
    plain = runs.document_of(tx, run.id, "invoice")
    if plain is None:
        return {DEAL: "no invoice"}
    bundle = runs.document_of(tx, run.id, "bundle")
    return content_of(from_plain(plain, Invoice), named=_has_lines(bundle), in_part=bool(run.part_key))


def shows_what_was_booked(tx: Transaction, work: Work, run: RunRow, bundle: dict[str, Any]) -> bool:
    """Whether the deal, as it was just read, still is what a run has booked, or what a human has settled."""
    booked = _booked(tx, work, run)
    found = _found(work, booked, bundle)
    same = content_hash(found.content) == booked.settled.content_hash
    return same or not differences(booked.content, found.content)


def _read(work: Work, booked: _Booked) -> _Found:
    try:
        bundle = read_deal(work, booked.run.deal_id)
    except NotFoundError:
        return _Found({DEAL: "does not exist any more"}, {"invoice": None})
    return _found(work, booked, bundle)


def _found(work: Work, booked: _Booked, bundle: dict[str, Any]) -> _Found:
    kept = {"bundle": bundle, "title": str(bundle["deal"].get("title") or "")}
    status = not_won(bundle)
    if status:
        return _Found({DEAL: f"{status}, not won"}, {**kept, "invoice": None})
    config, in_part = booked.config, bool(booked.run.part_key)
    # A number of ours was drawn once and stays; one that the deal carries may have been corrected there.
    number = "" if config.numbers.source is NumberSource.FIELD else booked.document_number
    try:
        sale = read_draft_sale(
            bundle,
            config,
            identity_of(work.tenant, booked.run),
            number=number,
            published=_booked_rate(booked.content),
        )
        invoice = decide_invoice(sale, config, tenant_tables(config), printed=False)
    except DataError as e:
        why = f"cannot be invoiced as it stands: {e.message.rstrip('.')}"
        return _Found({DEAL: why}, {**kept, "invoice": None})
    content = content_of(invoice, named=bool(sale.lines), in_part=in_part)
    pdf = booked.pdf_in(bundle) if booked.has_own_pdf else {}
    return _Found({**content, **pdf}, {**kept, "invoice": to_plain(invoice)})


def _booked_rate(content: Content) -> Published:
    """The rate that was booked: one that was imported since is no change of the deal."""
    currency, rate = content.get("Currency"), content.get("Exchange rate")
    return lambda wanted, day: (
        PublishedRate(wanted, day, Decimal(rate)) if rate and wanted == currency else None
    )


def _has_lines(bundle: dict[str, Any] | None) -> bool:
    """Whether the invoice's lines are the deal's own, with names of their own; not known without its copy."""
    return any(line.get("is_enabled") is not False for line in (bundle or {}).get("products") or ())
