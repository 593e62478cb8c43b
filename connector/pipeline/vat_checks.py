"""VAT ids on which a booking rests, asked at a registry where the tenant wants it; the answer is proof."""

from collections.abc import Iterable
from datetime import timedelta

from connector.accounting.invoice import Invoice
from connector.accounting.party import Party
from connector.errors import DataError, Problem, TransientError
from connector.pipeline.runner import Work
from connector.store import journal, vat_checks
from connector.store.vat_checks import VatCheckRow
from connector.tenants.config import VatCheckProvider, WhenUnavailable
from connector.vat_registry import BzstRegistry, Match, VatRegistry, ViesRegistry

_COUNTRY_ALONE = 2
"""Field 40 of a sale to a consumer holds a country and no VAT id."""


def confirm_vat_ids(work: Work, invoice: Invoice) -> None:
    """Ask about every VAT id that decides a tax case of the invoice.

    :raises DataError: the registry does not know one, or knows it for somebody else.
    :raises TransientError: the registry cannot answer, and the tenant wants to wait for it.
    :raises ConfigurationError: the registry does not serve us.
    """
    config = work.tenant.config.vat_check
    if config.provider is VatCheckProvider.OFF:
        return
    problems: list[Problem] = []
    for vat_id in _decisive(invoice):
        try:
            row = _kept(work, vat_id) or _asked(work, vat_id, invoice.buyer)
        except TransientError as e:
            if config.when_unavailable is WhenUnavailable.PARK:
                raise
            _tell(work, f"VAT id {vat_id} was not confirmed: {e.message}")
            continue
        problems += _problems(row)
    if problems:
        raise DataError(problems)


def _decisive(invoice: Invoice) -> Iterable[str]:
    return dict.fromkeys(g.eu_vat for g in invoice.tax_breakdown if len(g.eu_vat) > _COUNTRY_ALONE)


def _kept(work: Work, vat_id: str) -> VatCheckRow | None:
    """An answer that is young enough. A "no" is asked again: the number may have been registered since."""
    config = work.tenant.config.vat_check
    with work.services.database.transaction() as tx:
        row = vat_checks.latest(tx, work.tenant.id, vat_id, config.provider.value)
    young = row is not None and work.now - row.checked_at < timedelta(days=config.keep_days)
    return row if row and young and not _problems(row) else None


def _asked(work: Work, vat_id: str, buyer: Party) -> VatCheckRow:
    answer = _registry(work).check(vat_id, buyer)
    row = VatCheckRow(
        vat_id=vat_id,
        checked_at=work.now,
        provider=answer.provider,
        valid=answer.valid,
        status=answer.status,
        reference=answer.reference,
        name_match=answer.name.value,
        address_match=answer.address.value,
    )
    # At once and by itself: what was answered stays true whatever becomes of this step.
    with work.services.database.transaction() as tx:
        vat_checks.add(tx, work.tenant.id, row)
    found = "confirmed" if row.valid else "not known"
    reference = f", reference {row.reference}" if row.reference else ""
    _tell(work, f"VAT id {vat_id} {found} by {row.provider.upper()} ({row.status}{reference}).")
    return row


def _registry(work: Work) -> VatRegistry:
    settings, own_vat_id = work.services.settings.vat_registries, work.tenant.config.terms.home_vat_id
    if work.tenant.config.vat_check.provider is VatCheckProvider.BZST:
        http = work.services.http("BZSt", work.budget)
        return BzstRegistry(http, base_url=settings.bzst_base_url, own_vat_id=own_vat_id)
    http = work.services.http("VIES", work.budget)
    return ViesRegistry(http, base_url=settings.vies_base_url, own_vat_id=own_vat_id)


def _problems(row: VatCheckRow) -> list[Problem]:
    day = f"{row.checked_at:%Y-%m-%d}"
    if not row.valid:
        return [
            Problem(
                "vat_id_not_registered",
                f"{row.provider.upper()} did not confirm the VAT id {row.vat_id} on {day} ({row.status}).",
                field="vat_id",
                cure="Ask the customer for its valid VAT id, correct it in Pipedrive and retry the run.",
            )
        ]
    if row.name_match == Match.NO:
        return [
            Problem(
                "vat_id_of_other_name",
                f"The VAT id {row.vat_id} is valid, but of another name at {row.provider.upper()} ({day}).",
                field="vat_id",
                cure="Compare the customer's name with its VAT id, correct one of them and retry the run.",
            )
        ]
    return []


def _tell(work: Work, message: str) -> None:
    with work.services.database.transaction() as tx:
        journal.write(
            tx,
            tenant_id=work.tenant.id,
            run_id=work.claim.id,
            at=work.now,
            event="vat_id_checked",
            actor="resolve",
            message=message,
        )
