"""What the cells of a posting row must be together (category 21).

DATEV's online service looks at the header only; a wrong row shows when the adviser imports the
batch. So every rule between columns is checked here. Columns are named by DATEV's numbers; a
column that a version does not have yet is empty. A rule that only warns says what DATEV does.
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache

from connector.datev.extf.posting_columns import PAIRS, POSTING_COLUMNS
from connector.datev.extf.problems import Severity
from connector.datev.extf.rules import Breach, Contents, Rule, dates_exist, parse_date
from connector.datev.extf.terms import HOME_CURRENCY, BatchTerms

CENT = Decimal("0.01")
_SPREAD_OF_RATES = Decimal("0.0005")
"""What a rounded rate may move the base amount by; DATEV's own sample is off by 0.03 % (124,00 CHF at
1,240402 are said to be 100,00 EUR)."""

_COUNTRY_COLUMN, _RATE_COLUMN = 40, 41
_COUNTRY = re.compile("[A-Z]{2}.*")
_VAT_ID = re.compile("[A-Z]{2}.{2,13}")
_NUMBER = re.compile("[0-9]{1,10}(?:,[0-9]{1,6})?")
_RATE = re.compile("[0-9].*")
_NEEDED_BY_KEY: dict[str, tuple[tuple[int, re.Pattern[str], str], ...]] = {
    "10": ((_COUNTRY_COLUMN, _COUNTRY, "country"), (_RATE_COLUMN, _RATE, "foreign tax rate")),
    "11": ((_COUNTRY_COLUMN, _VAT_ID, "whole VAT id"),),
    "12": ((_COUNTRY_COLUMN, _COUNTRY, "country"),),
    "13": ((_COUNTRY_COLUMN, _COUNTRY, "country"),),
    "231": ((_COUNTRY_COLUMN, _VAT_ID, "whole VAT id"),),
    "240": ((_COUNTRY_COLUMN, _COUNTRY, "country"), (_RATE_COLUMN, _RATE, "foreign tax rate")),
}
"""Keys of EU cases are not importable without these. Sources: notes of the charts for 10 to 13, DATEV's
ledger samples for 231 and 240."""


def _accounts_fit_the_length(c: Contents, terms: BatchTerms) -> Iterable[Breach]:
    longest = terms.account_length + 1
    if len(c[6]) <= longest and len(c[7]) <= longest:
        return ()
    return [
        Breach(
            "account_too_long",
            number,
            f"account {c[number - 1]} has more digits than the client's personal accounts ({longest}).",
            "Use an account of the client's length (field 14 of the header), personal ones one more.",
        )
        for number in (7, 8)
        if len(c[number - 1].lstrip("0")) > longest
    ]


def _accounts_differ(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    if c[6] != c[7] or not c[6]:
        return ()
    return [
        Breach(
            "account_against_itself",
            8,
            f"account {c[7]} is posted against itself, which moves nothing.",
            "Correct account or contra account.",
        )
    ]


def _document_date_lies_in_the_period(c: Contents, terms: BatchTerms) -> Iterable[Breach]:
    if document_date_of(c[9], terms) is not None:
        return ()
    return [
        Breach(
            "document_date_outside_period",
            10,
            f"document date {c[9]} does not lie between {terms.date_from} and {terms.date_to}.",
            "Put the row into the batch of its own month and fiscal year.",
        )
    ]


def _foreign_currency_is_complete(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    currency, *rest = c[2:6]
    if currency in ("", HOME_CURRENCY):
        if not any(rest):
            return ()
        return [
            Breach(
                "currency_without_code",
                3,
                "has an exchange rate or base amount but is not in a foreign currency.",
                "Leave columns 4 to 6 empty or name the foreign currency in column 3.",
            )
        ]
    if not all(rest):
        return [
            Breach(
                "currency_incomplete",
                4,
                f"is in {currency} but exchange rate, base amount and base currency are not all there.",
                "Fill columns 4, 5 and 6, or leave columns 3 to 6 empty.",
            )
        ]
    return _currency_is_consistent(c)


def _currency_is_consistent(c: Contents) -> Iterable[Breach]:
    if c[5] != HOME_CURRENCY:
        return [
            Breach(
                "base_currency",
                6,
                f"gives its base amount in {c[5]}.",
                f"Convert the amount to {HOME_CURRENCY} and write {HOME_CURRENCY} into column 6.",
            )
        ]
    amount, rate, base = (_decimal(c[index]) for index in (0, 3, 4))
    if not (amount and rate and base) or base_fits(amount, rate, base, _SPREAD_OF_RATES * base):
        return ()
    return [
        Breach(
            "base_amount_wrong",
            5,
            f"says {c[0]} {c[2]} at {c[3]} are {c[4]} {c[5]}, but they are {amount / rate:.2f}.",
            "Write the rate as foreign units per 1 EUR, and the base amount as amount divided by rate.",
        )
    ]


def base_fits(amount: Decimal, rate: Decimal, base: Decimal, spread: Decimal = Decimal(0)) -> bool:
    """Whether the base amount is amount divided by rate, to a cent and ``spread``."""
    return abs(amount / rate - base) <= CENT + spread


def _pairs_are_whole(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    # Nearly all rows are right, so the halves are first compared as a whole.
    if [*map(bool, c[20:36:2])] == [*map(bool, c[21:36:2])] and (
        [*map(bool, c[47:87:2])] == [*map(bool, c[48:87:2])]
    ):
        return ()
    return [
        Breach(
            "half_pair",
            kind,
            f"columns {kind} and {content} belong together but only one is filled.",
            "Fill both or neither.",
        )
        for kind, content in PAIRS
        if bool(c[kind - 1]) != bool(c[content - 1])
    ]


def _lock_is_explicit(c: Contents, terms: BatchTerms) -> Iterable[Breach]:
    if c[113] == "0" or (c[113] and terms.locked):
        return ()
    if c[113]:
        return [
            Breach(
                "lock_contradicts_header",
                114,
                "is locked though the header says open: DATEV locks the whole batch for one such row.",
                "Write the same lock into field 21 of the header and column 114 of all rows.",
                Severity.WARNING,
            )
        ]
    return [
        Breach(
            "lock_not_explicit",
            114,
            "says nothing about the lock, which DATEV reads as locked.",
            "Write 0 (open) or 1 (locked).",
            Severity.WARNING,
        )
    ]


def _due_date_can_be_kept(c: Contents, terms: BatchTerms) -> Iterable[Breach]:
    if not c[116]:
        return ()
    if not any(len(c[n - 1].lstrip("0")) > terms.account_length for n in (7, 8)):
        return [
            Breach(
                "due_date_without_personal_account",
                117,
                "has a due date but no debtor or creditor, so DATEV would discard it.",
                "Leave the due date empty or post against a personal account.",
                Severity.WARNING,
            )
        ]
    if len(c[11]) == 6 and parse_date(f"{c[11][:4]}20{c[11][4:]}"):
        return [
            Breach(
                "due_date_twice",
                12,
                f"has a due date in column 117 and {c[11]}, which reads as another, in column 12.",
                "Leave the due date out of Belegfeld 2.",
                Severity.WARNING,
            )
        ]
    return ()


def _eu_fields_belong_together(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    breaches = []
    for country, rate in ((40, 41), (123, 124)):
        if c[rate - 1] and not c[country - 1]:
            breaches.append(
                Breach(
                    "eu_rate_without_country",
                    country,
                    f"has an EU tax rate in column {rate} but no country in column {country}.",
                    "Name the country, with the VAT id where the customer has one.",
                )
            )
        if c[country - 1].startswith("GR"):
            breaches.append(
                Breach(
                    "greece_is_el",
                    country,
                    f"{c[country - 1]} begins with GR.",
                    "Write EL: VAT ids of Greece begin so.",
                )
            )
    return breaches


def _keys_have_what_they_need(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    needed = _NEEDED_BY_KEY.get(c[8])
    if needed is None:
        return ()
    return [
        Breach(
            "key_needs_eu_field",
            number,
            f"has key {c[8]}, which needs the {what} in column {number}.",
            "Fill the column or use another key.",
        )
        for number, pattern, what in needed
        if not pattern.fullmatch(c[number - 1])
    ]


def _prepayments_are_named(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    # DATEV's sample writes 0 for "none" into the number columns 97, 99 and 101.
    if c[95] or not any(content.strip("0,") for content in c[96:101]):
        return ()
    return [
        Breach(
            "prepayment_without_kind",
            96,
            "fills columns of prepayments (97 to 101) but does not say in column 96 that it is one.",
            "Write AA, AG, AV, SR, SU, SG or SO into column 96, or empty columns 97 to 101.",
        )
    ]


EU_RULES: tuple[Rule, ...] = (_eu_fields_belong_together, _keys_have_what_they_need)
"""They read columns 9, 40, 41, 123 and 124 only."""

RULES: tuple[Rule, ...] = (
    _accounts_fit_the_length,
    _accounts_differ,
    _document_date_lies_in_the_period,
    _foreign_currency_is_complete,
    _pairs_are_whole,
    _lock_is_explicit,
    _due_date_can_be_kept,
    *EU_RULES,
    _prepayments_are_named,
    dates_exist(POSTING_COLUMNS),
)
"""They read the contents of all 125 columns."""


@lru_cache(maxsize=4000)
def document_date_of(day_month: str, terms: BatchTerms) -> date | None:
    """The day that TTMM means in this batch; None where the period has no such day.

    Field 10 has no year: it is the year of the period in which the day falls. The period lies within
    one fiscal year, which the check of the header sees to.
    """
    for year in range(terms.date_from.year, terms.date_to.year + 1):
        found = parse_date(f"{day_month}{year:04d}")
        if found and terms.date_from <= found <= terms.date_to:
            return found
    return None


def _decimal(content: str) -> Decimal | None:
    """A written number; None where the cell holds none, which its column says."""
    return Decimal(content.replace(",", ".")) if _NUMBER.fullmatch(content) else None
