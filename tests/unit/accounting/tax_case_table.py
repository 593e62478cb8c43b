"""The case tables for bookkeepers, docs/steuerfaelle.md and docs/tax-cases.md, written from the tax rules."""

# ruff: noqa: E501 - prose and table heads of Markdown pages

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.bookings import build_postings
from connector.accounting.chart import AccountFunction
from connector.accounting.invoicing import build_invoice
from connector.accounting.posting import Posting
from connector.accounting.tax_table import Booking, Park, TaxRule
from tests.unit.accounting import samples
from tests.unit.accounting.tax_case import Case
from tests.unit.accounting.tax_cases import BOOKED


@dataclass(frozen=True)
class Language:
    """Every word of a page."""

    file: str
    head: str
    booked: str
    booked_columns: str
    parked: str
    parked_columns: str
    examples: str
    example_columns: str
    rates: str
    rate_columns: str
    facts: Mapping[str, Mapping[object, str]]
    everything: str
    as_stated: str
    keys: Mapping[str, str]
    """What stands in the columns for field 40."""
    decimal_mark: str
    since: str


_YES_NO = {
    "marked_13b": ("als § 13b gekennzeichnet", "nicht als § 13b gekennzeichnet"),
    "special_scheme": ("Sonderregelung", "keine Sonderregelung"),
    "small_business": ("Kleinunternehmer", "kein Kleinunternehmer"),
    "oss": ("OSS", "ohne OSS (unter der Schwelle)"),
    "taxed": ("Steuer ausgewiesen", "keine Steuer ausgewiesen"),
}

GERMAN = Language(
    file="steuerfaelle.md",
    head="""# Steuerfälle

*Erzeugt aus `config/tax_rules.toml` (Stand {version}) und `config/eu_vat_rates.toml` (Stand {rates}); ein Test vergleicht.
Nicht von Hand ändern: `MLC_WRITE_GOLDEN=1 pytest tests/unit/accounting/test_tax_docs.py` schreibt die Datei neu.*

Die Regeln werden von oben nach unten gefragt, in der Reihenfolge ihrer Nummern; die erste, deren Bedingungen alle zutreffen,
entscheidet. Was keine Regel bucht, wartet auf einen Menschen. Ein Mandant kann eigene Regeln davorstellen oder eine ersetzen
(`[[tax_rules]]`) und Schlüssel ändern (`booking.tax_keys`). Auf einem Automatikkonto bleibt der Schlüssel leer; er gilt nur auf
einem Konto ohne Funktion, sei es das der Regel oder eines, das der Mandant zugeordnet hat.
""",
    booked="Was gebucht wird",
    booked_columns="Nr. | Regel | Wenn | Steuer | SKR03 | SKR04 | Schlüssel | Feld 40 | Feld 41 | Feld 123 | Hinweis auf der Rechnung | Grundlage",
    parked="Was wartet",
    parked_columns="Nr. | Regel | Wenn | Meldung | Grundlage",
    examples="Beispiele: eine Zeile über 100,00, Debitor 10001",
    example_columns="Regel | Kunde | Leistung | Satz der Zeile | SKR03 | SKR04",
    rates="Steuersätze der Mitgliedstaaten (OSS)",
    rate_columns="Land | Gebiet | Gilt | Regelsatz | Ermäßigt | Grundlage",
    facts={
        "home": {"DE": "Verkäufer in Deutschland", "other": "Verkäufer nicht in Deutschland"},
        "country": {
            "DE": "Kunde im Inland",
            "EU": "EU",
            "XI": "Nordirland",
            "GB?": "Großbritannien ohne Postleitzahl",
            "third": "Drittland",
            "special": "Sondergebiet",
            "unknown": "Land unbekannt",
        },
        "customer": {"business": "Unternehmer", "consumer": "Verbraucher", "unknown": "Status unbekannt"},
        "vat_id": {
            "missing": "ohne USt-IdNr.",
            "valid": "USt-IdNr. gültig",
            "invalid": "USt-IdNr. ungültig",
            "other_country": "USt-IdNr. eines anderen Landes",
            "unchecked": "Steuernummer eines Drittlands",
        },
        "supply": {
            "goods": "Lieferung",
            "service": "sonstige Leistung",
            "electronic_service": "elektronische Leistung",
            "catalogue_service": "Leistung nach § 3a Abs. 4 UStG",
            "work_at_place": "Leistung am Grundstück oder Veranstaltungsort",
        },
        "rate": {"unstated": "Steuersatz genannt, Steuermethode aber „keine“"},
        "place_open": {
            "territory": "ohne Postleitzahl in einem Land mit Sondergebieten",
            "rates": "ohne Postleitzahl in einem Land mit regionalen Steuersätzen",
        },
        "zero_rate_means": {"zero_rated": "0 % heißt Nullsteuersatz", "exempt": "0 % heißt steuerfrei"},
        "member_rate": {"none": "Steuersatz gibt es im Bestimmungsland nicht"},
        **{name: {True: yes, False: no} for name, (yes, no) in _YES_NO.items()},
    },
    everything="alles Übrige",
    as_stated="wie Zeile",
    keys={"vat_id": "USt-IdNr.", "country": "nur Land", "": "–"},
    decimal_mark=",",
    since="ab {:%d.%m.%Y}",
)

