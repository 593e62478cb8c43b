"""Hold the accounts of a posting batch against the standard chart that its header names.

How bad a contradiction is follows what DATEV does with it (``judgements``). Accounts that the client made
itself are beyond the table, and the file does not say what they do.
"""

from collections.abc import Iterable, Mapping, Sequence

from connector.accounting.chart import KEY_LIFTING_AUTOMATIC, AccountEntry, Chart
from connector.datev.extf.cells import content_of
from connector.datev.extf.rules import Breach, Contents, Rule
from connector.datev.extf.terms import BatchTerms
from connector.datev.validation.judgements import judged

Charts = Mapping[str, Chart]
"""By DATEV's number of the chart: header field 27."""

_CHART_FIELD = 27
_POSTINGS = "21"
_ACCOUNT, _CONTRA_ACCOUNT, _KEY, _DISCOUNT, _EU_COUNTRY = 7, 8, 9, 13, 40

_COUNTRY_LENGTH = 2
_HOME = "DE"

_REVERSALS = {"20": "", "80": KEY_LIFTING_AUTOMATIC}
"""Generalumkehr (correction keys 2 and 8) says nothing about tax: 20 reverses a row without key, 80 one whose
automatic is switched off."""

_CURES = {
    "account_reserved": "Use an account that the client's chart has.",
    "account_collective": "Post against the debtor's or creditor's own account.",
    "account_obsolete": "Use the account that took its place.",
    "key_on_automatic_account": "Leave the key empty, or write 40 to switch the automatic off.",
    "key_missing_on_plain_account": "Write the key, or use an automatic account.",
    "key_lifts_nothing": "Write the key of the tax, or use an automatic account.",
}
"""Contradictions with the chart that are told, by the code of :meth:`Chart.check_ledger_account`; that our
table does not know an account is none."""

CHART_RULES = frozenset(
    {*_CURES, "account_needs_eu_field", "vat_id_without_number", "vat_id_german", "discount_on_invoice"}
)
"""Codes of all that can be found here."""

_OF_PLAIN_ACCOUNTS = ("key_missing_on_plain_account", "key_lifts_nothing")
_OF_KEYS = ("key_on_automatic_account", *_OF_PLAIN_ACCOUNTS)


def chart_of(header: Sequence[str], charts: Charts) -> Chart | None:
    """The chart that the header names; None where it names none, or one that is not known here."""
    return charts.get(content_of(header[_CHART_FIELD - 1])) if len(header) >= _CHART_FIELD else None


def is_posting_batch(category: str) -> bool:
    """Whether the file holds postings (header field 3); master data names no ledger accounts."""
    return category == _POSTINGS


def chart_rule(chart: Chart) -> Rule:
    """The rule that ledger accounts, keys and column 40 fit the chart."""

    def rule(c: Contents, terms: BatchTerms) -> Iterable[Breach]:
        return [
            *(
                breach
                for column, other in ((_ACCOUNT, _CONTRA_ACCOUNT), (_CONTRA_ACCOUNT, _ACCOUNT))
                for breach in _breaches(chart, c, terms, column, other)
            ),
            *(_discount_breaches(chart, c, terms) if c[_DISCOUNT - 1] else ()),
        ]

    return rule


def _breaches(chart: Chart, c: Contents, terms: BatchTerms, column: int, other: int) -> Iterable[Breach]:
    account_length = terms.account_length
    written = c[column - 1].lstrip("0")
    if not written.isdecimal() or len(written) != account_length:
        return
    against_person = len(c[other - 1].lstrip("0")) > account_length
    account, key = int(written), c[_KEY - 1].lstrip("0")
    for problem in chart.check_ledger_account(
        account, _REVERSALS.get(key, key), account_length=account_length
    ):
        if problem.code not in _CURES:
            continue
        # Between two ledger accounts the key is that of the contra account, and none may be right.
        if not against_person and (
            problem.code in _OF_PLAIN_ACCOUNTS or (problem.code in _OF_KEYS and column == _ACCOUNT)
        ):
            continue
        at = _KEY if problem.code in _OF_KEYS else column
        later = problem.code == "account_reserved" and terms.fiscal_year_start.year < chart.year
        by = "account_reserved_later" if later else problem.code
        yield judged(problem.code, at, _begun_small(problem.message), _CURES[problem.code], by)
    entry = chart.entry_for(account, account_length=account_length)
    if entry and entry.needs and against_person and not key:
        yield from _eu_breaches(account, entry, c[_EU_COUNTRY - 1])


def _discount_breaches(chart: Chart, c: Contents, terms: BatchTerms) -> Iterable[Breach]:
    """A cash discount on a row that is an invoice: an account with automatic tax takes no payments."""
    for column in (_ACCOUNT, _CONTRA_ACCOUNT):
        written = c[column - 1].lstrip("0")
        if not written.isdecimal() or len(written) != terms.account_length:
            continue
        entry = chart.entry_for(int(written), account_length=terms.account_length)
        if entry and entry.function.is_automatic:
            what = f"has a cash discount, but account {written} ({entry.meaning}) is of invoices."
            cure = "Empty the column; write terms of payment into the debtor's or creditor's record."
            yield judged("discount_on_invoice", _DISCOUNT, what, cure)


def _eu_breaches(account: int, entry: AccountEntry, customer: str) -> Iterable[Breach]:
    """Column 40 of a row on an account of the EU; it may hold too little, or the seller's own number."""
    of_account = f"account {account} ({entry.meaning})"
    if not customer:
        what = "VAT id" if entry.needs == "vat_id" else "country"
        message = f"{of_account} needs the customer's {what} in column {_EU_COUNTRY}."
        cure = "Fill the column, or use another account."
        yield judged("account_needs_eu_field", _EU_COUNTRY, message, cure)
    elif entry.needs != "vat_id":
        return
    elif len(customer) == _COUNTRY_LENGTH:
        message = (
            f"{of_account} needs the customer's VAT id in column {_EU_COUNTRY}, which names {customer} only."
        )
        yield judged("vat_id_without_number", _EU_COUNTRY, message, "Write the number behind the country.")
    elif customer.startswith(_HOME):
        message = f"{of_account} needs the VAT id of another member state; {customer} is a German one."
        cure = "Write the customer's VAT id, or use an account of domestic sales."
        yield judged("vat_id_german", _EU_COUNTRY, message, cure)


def _begun_small(sentence: str) -> str:
    """The sentence as it follows "Row 7:"."""
    return sentence[:1].lower() + sentence[1:]
