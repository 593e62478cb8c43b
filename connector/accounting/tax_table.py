"""The rows of ``config/tax_rules.toml`` and of a tenant's own rules: read, and refused where wrong."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from string import Formatter

from connector.accounting.tables import TableReader
from connector.accounting.tax_facts import FACT_VALUES, SENTENCE_WORDS, Fact, TaxFacts

CHARTS = ("skr03", "skr04")

_AS_STATED = "stated"
"""``charge``: the rate that the line states, which a condition has held against the destination's rates."""


@dataclass(frozen=True, slots=True)
class Booking:
    """How a rule books."""

    charge: Decimal | None
    """None: the rate that the line states."""
    accounts: Mapping[str, int]
    """Chart name → revenue account, 4 digits; in a tenant's own rule also in the client's full length."""
    plain_key: str
    eu_vat: str
    """What field 40 holds: ``vat_id``, ``country`` or nothing."""
    eu_rate: bool
    """Whether the charged rate is a foreign one: it goes into field 41."""
    origin: bool
    """Whether the row names the country that the supply comes from (field 123)."""
    over_mapping: bool
    """Whether a product's mapped account that does not carry the case steps back instead of parking."""
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
    table: str
    """Which table it stands in, as explanations name it: ``table 2026-11``."""

    def fits(self, facts: TaxFacts) -> bool:
        """Whether every condition holds."""
        return all(facts.values[name] in wanted for name, wanted in self.when.items())


def read_rule(row: TableReader, *, table: str, charts: Collection[str] = CHARTS) -> TaxRule:
    """One rule; its mistakes are noted in ``row``.

    :param charts: charts for which a booking rule must name an account.
    """
    name = row.text("name")
    book, park = row.table("book"), row.table("park")
    if (book is None) == (park is None):
        row.wrong("a rule either books or parks: it has one of the tables book and park")
    return TaxRule(
        name=name,
        tax_case=row.text("tax_case", default=name),
        source=row.text("source"),
        when=_conditions(row),
        outcome=_booking(book, charts) if book else _park(park or row),
        table=table,
    )


def _conditions(row: TableReader) -> dict[str, frozenset[Fact]]:
    conditions = {}
    for name, wanted in row.mapping("when").items():
        if name not in FACT_VALUES:
            row.wrong(f"no fact is called {name!r}; the facts are {', '.join(FACT_VALUES)}", "when")
            continue
        values = wanted if isinstance(wanted, list) else []
        allowed = FACT_VALUES[name]
        strangers = [value for value in values if not _is_possible(value, allowed)]
        if not values or strangers:
            known = "" if allowed is None else f"; its values are {', '.join(sorted(map(_shown, allowed)))}"
            row.wrong(f"{name} takes a list of its own values, not {strangers or wanted}{known}", "when")
            continue
        conditions[name] = frozenset(values)
    return conditions


def _shown(value: Fact) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _is_possible(value: object, allowed: frozenset[Fact] | None) -> bool:
    if not isinstance(value, str | bool):
        return False
    return isinstance(value, str) if allowed is None else value in allowed


def _booking(book: TableReader, charts: Collection[str]) -> Booking:
    charge = _charge(book)
    accounts = book.mapping("account")
    # A rule of one client's may name an account of its own, which only the client's chart can judge.
    longest = 9999 if len(charts) == len(CHARTS) else 99_999_999
    fit = all(type(account) is int and 1000 <= account <= longest for account in accounts.values())
    if not set(charts) <= set(accounts) <= set(CHARTS) or not fit:
        book.wrong(f"an account of 4 digits for each of {', '.join(charts)} is wanted", "account")
    tax_key = book.text("plain_key", default="")
    if tax_key and not is_tax_key(tax_key):
        book.wrong("a key has 1 to 4 digits, in quotes", "plain_key")
    eu_vat = book.text("eu_vat", default="")
    if eu_vat not in ("", "vat_id", "country"):
        book.wrong("only vat_id and country are known", "eu_vat")
    eu_rate = book.flag("eu_rate")
    if eu_rate and eu_vat != "country":
        book.wrong('a foreign rate needs its country beside it: eu_vat = "country"', "eu_rate")
    return Booking(
        charge=charge,
        accounts=accounts,
        plain_key=tax_key,
        eu_vat=eu_vat,
        eu_rate=eu_rate,
        origin=book.flag("origin"),
        over_mapping=book.flag("over_mapping") or charge == 0,
        invoice=book.text("invoice", default=""),
        because=_sentence(book, "because"),
    )


def _charge(book: TableReader) -> Decimal | None:
    text = book.text("charge")
    if text == _AS_STATED:
        return None
    charge = book.as_decimal(text)
    if not charge.is_finite() or not 0 <= charge < 100:
        book.wrong('a rate in quotes is wanted, such as "19", or "stated"', "charge")
        return Decimal(0)
    return charge


def is_tax_key(text: object) -> bool:
    """Whether this can stand in EXTF field 9: 1 to 4 digits."""
    return isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 4


def _park(park: TableReader) -> Park:
    return Park(
        code=park.text("code"),
        field=park.text("field"),
        reason=_sentence(park, "reason"),
        cure=_sentence(park, "cure"),
    )


def _sentence(row: TableReader, key: str) -> str:
    """A text into which words can be filled."""
    sentence = row.text(key)
    try:
        places = [place for place in Formatter().parse(sentence) if place[1] is not None]
    except ValueError:
        places = [("", "", "", None)]
    # Nothing but the bare names: neither attributes nor widths, which a tenant's file could abuse.
    if any(name not in SENTENCE_WORDS or spec or conversion for _, name, spec, conversion in places):
        row.wrong(f"only {', '.join(SENTENCE_WORDS)} can be filled into a sentence", key)
    return sentence