_YES_NO_ENGLISH = {
    "marked_13b": ("marked as § 13b", "not marked as § 13b"),
    "special_scheme": ("special scheme", "no special scheme"),
    "small_business": ("small business", "no small business"),
    "oss": ("OSS", "without OSS (below the threshold)"),
    "taxed": ("tax is stated", "no tax is stated"),
}

ENGLISH = Language(
    file="tax-cases.md",
    head="""# Tax cases

*Made from `config/tax_rules.toml` (version {version}) and `config/eu_vat_rates.toml` (version {rates}); a test compares them.
Do not edit: `MLC_WRITE_GOLDEN=1 pytest tests/unit/accounting/test_tax_docs.py` writes this file. German: [Steuerfälle](steuerfaelle.md).*

The rules are asked from top to bottom, in the order of their numbers; the first whose conditions all hold decides. What no rule
books waits for a person. A tenant can put rules of its own before these or in the place of one (`[[tax_rules]]`) and change keys
(`booking.tax_keys`). On an automatic account the key stays empty; it counts only on an account without function, be it that of
the rule or one that the tenant has mapped.
""",
    booked="What is booked",
    booked_columns="No. | Rule | When | Tax | SKR03 | SKR04 | Key | Field 40 | Field 41 | Field 123 | Sentence on the invoice | Source",
    parked="What waits",
    parked_columns="No. | Rule | When | Message | Source",
    examples="Examples: one line of 100.00, debtor 10001",
    example_columns="Rule | Customer | Supply | Rate of the line | SKR03 | SKR04",
    rates="Rates of the member states (OSS)",
    rate_columns="Country | Region | Holds | Standard | Reduced | Source",
    facts={
        "home": {"DE": "seller in Germany", "other": "seller not in Germany"},
        "country": {
            "DE": "customer in Germany",
            "EU": "EU",
            "XI": "Northern Ireland",
            "GB?": "Britain without postal code",
            "third": "third country",
            "special": "special territory",
            "unknown": "country unknown",
        },
        "customer": {"business": "business", "consumer": "consumer", "unknown": "status unknown"},
        "vat_id": {
            "missing": "no VAT id",
            "valid": "VAT id valid",
            "invalid": "VAT id invalid",
            "other_country": "VAT id of another country",
            "unchecked": "tax number of a third country",
        },
        "supply": {
            "goods": "goods",
            "service": "service",
            "electronic_service": "electronic service",
            "catalogue_service": "service of § 3a (4) UStG",
            "work_at_place": "work at a property or event",
        },
        "rate": {"unstated": "a rate is named, but the tax method is none"},
        "place_open": {
            "territory": "no postal code in a country with special territories",
            "rates": "no postal code in a country with regional rates",
        },
        "zero_rate_means": {"zero_rated": "0 % means zero rated", "exempt": "0 % means exempt"},
        "member_rate": {"none": "the destination has no such rate"},
        **{name: {True: yes, False: no} for name, (yes, no) in _YES_NO_ENGLISH.items()},
    },
    everything="everything else",
    as_stated="as stated",
    keys={"vat_id": "VAT id", "country": "country only", "": "–"},
    decimal_mark=".",
    since="from {:%Y-%m-%d}",
)


def page(language: Language) -> str:
    """The whole file."""
    rules, rates = samples.rules(), samples.eu_rates()
    numbered = list(enumerate(rules.rules, start=1))
    parts = [
        language.head.format(version=rules.version, rates=rates.version),
        _section(language.booked, language.booked_columns, _booked_rows(numbered, language)),
        _section(language.parked, language.parked_columns, _parked_rows(numbered, language)),
        _section(language.examples, language.example_columns, _example_rows(language)),
        _section(language.rates, language.rate_columns, _rate_rows(language)),
    ]
    return "\n".join(parts)


