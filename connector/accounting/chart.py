"""The chart of accounts: what DATEV does by itself on which account.

A key on an automatic account, or none on a plain one, is the error that costs a bookkeeper most:
DATEV's service accepts the file, and the import into Rechnungswesen fails (REW00305/306) or books
no tax at all. So every row is held against this table before it leaves us.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from connector.accounting.tables import TableReader
from connector.errors import Problem

STANDARD_LENGTH = 4
"""Digits in which DATEV prints its standard charts."""

KEY_LIFTING_AUTOMATIC = "40"
"""Correction key 4: switches the automatic of an account off for one row (explanatory page of the charts)."""

_DEBTORS = (10000, 69999)
_CREDITORS = (70000, 99999)
"""Personal accounts at 4-digit ledger accounts; ten times as many per further digit."""


class AccountFunction(StrEnum):
    """Kontofunktion, in DATEV's own letters."""

    AUTOMATIC_SALES_TAX = "AM"
    AUTOMATIC_INPUT_TAX = "AV"
    COLLECTIVE = "S"
    GENERAL = "F"
    RESERVED = "R"
    NONE = "none"

    @property
    def is_automatic(self) -> bool:
        """Whether DATEV computes the tax of a row by itself."""
        return self in (AccountFunction.AUTOMATIC_SALES_TAX, AccountFunction.AUTOMATIC_INPUT_TAX)


NEVER_POSTED = (AccountFunction.RESERVED, AccountFunction.COLLECTIVE)
"""Accounts that nobody posts on, whatever an individual chart says."""


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """One account or range of accounts, in 4 digits; an individual account in the client's length."""

    first: int
    last: int
    function: AccountFunction
    meaning: str
    extra: str = ""
    """Zusatzfunktion: M, V or KU; empty where not recorded."""
    rate: Decimal | None = None
    key_required: bool = False
    tax_cases: tuple[str, ...] = ()
    needs: str = ""
    """What field 40 must hold: ``vat_id``, ``country`` or nothing."""
    obsolete: bool = False
    note: str = ""
    key: str = ""
    """The one key that an individual account without function takes; empty: that of the tax case."""

    def carries(self, tax_case: str) -> bool:
        """Whether revenue of the case may be booked here.

        A plain account without cases of its own (8200 / 4200) carries every case that has a key.
        """
        return tax_case in self.tax_cases or (self.key_required and not self.tax_cases and not self.needs)


@dataclass(frozen=True, slots=True)
class Chart:
    """A standard chart (SKR03 or SKR04) of one year, with the individual accounts of one client."""

    name: str
    """``skr03``"""
    datev_number: str
    """``03``: EXTF header field 27."""
    year: int
    source: str
    entries: tuple[AccountEntry, ...]
    """In ascending order, without overlaps."""
    individual: tuple[AccountEntry, ...] = ()
    """The client's own accounts, in its full length; each goes before the standard of its number."""

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Chart":
        """Read the parsed TOML of ``config/charts/*.toml``.

        Raises:
            TableError: with every contradiction of the table.
        """
        reader = TableReader("chart", document)
        chart = cls(
            name=reader.text("chart"),
            datev_number=reader.text("datev_number"),
            year=reader.integer("year"),
            source=reader.text("source"),
            entries=tuple(sorted(map(_entry, reader.tables("accounts")), key=lambda entry: entry.first)),
        )
        for before, after in zip(chart.entries, chart.entries[1:], strict=False):
            if after.first <= before.last:
                reader.wrong(f"accounts {before.first}-{before.last} and {after.first} overlap")
        for entry in chart.entries:
            if entry.last < entry.first:
                reader.wrong(f"the range {entry.first}-{entry.last} ends before it begins")
        reader.finish()
        return chart

    def with_accounts(self, individual: tuple[AccountEntry, ...]) -> "Chart":
        """The chart of a client that has accounts of its own, each in the client's full length."""
        return replace(self, individual=individual)

    def entry_of(self, account: int) -> AccountEntry | None:
        """What the chart says about an account in 4 digits; None if it does not know it."""
        for entry in self.entries:
            if entry.first <= account <= entry.last:
                return entry
        return None

    def entry_for(self, account: int, *, account_length: int) -> AccountEntry | None:
        """What the client's chart says about an account in its full length; None if it does not know it.

        The client's own accounts go first. DATEV's functions hold for whole ranges: with 5 digits
        8400-8419 are 84000-84199, so 84001 is automatic, too; and what is reserved or collective stays so
        below its number. A further account below a single standard one (83361 below 8336) is the client's
        own, whose function only the client's chart knows: until it is named there, it is not known.
        """
        for entry in self.individual:
            if entry.first == account:
                return entry
        standard = self.entry_of(standard_account(account, account_length))
        if standard is None or account % _scale(account_length) == 0:
            return standard
        inherited = standard.first < standard.last or standard.function in NEVER_POSTED
        return standard if inherited else None

    def function_of(self, account: int) -> AccountFunction | None:
        """Function of an account in 4 digits; None if the chart does not know it."""
        entry = self.entry_of(account)
        return entry.function if entry else None

    def check_ledger_account(self, account: int, tax_key: str, *, account_length: int) -> tuple[Problem, ...]:
        """Hold a ledger account (in the client's length) and its key against the chart."""
        if len(str(account)) != account_length:
            return (_wrong_length(account, account_length),)
        entry = self.entry_for(account, account_length=account_length)
        if entry is None:
            return (_unknown(account, self),)
        return tuple(_contradictions(account, tax_key, entry))


