"""The tax case of a line, decided by the table ``config/tax_rules.toml``: first match wins.

The law lives in the table, beside its source; this module only reads and applies it. A rule
either books or parks: what no rule books is a human's turn, never a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.accounting.tables import TableReader
from connector.accounting.tax_facts import FACT_VALUES, Fact, TaxFacts
from connector.errors import Problem

_WORDS = {"country": "", "vat_id": "", "place": "", "rate": "", "line": ""}
"""Names that a rule's sentences may use."""

_CHARTS = ("skr03", "skr04")


@dataclass(frozen=True, slots=True)
class Booking:
    """How a rule books."""

    charge: Decimal
    accounts: Mapping[str, int]
    """Chart name → automatic revenue account, 4 digits."""
    plain_key: str
    eu_vat: str
    invoice: str
    because: str


@dataclass(frozen=True, slots=True)
class Park:
    """What a rule says to the person whose turn it is."""

    code: str
    field: str
    reason: str
    cure: str


@dataclass(frozen=True, slots=True)
class TaxRule:
    """One row of the table."""

    name: str
    tax_case: str
    source: str
    when: Mapping[str, frozenset[Fact]]
    outcome: Booking | Park

    def fits(self, facts: TaxFacts) -> bool:
        """Whether every condition holds."""
        return all(facts.values[name] in wanted for name, wanted in self.when.items())


@dataclass(frozen=True, slots=True)
class TaxDecision:
    """A line's tax case with everything that follows from it."""

    tax_case: str
    charged_rate: Decimal
    revenue_account: int
    """Automatic account of the case, 4 digits."""
    plain_key: str
    """Key if the revenue goes to an account without function instead; empty: no key is known."""
    eu_vat: str
    """Content of field 40; empty if not needed."""
    eu_rate: Decimal | None
    """Content of field 41; None if not taxed abroad."""
    notes: tuple[str, ...]
    """German sentences for the invoice."""
    why: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class TaxRules:
    """The whole table."""

    version: str
    rules: tuple[TaxRule, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "TaxRules":
        """Read the parsed TOML of ``config/tax_rules.toml``.

        Raises:
            TableError: with every mistake of the table.
        """
        reader = TableReader("tax_rules", document)
        rules = cls(
            version=reader.text("version"),
            rules=tuple(_rule(row) for row in reader.tables("rules")),
        )
        names = [rule.name for rule in rules.rules]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            reader.wrong(f"two rules are called {name!r}")
        if rules.rules and rules.rules[-1].when:
            reader.wrong("the last rule must have no conditions, so that every line meets a rule")
        reader.finish()
        return rules

    def rule_for(self, facts: TaxFacts) -> TaxRule:
        """The first rule that fits; the last one always does."""
        return next(rule for rule in self.rules if rule.fits(facts))

    def decide(self, facts: TaxFacts, *, chart_name: str) -> TaxDecision | Problem:
        """Decide a line: how it is booked, or what a person has to mend."""
        rule = self.rule_for(facts)
        if isinstance(rule.outcome, Park):
            park = rule.outcome
            reason, cure = park.reason.format(**facts.words), park.cure.format(**facts.words)
            return Problem(park.code, reason, field=park.field, cure=cure)
        booking = rule.outcome
        return TaxDecision(
            tax_case=rule.tax_case,
            charged_rate=booking.charge,
            revenue_account=booking.accounts[chart_name],
            plain_key=booking.plain_key,
            eu_vat=facts.vat_id if booking.eu_vat == "vat_id" else "",
            eu_rate=None,
            notes=(booking.invoice,) if booking.invoice else (),
            why=(*facts.because, f"{booking.because} (rule {rule.name})"),
            source=rule.source,
        )


def _rule(row: TableReader) -> TaxRule:
    name = row.text("name")
    book, park = row.table("book"), row.table("park")
    if (book is None) == (park is None):
        row.wrong("a rule either books or parks")
    return TaxRule(
        name=name,
        tax_case=row.text("tax_case", default=name),
        source=row.text("source"),
        when=_conditions(row),
        outcome=_booking(book) if book else _park(park or row),
    )


def _conditions(row: TableReader) -> dict[str, frozenset[Fact]]:
    conditions = {}
    for name, wanted in row.mapping("when").items():
        if name not in FACT_VALUES:
            row.wrong(f"no fact is called {name!r}", "when")
            continue
        values = wanted if isinstance(wanted, list) else []
        allowed = FACT_VALUES[name]
        strangers = [value for value in values if not _is_possible(value, allowed)]
        if not values or strangers:
            row.wrong(f"{name} takes a list of its own values, not {strangers or wanted}", "when")
        conditions[name] = frozenset(values)
    return conditions


def _is_possible(value: object, allowed: frozenset[Fact] | None) -> bool:
    if not isinstance(value, str | bool):
        return False
    return isinstance(value, str) if allowed is None else value in allowed


def _booking(book: TableReader) -> Booking:
    charge = book.decimal("charge")
    if charge is None:
        book.wrong("a rate is wanted", "charge")
    accounts = book.mapping("account")
    if sorted(accounts) != list(_CHARTS) or not all(type(account) is int for account in accounts.values()):
        book.wrong(f"an account for each of {', '.join(_CHARTS)} is wanted", "account")
    eu_vat = book.text("eu_vat", default="")
    if eu_vat not in ("", "vat_id"):
        book.wrong("only vat_id is known", "eu_vat")
    return Booking(
        charge=charge or Decimal(0),
        accounts=accounts,
        plain_key=book.text("plain_key", default=""),
        eu_vat=eu_vat,
        invoice=book.text("invoice", default=""),
        because=book.text("because"),
    )


def _park(park: TableReader) -> Park:
    parked = Park(
        code=park.text("code"), field=park.text("field"), reason=park.text("reason"), cure=park.text("cure")
    )
    for key, sentence in (("reason", parked.reason), ("cure", parked.cure)):
        try:
            sentence.format(**_WORDS)
        except (KeyError, IndexError, ValueError):
            park.wrong(f"only {', '.join(_WORDS)} can be filled into a sentence", key)
    return parked