def _section(title: str, columns: str, rows: Iterable[Iterable[str]]) -> str:
    names = columns.split(" | ")
    lines = [names, ["---"] * len(names), *rows]
    table = "\n".join("| " + " | ".join(cell or "–" for cell in row) + " |" for row in lines)
    return f"## {title}\n\n{table}\n"


def _booked_rows(numbered: list[tuple[int, TaxRule]], language: Language) -> Iterator[list[str]]:
    for number, rule in numbered:
        booking = rule.outcome
        if isinstance(booking, Booking):
            charge = language.as_stated if booking.charge is None else f"{booking.charge} %"
            yield [
                str(number),
                f"`{rule.name}`",
                _when(rule, language),
                charge,
                _account(booking, "skr03"),
                _account(booking, "skr04"),
                booking.plain_key,
                language.keys[booking.eu_vat],
                charge if booking.eu_rate else "",
                "DE" if booking.origin else "",
                booking.invoice,
                rule.source,
            ]


def _account(booking: Booking, chart: str) -> str:
    entry = samples.chart(chart).entry_of(booking.accounts[chart])
    automatic = entry is not None and entry.function is AccountFunction.AUTOMATIC_SALES_TAX
    return f"{booking.accounts[chart]} {'AM' if automatic else ''}".strip()


def _parked_rows(numbered: list[tuple[int, TaxRule]], language: Language) -> Iterator[list[str]]:
    for number, rule in numbered:
        park = rule.outcome
        if isinstance(park, Park):
            message = f"`{park.code}`: {park.reason} {park.cure}"
            yield [str(number), f"`{rule.name}`", _when(rule, language), message, rule.source]


def _when(rule: TaxRule, language: Language) -> str:
    conditions = []
    for name, wanted in rule.when.items():
        words = language.facts[name]
        values = sorted(
            wanted, key=lambda value: (list(words).index(value) if value in words else -1, str(value))
        )
        conditions.append(" / ".join(words.get(value, f"{value} %") for value in values))
    return "; ".join(conditions) or language.everything


def _example_rows(language: Language) -> Iterator[list[str]]:
    for case in first_cases():
        facts = case.facts().values
        yield [
            f"`{case.rule}`",
            ", ".join(
                part
                for part in (case.party.address.country, case.party.address.postal_code, case.party.vat_id)
                if part
            )
            + f" ({language.facts['customer'][case.party.status]})",
            language.facts["supply"][facts["supply"]],
            f"{case.rate} %",
            *(_row_text(postings_of(case, chart)[0], language) for chart in ("skr03", "skr04")),
        ]


def first_cases() -> Iterator[Case]:
    """One case of each rule that books, the first that is listed."""
    by_rule: dict[str, Case] = {}
    for case in BOOKED:
        by_rule.setdefault(case.rule, case)
    return (by_rule[rule.name] for rule in samples.rules().rules if rule.name in by_rule)


def postings_of(case: Case, chart: str) -> tuple[Posting, ...]:
    """The rows of a case: one line of 100.00 for debtor 10001."""
    terms = case.booking_terms(chart)
    tables = {"terms": terms, "chart": samples.chart(chart)}
    invoice = build_invoice(case.sale(), rules=samples.rules(), **tables)
    return build_postings(invoice, deal_id=4711, debtor_account=10001, document_guid=samples.GUID, **tables)


def _row_text(row: Posting, language: Language) -> str:
    parts = [f"{_amount(row.amount, language)} {row.side} 10001 / {row.contra_account}"]
    parts += [f'"{row.tax_key}"'] if row.tax_key else []
    parts += [f"40: {row.eu_vat}"] if row.eu_vat else []
    parts += [f"41: {_amount(row.eu_rate, language)}"] if row.eu_rate is not None else []
    parts += [f"123: {row.origin_country}"] if row.origin_country else []
    return ", ".join(parts) if language.decimal_mark == "." else "; ".join(parts)


def _amount(amount: Decimal, language: Language) -> str:
    return f"{amount:.2f}".replace(".", language.decimal_mark)


def _rate_rows(language: Language) -> Iterator[list[str]]:
    for state in samples.eu_rates().states:
        yield [
            state.country,
            state.region,
            language.since.format(state.since) if state.since.year > 1 else "",
            _percent([state.standard], language),
            _percent(state.reduced, language),
            state.source,
        ]


def _percent(rates: Iterable[Decimal], language: Language) -> str:
    mark = language.decimal_mark
    return (" · " if mark == "," else ", ").join(f"{rate:f}".replace(".", mark) for rate in rates)