def client_account(account: int, account_length: int) -> int | Problem:
    """An account as a tenant writes it, in the client's length: 4 digits are a standard account."""
    digits = len(str(account))
    if digits == account_length:
        return account
    if digits == STANDARD_LENGTH:
        return scaled_account(account, account_length)
    return _wrong_length(account, account_length)


def scaled_account(account: int, account_length: int) -> int:
    """A 4-digit standard account in the client's length: zeros on the right, 8400 → 84000."""
    return account * _scale(account_length)


def standard_account(account: int, account_length: int) -> int:
    """The 4-digit standard account above an account of the client: 84001 → 8400.

    Whether it behaves like that one, :meth:`Chart.entry_for` knows.
    """
    return account // _scale(account_length)


def debtor_range(account_length: int) -> range:
    """Debtor accounts: 10000-69999 at length 4, always one digit longer than ledger accounts."""
    return _scaled_range(_DEBTORS, account_length)


def creditor_range(account_length: int) -> range:
    """Creditor accounts: 70000-99999 at length 4."""
    return _scaled_range(_CREDITORS, account_length)


def _scaled_range(bounds: tuple[int, int], account_length: int) -> range:
    factor = _scale(account_length)
    return range(bounds[0] * factor, (bounds[1] + 1) * factor)


def _scale(account_length: int) -> int:
    if not 4 <= account_length <= 8:
        raise ValueError(f"DATEV's ledger accounts have 4 to 8 digits, not {account_length}")
    return int(10 ** (account_length - STANDARD_LENGTH))


def _contradictions(account: int, tax_key: str, entry: AccountEntry) -> Iterable[Problem]:
    if entry.function is AccountFunction.RESERVED:
        yield Problem(
            "account_reserved",
            f"Account {account} ({entry.meaning}) is reserved by DATEV and must not be posted.",
            field="revenue_account",
            cure="Map the product to another revenue account.",
        )
    elif entry.function is AccountFunction.COLLECTIVE:
        yield Problem(
            "account_collective",
            f"Account {account} ({entry.meaning}) is filled by DATEV itself and must not be posted directly.",
            field="revenue_account",
            cure="Map the product to a revenue account.",
        )
    elif entry.obsolete:
        yield Problem(
            "account_obsolete",
            f"Account {account} ({entry.meaning}) takes no new postings.",
            field="revenue_account",
            cure="Map the product to another revenue account.",
        )
    elif entry.function.is_automatic and tax_key not in ("", KEY_LIFTING_AUTOMATIC):
        yield Problem(
            "key_on_automatic_account",
            f"Account {account} ({entry.meaning}) computes its tax by itself; "
            f"DATEV refuses key {tax_key} on it (REW00306).",
            field="tax_key",
            cure="Leave the key empty, or use an account without a function.",
        )
    elif entry.key_required and not tax_key:
        yield Problem(
            "key_missing_on_plain_account",
            f"Account {account} ({entry.meaning}) has no tax function; without a key DATEV books no tax.",
            field="tax_key",
            cure="Use an automatic account, or let the adviser name the key for this case.",
        )
    elif entry.key_required and tax_key == KEY_LIFTING_AUTOMATIC:
        yield Problem(
            "key_lifts_nothing",
            f"Account {account} ({entry.meaning}) has no tax function that key {tax_key} could lift; "
            "DATEV books no tax.",
            field="tax_key",
            cure="Use the key of the tax case, or an account that carries it.",
        )
    elif entry.key and tax_key != entry.key:
        yield Problem(
            "key_contradicts_account",
            f"Account {account} ({entry.meaning}) takes key {entry.key} by the client's chart, "
            f"not {tax_key}.",
            field="tax_key",
            cure="Map the line to another account, or correct the key of the account in [[chart.accounts]].",
        )


def _wrong_length(account: int, account_length: int) -> Problem:
    return Problem(
        "account_length",
        f"Account {account} has {len(str(account))} digits; "
        f"ledger accounts of this client have {account_length}.",
        field="revenue_account",
        cure="Check the account length in the tenant's settings against the client's in DATEV.",
    )


def _unknown(account: int, chart: Chart) -> Problem:
    return Problem(
        "account_unknown",
        f"Account {account} is not in our table of {chart.name.upper()} {chart.year}, so nobody can say "
        "whether it needs a key.",
        field="revenue_account",
        cure="Name it with its function in the tenant's [[chart.accounts]], map the product to a revenue "
        "account of the standard chart, or to none: the tax case decides.",
    )


def _entry(reader: TableReader) -> AccountEntry:
    first = reader.integer("first")
    return AccountEntry(
        first=first,
        last=reader.integer("last", default=first),
        function=reader.choice("function", AccountFunction, default=AccountFunction.NONE),
        meaning=reader.text("meaning"),
        extra=reader.text("extra", default=""),
        rate=reader.decimal("rate"),
        key_required=reader.flag("key_required"),
        tax_cases=reader.texts("tax_cases"),
        needs=reader.text("needs", default=""),
        obsolete=reader.flag("obsolete"),
        note=reader.text("note", default=""),
    )
