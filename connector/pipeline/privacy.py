"""Erasing somebody's data on demand (Art. 17 GDPR), and saying plainly what must stay, why, and until when.

What a booking needs stays for the time of the law (Art. 17 (3) (b) GDPR with §147 AO, §257 HGB, §14b UStG)
and then goes by itself, see :mod:`connector.pipeline.retention_rules`. Everything else goes at once. The
journal's chain goes on holding: texts are erased, not rows (:mod:`connector.store.journal_hash`).
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from connector.clock import berlin_date
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.personal import (
    Holdings,
    Subject,
    contact_fields,
    holdings_of,
    invoice_without_person,
    names_contact,
    without_person,
)
from connector.pipeline.retention_rules import BOOK_LAW, LETTER_LAW, VOUCHER_LAW
from connector.pipeline.sealing import seal_now
from connector.pipeline.services import Services
from connector.store import Transaction, holds, journal, journal_seals, personal
from connector.store.journal_seals import PERSON_ERASED, TEXTS_ERASED
from connector.store.personal import AboutRun
from connector.store.tenants import TenantRow

EXPORTED_EVENT = "person_exported"

_COMPARED = "the buyer and the lines of a version that was never invoiced"
"""Of a correction that a person settled: the next change of the deal is compared with it."""

_TYPED = "with the reasons people typed"
"""``run cancel`` and its like: nobody can tell whom such a text names."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays for now."""

    what: str
    why: str
    until: date | None
    """The last day; None: as long as the reason lasts."""


@dataclass(slots=True)
class Erasure:
    """What was erased, and what was not."""

    subject: Subject
    erased: dict[str, int] = field(default_factory=dict)
    """Kind of data → how many."""
    kept: list[Kept] = field(default_factory=list)

    def count(self, what: str, number: int) -> None:
        """Note what was erased."""
        if number:
            self.erased[what] = self.erased.get(what, 0) + number


def erase_person(services: Services, tenant_key: str, subject: Subject, *, actor: str) -> Erasure:
    """Erase everything about an organization or a person that no law wants kept; repeating changes nothing.

    :raises NotFoundError: there is no such tenant.
    """
    return _Eraser(services, find_tenant(services, tenant_key), subject, actor).work(write=True)


def would_erase(services: Services, tenant_key: str, subject: Subject) -> Erasure:
    """What :func:`erase_person` would do; everything is rolled back."""
    return _Eraser(services, find_tenant(services, tenant_key), subject, "").work(write=False)


