"""One case of the case list: a sale, what it must become, and what a table makes of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connector.accounting.party import Party
from connector.accounting.sale import Sale, SupplyKind, TaxMethod
from connector.accounting.tax import TaxRules
from connector.accounting.tax_facts import TaxFacts, facts_of
from connector.accounting.terms import BookingTerms
from connector.errors import Problem
from tests.unit.accounting import samples


@dataclass(frozen=True)
class Case:
    """One sale and what its line must become: a booking per chart, or a code."""

    rule: str
    party: Party
    rate: str = "0"
    supply: SupplyKind = SupplyKind.SERVICE
    method: TaxMethod = TaxMethod.EXCLUSIVE
    marked: bool = False
    scheme: str = ""
    terms: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    field: str = ""
    tax_case: str = ""
    charged: str = "0"
    accounts: tuple[int, int] = (0, 0)
    plain_key: str = ""
    eu_vat: str = ""
    eu_rate: str | None = None
    origin: str = ""
    over_mapping: bool = True
    note: str = ""

    def sale(self, **changes: Any) -> Sale:
        """The sale, as short as it can be."""
        return samples.sale(
            samples.line(rate=self.rate, supply_kind=self.supply),
            **{
                "buyer": self.party,
                "tax_method": self.method,
                "domestic_reverse_charge": self.marked,
                "special_scheme": self.scheme,
            }
            | changes,
        )

    def booking_terms(self, chart: str = "skr03") -> BookingTerms:
        """The tenant's terms."""
        return samples.terms(chart=chart, **self.terms)

    def facts(self) -> TaxFacts:
        """What the rules are asked with."""
        sale = self.sale()
        return facts_of(sale.lines[0], sale, self.booking_terms(), samples.eu_rates())

    def __str__(self) -> str:
        address, flags = self.party.address, "-".join(key for key, value in self.terms.items() if value)
        place = f"{address.country}{address.postal_code}-{self.party.status}-{self.party.vat_id}"
        method = "-none" if self.method is TaxMethod.NONE else ""
        return f"{self.rule}-{place}-{self.supply}-{self.rate}{method}-{flags}"


def outcome(case: Case, rules: TaxRules) -> tuple[Any, ...]:
    """What a table makes of a case, everything that the case list states."""
    facts = case.facts()
    found: list[Any] = [rules.rule_for(facts).name]
    for chart in ("skr03", "skr04"):
        decided = rules.decide(facts, chart_name=chart)
        if isinstance(decided, Problem):
            found.append((decided.code, decided.field))
        else:
            found.append(
                (
                    decided.tax_case,
                    decided.charged_rate,
                    decided.revenue_account,
                    decided.plain_key,
                    decided.eu_vat,
                    decided.eu_rate,
                    decided.origin_country,
                    decided.over_mapping,
                    decided.notes,
                )
            )
    return tuple(found)


def expected(case: Case) -> tuple[Any, ...]:
    """The same as the case states it."""
    if case.code:
        return (case.rule, (case.code, case.field), (case.code, case.field))
    return (case.rule, *(_booking(case, account) for account in case.accounts))


def _booking(case: Case, account: int) -> tuple[Any, ...]:
    return (
        case.tax_case,
        Decimal(case.charged),
        account,
        case.plain_key,
        case.eu_vat,
        None if case.eu_rate is None else Decimal(case.eu_rate),
        case.origin,
        case.over_mapping,
        (case.note,) if case.note else (),
    )
