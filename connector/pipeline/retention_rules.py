"""What is kept for how long, and why: a table, with the law beside each row.

Periods in years begin with the end of the calendar year (§147 (4) AO), in Berlin. The law's periods are a
least: settings may lengthen them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.clock import BERLIN
from connector.settings import RetentionSettings
from connector.store import retention
from connector.store.retention import Expiry


@dataclass(frozen=True, slots=True)
class Years:
    """So many years after the end of the calendar year."""

    number: int

    def before(self, now: datetime) -> datetime:
        """Whatever is from before this moment is over its time."""
        return datetime(now.astimezone(BERLIN).year - self.number, 1, 1, tzinfo=BERLIN)

    def __str__(self) -> str:
        return f"{self.number} years"


@dataclass(frozen=True, slots=True)
class Days:
    """So many days."""

    number: int

    def before(self, now: datetime) -> datetime:
        """Whatever is from before this moment is over its time."""
        return now - timedelta(days=self.number)

    def __str__(self) -> str:
        return f"{self.number} day{'s' if self.number > 1 else ''}"


Period = Years | Days

VOUCHER_LAW = "§147 (1) no. 4, (3) AO as of 2025 (BEG IV), §257 HGB, §14b UStG: 8 years"
BOOK_LAW = "§147 (1) no. 1, (3) AO, §257 HGB: 10 years"
LETTER_LAW = "§147 (1) no. 5, (3) AO: 6 years"
_MINIMAL = "Art. 5 (1) (e) GDPR: no longer than needed"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that ends."""

    name: str
    what: str
    expiry: Expiry
    period: Callable[[RetentionSettings], Period]
    source: str
    lawful: bool = True
    """Whether a law wants it kept: then its end is told in the journal."""


def _vouchers(settings: RetentionSettings) -> Period:
    return Years(settings.voucher_years)


def _books(settings: RetentionSettings) -> Period:
    return Years(settings.book_years)


def _letters(settings: RetentionSettings) -> Period:
    return Years(settings.letter_years)


def _a_day(_settings: RetentionSettings) -> Period:
    return Days(1)


RULES = (
    Rule(
        "run (never booked)",
        "copy of a deal that was ignored or cancelled and has no document",
        retention.UNBOOKED,
        lambda settings: Days(settings.unbooked_days),
        _MINIMAL,
        lawful=False,
    ),
    Rule(
        "http_log",
        "calls to partners",
        retention.HTTP_LOG,
        lambda settings: Days(settings.http_log_days),
        "DATEV's conditions: at least 14 days",
        lawful=False,
    ),
    Rule(
        "inbox",
        "deliveries of webhooks",
        retention.INBOX,
        lambda settings: Days(settings.inbox_days),
        _MINIMAL,
        lawful=False,
    ),
    Rule("connect_ticket", "links to log in, once over", retention.TICKETS, _a_day, _MINIMAL, lawful=False),
    Rule(
        "login_attempt",
        "log-ins under way, once over",
        retention.LOGIN_ATTEMPTS,
        _a_day,
        _MINIMAL,
        lawful=False,
    ),
    Rule("document.content", "PDF of an invoice", retention.PDFS, _vouchers, VOUCHER_LAW),
    Rule("run.invoice", "invoice as it was decided", retention.INVOICES, _vouchers, VOUCHER_LAW),
    Rule(
        "run.invoice (never invoiced)",
        "what a change of a booked deal was compared with",
        retention.COMPARED,
        _letters,
        LETTER_LAW,
    ),
    Rule("run.bundle", "booked deal as it was read", retention.DEAL_COPIES, _letters, LETTER_LAW),
    Rule("document", "document's number and hash, with its postings", retention.DOCUMENTS, _books, BOOK_LAW),
    Rule("submission_debtor", "debtors handed over", retention.SUBMISSION_DEBTORS, _books, BOOK_LAW),
    Rule("submission_file", "files of a DXSO job", retention.SUBMISSION_FILES, _books, BOOK_LAW),
    Rule("submission", "files handed over and DATEV's answer", retention.SUBMISSIONS, _books, BOOK_LAW),
    Rule("vat_check", "confirmations of VAT ids", retention.VAT_CHECKS, _books, f"§18e UStG; {BOOK_LAW}"),
    Rule("run", "texts of a run", retention.RUN_TEXTS, _books, BOOK_LAW),
    Rule("debtor", "master data of a customer without bookings", retention.DEBTORS, _books, BOOK_LAW),
    Rule("legal_hold", "holds that were released", retention.HOLDS, _books, BOOK_LAW),
)
"""Applied in this order: what is short-lived first, and what hangs on another row before it."""

JOURNAL = "journal"
"""Cut at the beginning of its chain, not row by row; its seals go along."""

KEPT = {
    "tenant": "as long as it is a customer",
    "tenant_config": f"every version, for good: it explains the bookings ({BOOK_LAW})",
    "tenant_secret": "until it is replaced",
    "connection": "until it is disconnected",
    "field_definitions": "a cache without anybody's data",
    "batch": "numbers and states only",
    "posting": "goes with its document",
    "adviser_account": "replaced whole by each import",
    "merged_party": "ids only: whose account holds",
    "number_sequence": "a number must not be given twice",
    "ecb_rate": "public",
    "refused_delivery": "counters only",
    "webhook_subscription": "ids only, until it is removed",
    "tenant_watch": "one row a tenant and list",
    "journal_seal": "goes with its journal row",
    "desk_user": "until an administrator removes it (ml-connector user remove)",
    "desk_role": "until it is taken away; the desk's own",
    "desk_session": "deleted by the desk when it is over",
    "desk_link": "deleted by the desk when it is over",
    "desk_login_attempt": "deleted by the desk when it is over",
    "desk_refused_login": "counters only",
    "desk_event": f"who got which right when, for good: it explains the releases ({BOOK_LAW})",
}
"""Tables of which nothing ends by itself, and why."""
