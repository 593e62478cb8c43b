"""What debtors and creditors of other programs get wrong (category 16)."""

from collections.abc import Iterable

from connector.accounting.vat_ids import EU_PREFIXES
from connector.datev.extf.debtor_columns import DEBTOR_COLUMNS
from connector.datev.extf.rules import Breach, Contents, Rule, parse_date
from connector.datev.extf.terms import BatchTerms
from connector.datev.validation.code_rules import country_breaches, iban_breaches, vat_id_breaches
from connector.datev.validation.judgements import judged

MOST_ACCOUNTS = 100_000
"""Accounts that are kept to find one twice: a file holds 99,999 records at most, and memory must not grow
with one that holds more."""

_NAMES = (2, 4, 6)
"""Name of a company, of a person, and where neither is said."""
_EU_COUNTRY, _EU_NUMBER = 9, 10
_COUNTRIES = (20, 158)
"""Of the address, and of the address for invoices."""


def _periods() -> tuple[tuple[int, int], ...]:
    """Columns that say from when and until when something holds: of addresses and of ten banks."""
    number_of = {column.heading: number for number, column in enumerate(DEBTOR_COLUMNS, start=1)}
    return tuple(
        (number, number_of[heading.replace("Gültig von", "Gültig bis")])
        for heading, number in number_of.items()
        if "Gültig von" in heading
    )


_PERIODS = _periods()

_IBANS = tuple(
    number for number, column in enumerate(DEBTOR_COLUMNS, start=1) if column.heading.startswith("IBAN-Nr.")
)
"""Of ten bank accounts."""


def master_data_rules() -> list[Rule]:
    """The rules for one file; they may remember its rows."""
    return [
        _has_a_name,
        _codes_are_right,
        _ibans_are_right,
        _periods_begin_before_they_end,
        _every_account_once(),
    ]


def _has_a_name(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    if any(c[number - 1] for number in _NAMES):
        return ()
    what = "has no name, neither of a company (column 2) nor of a person (column 4) nor another (column 6)."
    return [judged("name_missing", 2, what, "Write the name into the column of its kind.")]


def _codes_are_right(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    country, number = c[_EU_COUNTRY - 1], c[_EU_NUMBER - 1]
    breaches = [
        breach for column in _COUNTRIES if c[column - 1] for breach in country_breaches(c[column - 1], column)
    ]
    # A number that repeats its country has a rule of its own.
    if country and not (number.startswith(country) and country != "FR"):
        breaches += vat_id_breaches(country + number, _EU_COUNTRY, _EU_NUMBER)
    if country in EU_PREFIXES and not number:
        what = f"names {country} as the country of a VAT id in column {_EU_COUNTRY}, but no number."
        cure = "Write the rest of the VAT id, or empty both columns."
        breaches.append(judged("vat_id_without_number", _EU_NUMBER, what, cure))
    return breaches


def _ibans_are_right(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    return [breach for column in _IBANS if c[column - 1] for breach in iban_breaches(c[column - 1], column)]


def _periods_begin_before_they_end(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    return [
        judged(
            "valid_from_after_to",
            begin,
            f"holds from {first} (column {begin}) to {last} (column {end}), which is no day at all.",
            "Correct one of the two dates.",
        )
        for begin, end in _PERIODS
        if (first := parse_date(c[begin - 1])) and (last := parse_date(c[end - 1])) and last < first
    ]


def _every_account_once() -> Rule:
    seen: set[str] = set()

    def rule(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
        account = c[0].lstrip("0")
        if account in seen:
            return [
                judged(
                    "account_twice",
                    1,
                    f"account {account} stands in a row above already; the later row overwrites it.",
                    "Keep one row for every account.",
                )
            ]
        if account and len(seen) < MOST_ACCOUNTS:
            seen.add(account)
        return ()

    return rule
