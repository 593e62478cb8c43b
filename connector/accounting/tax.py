"""The tax case of a line, decided by the table ``config/tax_rules.toml``: first match wins.

The law lives in the table, beside its source; this module only reads and applies it. A rule
either books or parks: what no rule books is a human's turn, never a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from connector.accounting.eu_vat_rates import EuVatRates
from connector.accounting.german_rates import GermanRates
from connector.accounting.tables import TableReader
from connector.accounting.tax_facts import TaxFacts
from connector.accounting.tax_overrides import TaxOverrides
from connector.accounting.tax_table import Booking, Park, TaxRule, read_rule
from connector.errors import Problem


@dataclass(frozen=True, slots=True)
class TaxDecision:
    """A line's tax case with everything that follows from it."""

    tax_case: str
    charged_rate: Decimal
    revenue_account: int
    """Account of the case, 4 digits or (by a tenant's own rule) in the client's full length: an automatic
    one, or one without function that takes ``plain_key``."""
    plain_key: str
    """Key if the revenue goes to an account without function; empty: no key is known."""
    eu_vat: str
    """Content of field 40; empty if not needed."""
    eu_rate: Decimal | None
    """Content of field 41; None if not taxed abroad."""
    origin_country: str
    """Country of field 123; empty if not needed."""
    over_mapping: bool
    """A product is mapped for its ordinary sale; True: a mapped account without this case steps back."""
    notes: tuple[str, ...]
    """German sentences for the invoice."""
    why: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class TaxRules:
    """The whole table, with the rates of the member states that it asks for."""

    version: str
    rules: tuple[TaxRule, ...]
    eu_rates: EuVatRates
    german_rates: GermanRates

    @classmethod
    def parse(cls, document: Mapping[str, Any], eu_rates: EuVatRates) -> "TaxRules":
        """Read the parsed TOML of ``config/tax_rules.toml``.

        Raises:
            TableError: with every mistake of the table.
        """
        reader = TableReader("tax_rules", document)
        version = reader.text("version")
        table = f"table {version}"
        rules = cls(
            version=version,
            rules=tuple(read_rule(row, table=table) for row in reader.tables("rules")),
            eu_rates=eu_rates,
            german_rates=GermanRates.read(reader.tables("german_rates")),
        )
        names = [rule.name for rule in rules.rules]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            reader.wrong(f"two rules are called {name!r}")
        if rules.rules and rules.rules[-1].when:
            reader.wrong("the last rule must have no conditions, so that every line meets a rule")
        reader.finish()
        return rules

    @property
    def tax_cases(self) -> frozenset[str]:
        """Every case that is booked."""
        return frozenset(rule.tax_case for rule in self.rules if isinstance(rule.outcome, Booking))

    @property
    def charges(self) -> Mapping[str, frozenset[Decimal | None]]:
        """What each case that is booked charges, in percent; None: the rate that the line states."""
        booked = [(rule.tax_case, rule.outcome) for rule in self.rules if isinstance(rule.outcome, Booking)]
        return {
            case: frozenset(booking.charge for other, booking in booked if other == case)
            for case, _ in booked
        }

    def with_overrides(self, own: TaxOverrides) -> "TaxRules":
        """The table as one tenant has changed it.

        Its own rules are asked before all others, except that one with the name of a standard rule
        takes that rule's place. Keys are changed in every rule of their case.
        """
        by_name = {rule.name: rule for rule in own.rules}
        standard = {rule.name for rule in self.rules}
        before = tuple(rule for rule in own.rules if rule.name not in standard)
        in_place = tuple(by_name.get(rule.name, rule) for rule in self.rules)
        keys = dict(own.tax_keys)
        return replace(self, rules=tuple(_with_key(rule, keys) for rule in (*before, *in_place)))

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
        charged = facts.rate if booking.charge is None else booking.charge
        if not booking.eu_rate and (untimely := self.german_rates.problem(facts, charged)):
            return untimely
        return TaxDecision(
            tax_case=rule.tax_case,
            charged_rate=charged,
            revenue_account=booking.accounts[chart_name],
            plain_key=booking.plain_key,
            eu_vat={"vat_id": facts.vat_id, "country": facts.vat_prefix, "": ""}[booking.eu_vat],
            eu_rate=charged if booking.eu_rate else None,
            origin_country=facts.home_country if booking.origin else "",
            over_mapping=booking.over_mapping,
            notes=(booking.invoice,) if booking.invoice else (),
            why=(*facts.because, f"{booking.because.format(**facts.words)} (rule {rule.name}, {rule.table})"),
            source=rule.source,
        )


def _with_key(rule: TaxRule, keys: Mapping[str, str]) -> TaxRule:
    if rule.tax_case not in keys or not isinstance(rule.outcome, Booking):
        return rule
    return replace(rule, outcome=replace(rule.outcome, plain_key=keys[rule.tax_case]))
