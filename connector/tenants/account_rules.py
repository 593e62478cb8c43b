"""Rules of a client's own accounts: held against the standard chart and the tax rules."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connector.accounting.chart import (
    KEY_LIFTING_AUTOMATIC,
    NEVER_POSTED,
    Chart,
    client_account,
    standard_account,
)
from connector.accounting.individual_accounts import (
    IndividualAccount,
    IndividualFunction,
    with_individual_accounts,
)
from connector.accounting.revenue_accounts import takes_revenue
from connector.accounting.tax import TaxRules
from connector.accounting.tax_table import Booking
from connector.tenants.findings import Fault, Finding
from connector.tenants.toml_lines import Path

Charges = Mapping[str, frozenset[Decimal | None]]
"""Tax case → what it charges; None is the rate of another member state."""

KEY_RATES: Mapping[str, Decimal] = {"2": Decimal(7), "3": Decimal(19), "5": Decimal(16)}
"""Keys whose rate is beyond doubt (DATEV's samples); others are the adviser's knowledge."""


def individual_accounts(loaded: Mapping[str, Any]) -> tuple[IndividualAccount, ...]:
    """The client's own accounts, as ``[[chart.accounts]]`` names them."""
    rows = (loaded.get("chart") or {}).get("accounts") or ()
    return tuple(IndividualAccount(**row) for row in rows)


def account_findings(
    accounts: Sequence[IndividualAccount], *, chart: Chart, rules: TaxRules, account_length: int
) -> Iterator[Finding]:
    """What the client's own accounts contradict.

    :param chart: the standard chart.
    """
    charges = rules.charges
    times = Counter(account.account for account in accounts)
    for position, own in enumerate(accounts):
        place = ("chart", "accounts", position)
        number = [
            *_number_faults(own, chart, account_length),
            *([_TWICE] if times[own.account] > 1 else []),
        ]
        yield from (Finding((*place, "account"), fault) for fault in number)
        function = list(_function_faults(own, chart))
        yield from (Finding((*place, key), fault) for key, fault in function)
        if not function:
            for key, fault in _case_faults(own, chart, charges):
                yield Finding((*place, key), fault)
        if not number and not function:
            yield from _overruled(
                own, place, with_individual_accounts(chart, accounts), rules, account_length
            )


_TWICE = Fault("account_twice", "is named a second time.", "Keep the section that holds.")


def _number_faults(own: IndividualAccount, chart: Chart, account_length: int) -> Iterator[Fault]:
    digits = len(str(own.account))
    if digits == account_length + 1:
        yield Fault(
            "account_personal",
            f"is {own.account}, which is an account of a debtor or creditor: ledger accounts of this client "
            f"have {account_length} digits (booking.account_length).",
            f"Write a ledger account of {account_length} digits, or correct booking.account_length.",
        )
    elif digits != account_length:
        yield Fault(
            "account_length",
            f"is {own.account}; ledger accounts of this client have {account_length} digits "
            "(booking.account_length).",
            "Write the account in its full length, or correct booking.account_length.",
        )
    else:
        standard = chart.entry_of(standard_account(own.account, account_length))
        if standard and standard.function in NEVER_POSTED:
            yield Fault(
                f"account_{standard.function.name.lower()}",
                f"is {own.account}, which DATEV keeps for itself ({standard.meaning}); "
                "nobody may post on it.",
                "Ask the adviser for an account outside of this range.",
            )


def _function_faults(own: IndividualAccount, chart: Chart) -> Iterator[tuple[str, Fault]]:
    if (own.like is None) == (own.function is None):
        missing = own.like is None
        yield (
            "account",
            Fault(
                "key_missing" if missing else "keys_disagree",
                "does not say what DATEV does on it." if missing else "has both like and function.",
                "Write like = 8400 (the standard account that it behaves like), or function and tax_cases.",
            ),
        )
        return
    model = None if own.like is None else chart.entry_of(own.like)
    if own.like is not None and (model is None or not takes_revenue(model)):
        what = (
            f"{model.meaning}, which takes no ordinary revenue" if model else "not in our table of the chart"
        )
        yield (
            "like",
            Fault(
                "account_not_for_revenue" if model else "account_unknown",
                f"is {own.like}: {what}.",
                "Name a revenue account of the standard chart, or say function and tax_cases instead.",
            ),
        )
    automatic = own.function is IndividualFunction.AUTOMATIC
    if automatic and own.rate is None:
        yield "rate", Fault("key_missing", "is missing for an automatic account.", "Add a line: rate = 19")
    if not automatic and own.rate is not None:
        yield (
            "rate",
            Fault(
                "key_without_effect",
                'has no effect without function = "automatic".',
                "Remove the line: like has its rate, an account without function takes that of the line.",
            ),
        )
    if own.function and not own.tax_cases:
        yield (
            "tax_cases",
            Fault(
                "key_missing",
                "is missing, so no tax case may be booked on the account.",
                'Add a line such as: tax_cases = ["domestic_19"]; the cases are in docs/steuerfaelle.md.',
            ),
        )
    if own.key == KEY_LIFTING_AUTOMATIC:
        yield (
            "key",
            Fault(
                "key_lifts_nothing",
                f"is {own.key!r}, which only switches off the automatic of an account.",
                "Leave it out, or name the key that the adviser wants on the account.",
            ),
        )
    elif own.key and (automatic or (model is not None and not model.key_required)):
        yield (
            "key",
            Fault(
                "key_on_automatic_account",
                f"is {own.key!r}, but the account computes its tax by itself; DATEV refuses a key on it.",
                "Remove the line, or correct the function of the account.",
            ),
        )


def _case_faults(own: IndividualAccount, chart: Chart, charges: Charges) -> Iterator[tuple[str, Fault]]:
    """What is wrong with the cases of an account whose function is right by itself."""
    for case in [case for case in own.tax_cases if case not in charges]:
        yield (
            "tax_cases",
            Fault(
                "tax_case_unknown",
                f"names {case!r}, which is no tax case that is booked.",
                f"Use some of: {', '.join(sorted(charges))}.",
            ),
        )
    model = None if own.like is None else chart.entry_of(own.like)
    for case in own.tax_cases if model and model.tax_cases else ():
        if model and case not in model.tax_cases and case in charges:
            yield (
                "tax_cases",
                Fault(
                    "account_contradicts_tax_case",
                    f"names {case}, which account {own.like} ({model.meaning}) does not carry.",
                    f"Leave it out, or name an account in like that carries {case}.",
                ),
            )
    if own.rate is not None:
        yield from _rate_faults(own.rate, own.tax_cases, charges, "tax_cases", "the account books")
    if own.key:
        yield from _key_faults(own, own.tax_cases or (model.tax_cases if model else ()), charges)


def _rate_faults(
    rate: Decimal, cases: Collection[str], charges: Charges, key: str, what: str
) -> Iterator[tuple[str, Fault]]:
    for case in [case for case in cases if charges.get(case, {rate}) != {rate}]:
        yield (
            key,
            Fault(
                "rate_contradicts_tax_case",
                f"does not fit: {what} {rate} %, but {case} charges {_listed(charges[case])}.",
                "Correct the rate or the key, or leave the case out.",
            ),
        )


def _key_faults(
    own: IndividualAccount, cases: Collection[str], charges: Charges
) -> Iterator[tuple[str, Fault]]:
    if not cases:
        yield (
            "key",
            Fault(
                "tax_cases_missing",
                f"is {own.key!r} for every tax case alike.",
                'Say for which cases it is right, such as: tax_cases = ["domestic_19"]',
            ),
        )
    elif own.key in KEY_RATES:
        yield from _rate_faults(KEY_RATES[own.key], cases, charges, "key", f"key {own.key} means")
    elif len({charges[case] for case in cases if case in charges}) > 1:
        yield (
            "key",
            Fault(
                "rate_contradicts_tax_case",
                f"is {own.key!r} for tax cases with different rates.",
                "Leave it out (each case then has its own key), or name cases of one rate.",
            ),
        )


def _overruled(
    own: IndividualAccount, place: Path, chart: Chart, rules: TaxRules, account_length: int
) -> Iterator[Finding]:
    """A tax case whose own account the client has turned into something else."""
    entry = chart.entry_for(own.account, account_length=account_length)
    cases = {
        rule.tax_case
        for rule in rules.rules
        if isinstance(rule.outcome, Booking)
        and client_account(rule.outcome.accounts[chart.name], account_length) == own.account
    }
    for case in sorted(cases):
        if entry and not entry.carries(case):
            yield Finding(
                (*place, "tax_cases" if own.tax_cases else "account"),
                Fault(
                    "account_of_tax_case",
                    f"does not let {own.account} carry {case}, which our tax rules book there.",
                    f"Add {case} to its tax_cases, or name another account for the case with [[tax_rules]].",
                ),
            )


def _listed(rates: Collection[Decimal | None]) -> str:
    return " or ".join(
        "the rate of another member state" if rate is None else f"{rate} %"
        for rate in sorted(rates, key=lambda rate: -1 if rate is None else rate)
    )
