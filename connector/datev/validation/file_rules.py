"""What only files of other programs get wrong: ours are made from sales in which it cannot happen."""

from collections.abc import Iterable

from connector.datev.extf.posting_rules import document_date_of
from connector.datev.extf.problems import Severity
from connector.datev.extf.rules import Breach, Contents, Rule, parse_date
from connector.datev.extf.terms import BatchTerms

MOST_ACCOUNTS = 100_000
"""Accounts of master data that are kept to find one twice: a file holds 99,999 records at most, and memory
must not grow with one that holds more."""

_POSTINGS, _MASTER_DATA = "21", "16"


def file_rules(category: str) -> list[Rule]:
    """The rules for one file of a category (header field 3); they may remember its rows."""
    rules = {_POSTINGS: _not_due_before_it_is_written, _MASTER_DATA: _every_account_once()}
    return [rules[category]] if category in rules else []


def _not_due_before_it_is_written(c: Contents, terms: BatchTerms) -> Iterable[Breach]:
    due = parse_date(c[116])
    written = document_date_of(c[9], terms) if due else None
    if not (due and written and due < written):
        return ()
    return [
        Breach(
            "due_date_before_document",
            117,
            f"is due on {due}, before its document date {written}.",
            "Correct the due date or the document date.",
            Severity.WARNING,
        )
    ]


def _every_account_once() -> Rule:
    seen: set[str] = set()

    def rule(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
        account = c[0].lstrip("0")
        if account in seen:
            return [
                Breach(
                    "account_twice",
                    1,
                    f"account {account} stands in a row above already; the later row overwrites it.",
                    "Keep one row for every account.",
                    Severity.WARNING,
                )
            ]
        if account and len(seen) < MOST_ACCOUNTS:
            seen.add(account)
        return ()

    return rule