class _Eraser:
    """One erasure, all of it in one transaction."""

    def __init__(self, services: Services, tenant: TenantRow, subject: Subject, actor: str) -> None:
        self._services = services
        self._tenant = tenant
        self._actor = actor
        self._now = services.clock.now()
        self._settings = services.settings.retention
        self.result = Erasure(subject)

    def work(self, *, write: bool) -> Erasure:
        with self._services.database.transaction() as tx:
            trial = tx.begin_nested()
            self._erase(tx)
            if write:
                trial.commit()
            else:
                trial.rollback()
        return self.result

    def _erase(self, tx: Transaction) -> None:
        found = holdings_of(tx, self._tenant.id, self.result.subject)
        held = {hold.run_id for hold in holds.active(tx, self._tenant.id)}
        if None in held:
            self.result.kept.append(Kept("everything", "a legal hold on the tenant", None))
            return
        free = [run for run in found.runs if run.id not in held]
        self.result.kept += [
            Kept(f"run {run.id}", "a legal hold on the run", None) for run in found.runs if run.id in held
        ]
        self.result.kept += [
            Kept(
                f"run {run.id}", f"its deal is on its way ({run.state}): end it first, then repeat this", None
            )
            for run in free
            if not run.ended
        ]
        ended = [run for run in free if run.ended]
        self._unbooked(tx, [run for run in ended if not run.deal_is_booked])
        self._booked(tx, found, [run for run in ended if run.deal_is_booked])
        self._calls(tx, ended)
        if any(run.id in held for run in found.runs):
            self.result.kept.append(Kept("master data", "a legal hold on a run of it", None))
        else:
            self._master_data(tx, found)
            self._contacts(tx, found)
        if self.result.erased:
            self._tell(tx)

    def _unbooked(self, tx: Transaction, runs: list[AboutRun]) -> None:
        ids = [run.id for run in runs]
        self.result.count("copies of deals without a booking", personal.blank_unbooked_runs(tx, ids))
        texts = personal.journal_ids(tx, ids)
        if not texts:
            return
        seal_now(self._services, tx, self._tenant.id)
        gone = journal_seals.erase_texts(tx, texts)
        journal.write(
            tx,
            tenant_id=self._tenant.id,
            at=self._now,
            event=TEXTS_ERASED,
            actor=self._actor,
            message=f"The texts of {len(gone)} journal rows were erased on demand of {self.result.subject}.",
            details={"rows": gone},
        )
        seal_now(self._services, tx, self._tenant.id)
        self.result.count("texts of the journal", len(gone))

    def _booked(self, tx: Transaction, found: Holdings, runs: list[AboutRun]) -> None:
        for run in runs:
            bundle = without_person(run.bundle, found.parties)
            invoice = invoice_without_person(run, found.parties)
            if (bundle, invoice, "") != (run.bundle or None, run.invoice or None, run.title):
                personal.replace_copies(tx, run.id, bundle=bundle, invoice=invoice)
                self.result.count("personal parts of booked deals", 1)
            self._keep(run, "what was sold, of the deal's copy", LETTER_LAW, self._settings.letter_years)
            if run.document_id:
                what = "invoice and its PDF" + (", with the contact's name" if names_contact(run) else "")
                self._keep(run, what, VOUCHER_LAW, self._settings.voucher_years)
                what = "postings, files handed over and the journal"
            else:
                if invoice:
                    self._keep(run, _COMPARED, LETTER_LAW, self._settings.letter_years)
                what = "the journal"
            self._keep(run, f"{what}, {_TYPED}", BOOK_LAW, self._settings.book_years)

    def _keep(self, run: AboutRun, what: str, law: str, years: int) -> None:
        made = [run.updated_at, run.document_made_at]
        days = [berlin_date(moment) for moment in made if isinstance(moment, datetime)]
        last = max([*days, run.document_date] if run.document_date else days)
        self.result.kept.append(Kept(f"run {run.id}: {what}", law, date(last.year + years, 12, 31)))

    def _calls(self, tx: Transaction, runs: list[AboutRun]) -> None:
        batches = [run.batch_id for run in runs if run.batch_id]
        gone = personal.drop_error_bodies(tx, [run.id for run in runs], batches)
        self.result.count("answers in the log of calls", gone)

    def _master_data(self, tx: Transaction, found: Holdings) -> None:
        """A customer's record stays while a deal of it is booked or on its way, or DATEV was told of it."""
        ids = [row["id"] for row in found.debtors]
        needed = any(run.deal_is_booked or not run.ended for run in found.runs)
        if needed or personal.transferred(tx, ids):
            years = self._settings.book_years
            last = max([run.updated_at for run in found.runs] + [row["updated_at"] for row in found.debtors])
            until = date(berlin_date(last).year + years, 12, 31)
            self.result.kept += [
                Kept(f"master data of account {row['account']}", BOOK_LAW, until) for row in found.debtors
            ]
            if found.vat_ids:
                self.result.kept.append(Kept("confirmations of the VAT id", BOOK_LAW, until))
            return
        accounts = found.own_accounts
        tenant_id = self._tenant.id
        self.result.count(
            "confirmations of VAT ids", personal.delete_vat_checks(tx, tenant_id, found.vat_ids)
        )
        self.result.count("master data of customers", personal.blank_debtors(tx, ids))
        blanked = personal.blank_listed_accounts(tx, tenant_id, accounts)
        self.result.count("entries of the adviser's list", blanked)

    def _contacts(self, tx: Transaction, found: Holdings) -> None:
        """Where a person is no customer, but the contact of companies that are."""
        for row in personal.debtors_of_runs(tx, [run.id for run in found.runs if run.ended]):
            if row["party"] in found.parties:
                continue
            changes = contact_fields(row, found.runs, found.parties)
            if changes:
                personal.change_debtor(tx, row["id"], changes)
                self.result.count("contacts in customers' master data", 1)

    def _tell(self, tx: Transaction) -> None:
        journal.write(
            tx,
            tenant_id=self._tenant.id,
            at=self._now,
            event=PERSON_ERASED,
            actor=self._actor,
            message=f"Data of {self.result.subject} was erased on demand.",
            details={"erased": self.result.erased, "kept": len(self.result.kept)},
        )
        # Verifying asks for this row beside the texts that went, sealed as they are.
        seal_now(self._services, tx, self._tenant.id)
