"""The kinds of EXTF files: number, name and version, with the columns and rules of each."""

from dataclasses import dataclass

from connector.datev.extf import debtor_rules, posting_rules
from connector.datev.extf.account_label_columns import ACCOUNT_LABEL_COLUMNS
from connector.datev.extf.columns import Column
from connector.datev.extf.debtor_columns import DEBTOR_COLUMNS
from connector.datev.extf.payment_term_columns import PAYMENT_TERM_COLUMNS
from connector.datev.extf.posting_columns import COLUMN_COUNT_BY_VERSION, POSTING_COLUMNS
from connector.datev.extf.rules import Rule


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of EXTF file; number, name and version must be a triple that DATEV knows (error 1008834)."""

    number: int
    name: str
    version: int
    """The newest, which we write unless told otherwise."""
    columns_by_version: tuple[tuple[int, tuple[Column, ...]], ...]
    """The versions we know column by column; an older one begins like the newest and ends earlier."""
    oldest_wanted: int
    """The oldest version that DATEV still takes from new programs; older ones are read with a warning."""
    rules: tuple[Rule, ...] = ()
    """Rules between the cells of a row; they read the columns of the newest version."""
    is_posting_batch: bool = False

    def columns(self, version: int) -> tuple[Column, ...] | None:
        """The columns of one version, None where we do not know it."""
        return dict(self.columns_by_version).get(version)

    @property
    def newest_columns(self) -> tuple[Column, ...]:
        """The columns of :attr:`version`."""
        return dict(self.columns_by_version)[self.version]

    @property
    def versions(self) -> str:
        """Those we know, for a sentence."""
        return ", ".join(str(version) for version, _ in self.columns_by_version)


POSTING_BATCH = Category(
    21,
    "Buchungsstapel",
    13,
    tuple((version, POSTING_COLUMNS[:count]) for version, count in COLUMN_COUNT_BY_VERSION.items()),
    oldest_wanted=12,
    rules=posting_rules.RULES,
    is_posting_batch=True,
)
DEBTORS = Category(
    16, "Debitoren/Kreditoren", 5, ((5, DEBTOR_COLUMNS),), oldest_wanted=5, rules=debtor_rules.RULES
)
ACCOUNT_LABELS = Category(
    20,
    "Kontenbeschriftungen",
    3,
    ((2, ACCOUNT_LABEL_COLUMNS[:3]), (3, ACCOUNT_LABEL_COLUMNS)),
    oldest_wanted=2,
)
PAYMENT_TERMS = Category(46, "Zahlungsbedingungen", 2, ((2, PAYMENT_TERM_COLUMNS),), oldest_wanted=2)

CATEGORIES = {
    category.number: category for category in (DEBTORS, ACCOUNT_LABELS, POSTING_BATCH, PAYMENT_TERMS)
}
"""Those we check column by column."""

OTHER_CATEGORIES = {48: "Diverse Adressen", 65: "Wiederkehrende Buchungen", 66: "Naturalstapel"}
"""DATEV's other kinds: known by name, so that their files are told apart from broken headers."""
