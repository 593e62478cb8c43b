"""Rules between the keys of a tenant's file.

Each looks at the values that are right by themselves, so that all that can be known is told at
once; about a value that is wrong by itself nothing more is said.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from string import Formatter
from typing import Any

from stdnum.de import vat

from connector.accounting.document_numbers import check_document_number, number_from_pattern
from connector.errors import DataError
from connector.tenants.chart_of_tenant import tenant_account_findings
from connector.tenants.config import (
    Hours,
    IgnoreBy,
    NumberConfig,
    NumberSource,
    PipedriveAuth,
    VatCheckProvider,
)
from connector.tenants.debtor_rules import (
    accounts_fit,
    collective_stands_apart,
    creditors_are_complete,
    ranges_rise,
    strategy_is_complete,
)
from connector.tenants.exchange_rules import exchange_findings
from connector.tenants.findings import Fault, Finding
from connector.tenants.mapping_rules import lookup_findings
from connector.tenants.tax_rules import tax_rule_findings
from connector.tenants.toml_lines import Path

Loaded = Mapping[str, Any]
"""What the schema let through, by section."""

_NUMBERS, _HOURS = NumberConfig(), Hours()
"""Defaults, for the keys that the file leaves out."""

_POSTING_TEXT_NAMES = ("number", "buyer", "title", "deal_id")

_WIDEST = {"deal_id": 2_147_483_647, "part": 99, "year": 2026, "next": 9_999_999}
"""The longest numbers that a pattern may have to hold; Pipedrive's ids are 32-bit."""


def check(loaded: Loaded, wrong: Collection[Path]) -> Iterator[Finding]:
    """Everything in which the keys do not fit together.

    :param wrong: places that are already known to be wrong; nothing more is said about them, and a
        rule whose outcome hangs on one of them is not asked.
    """
    for rule, decisive in _RULES:
        if any(_overlap(place, path) for place in decisive for path in wrong):
            continue
        for finding in rule(loaded):
            # A wrong key takes nothing away from what its whole section lacks; the rule names what does.
            of_section = len(finding.path) == 1
            if not any(
                finding.path == path if of_section else _overlap(finding.path, path) for path in wrong
            ):
                yield finding


def _overlap(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _section(loaded: Loaded, name: str) -> Mapping[str, Any]:
    return loaded.get(name) or {}


def _finding(path: Path, code: str, says: str, cure: str) -> Finding:
    return Finding(path, Fault(code, says, cure))


def _pipedrive(loaded: Loaded) -> Iterator[Finding]:
    section = _section(loaded, "pipedrive")
    auth = section.get("auth")
    if auth is PipedriveAuth.TOKEN:
        for key, example in (
            ("company_domain", 'company_domain = "muster"'),
            ("api_token", 'api_token = { env = "MUSTER_PIPEDRIVE_TOKEN" }'),
        ):
            if not section.get(key):
                yield _finding(
                    ("pipedrive", key),
                    "key_missing",
                    'is missing, but auth = "token" needs it.',
                    f"Add a line such as: {example}",
                )
    elif auth is PipedriveAuth.OAUTH and "api_token" in section:
        yield _finding(
            ("pipedrive", "api_token"),
            "key_without_effect",
            'has no effect with auth = "oauth".',
            'Remove the line, or set auth = "token".',
        )


def _receiver(loaded: Loaded) -> Iterator[Finding]:
    if not _section(loaded, "receiver"):
        yield _finding(
            ("receiver",),
            "receiver_open",
            "asks nothing of a delivery, so anybody could send one.",
            "Add [receiver.basic] (for our own hooks), [receiver.hmac] (for a sender that signs), or both.",
        )


def _fiscal_year(loaded: Loaded) -> Iterator[Finding]:
    section = _section(loaded, "datev")
    month, day = section.get("fiscal_year_start_month", 1), section.get("fiscal_year_start_day", 1)
    try:
        date(2026, month, day)  # not a leap year: the start must exist in every year
    except ValueError:
        yield _finding(
            ("datev", "fiscal_year_start_day"),
            "date_invalid",
            f"is {day}, a day that month {month} does not have in every year.",
            "Write the first day of the fiscal year, mostly fiscal_year_start_day = 1.",
        )


def _posting_text(loaded: Loaded) -> Iterator[Finding]:
    pattern = _section(loaded, "booking").get("posting_text", "")
    try:
        unknown = [
            name for _, name, _, _ in Formatter().parse(pattern) if name not in (None, *_POSTING_TEXT_NAMES)
        ]
    except ValueError as e:
        unknown = [str(e)]
    if unknown:
        yield _finding(
            ("booking", "posting_text"),
            "pattern_invalid",
            f"is {pattern!r} and cannot be filled: {{{unknown[0]}}} is not known.",
            "Use only {number}, {buyer}, {title} and {deal_id} in it.",
        )


def _numbers(loaded: Loaded) -> Iterator[Finding]:
    section = _section(loaded, "numbers")
    source, default = section.get("source", _NUMBERS.source), _NUMBERS.pattern
    if source is NumberSource.FIELD:
        if not section.get("field"):
            yield _finding(
                ("numbers", "field"),
                "key_missing",
                'is missing, but source = "field" needs it.',
                'Add a line such as: field = "Rechnungsnummer"',
            )
        if section.get("required", _NUMBERS.required):
            return
    path, pattern = ("numbers", "pattern"), section.get("pattern", default)
    wanted, foreign = ("next", "deal_id") if source is NumberSource.SEQUENCE else ("deal_id", "next")
    try:
        names = [name for _, name, _, _ in Formatter().parse(pattern) if name]
        number = number_from_pattern(pattern, **_WIDEST)
    except (DataError, ValueError):
        yield _finding(
            path,
            "pattern_invalid",
            f"is {pattern!r} and cannot be filled.",
            f"Use only {{{wanted}}}, {{part}} and {{year}} in it, such as RE{{year}}-{{{wanted}}}.",
        )
        return
    if wanted not in names:
        yield _finding(
            path,
            "pattern_not_unique",
            f"is {pattern!r}; without {{{wanted}}} two deals would get the same number.",
            f"Put {{{wanted}}} into it, such as RE{{year}}-{{{wanted}}}.",
        )
    if foreign == "next" and foreign in names:
        yield _finding(
            path,
            "pattern_invalid",
            f'is {pattern!r}, but {{next}} has a value only with source = "sequence".',
            'Set source = "sequence", or use {deal_id} alone.',
        )
    problem = check_document_number(number)
    if problem:
        yield _finding(path, problem.code, f"is {pattern!r}. {problem.message}", problem.cure)


def _credit_notes(loaded: Loaded) -> Iterator[Finding]:
    means = _section(loaded, "booking").get("negative_total_means")
    if means == "credit_note" and not _section(loaded, "fields").get("corrects_document"):
        yield _finding(
            ("fields", "corrects_document"),
            "key_missing",
            'is missing, but booking.negative_total_means = "credit_note" needs it: a credit note names the '
            "invoice that it corrects (§31 (5) UStDV).",
            'Add to [fields] a line such as: corrects_document = "Korrigiert Rechnung"',
        )


def _labels(loaded: Loaded) -> Iterator[Finding]:
    has_labels = bool(_section(loaded, "sale").get("customer_status_labels"))
    has_field = bool(_section(loaded, "fields").get("customer_status"))
    if has_labels and not has_field:
        yield _finding(
            ("fields", "customer_status"),
            "key_missing",
            "is missing, so the labels of sale.customer_status_labels are never looked at.",
            'Add to [fields] a line such as: customer_status = "Kundenart"',
        )
    if has_field and not has_labels:
        yield _finding(
            ("sale", "customer_status_labels"),
            "key_missing",
            "is missing, so no option of the field fields.customer_status has a meaning.",
            'Add to [sale] a line such as: customer_status_labels = { "Firma" = "business" }',
        )


def _seller(loaded: Loaded) -> Iterator[Finding]:
    seller = _section(loaded, "seller")
    home = _section(loaded, "booking").get("home_vat_id")
    if not seller.get("tax_number") and not seller.get("vat_id"):
        yield _finding(
            ("seller",),
            "key_missing",
            "has neither tax_number nor vat_id; an invoice must show one of them (§14 (4) no. 2 UStG).",
            'Add a line such as: vat_id = "DE136695976"',
        )
    elif home and seller.get("vat_id") and vat.compact(home) != vat.compact(seller["vat_id"]):
        yield _finding(
            ("booking", "home_vat_id"),
            "keys_disagree",
            f"is {home}, but seller.vat_id is {seller['vat_id']}.",
            "Leave home_vat_id out: the seller's is taken.",
        )


_VALUES_OF: Mapping[IgnoreBy, tuple[str, Callable[[str], bool], str]] = {
    IgnoreBy.PIPELINE: ("ids of pipelines", str.isdecimal, "values = [3]"),
    IgnoreBy.LABEL: ("ids of labels", str.isdecimal, "values = [17]"),
    IgnoreBy.CURRENCY: (
        "currency codes of three capitals",
        lambda code: len(code) == 3 and code.isascii() and code.isalpha() and code.isupper(),
        'values = ["USD"]',
    ),
}


def _ignore(loaded: Loaded) -> Iterator[Finding]:
    names: set[str] = set()
    for position, rule in enumerate(loaded.get("ignore") or ()):
        name, by, values = rule.get("name"), rule.get("by"), rule.get("values", ())
        if name in names:
            yield _finding(
                ("ignore", position, "name"),
                "name_taken",
                f"is {name!r} a second time; an ignored deal shows the name of its rule.",
                "Give each rule its own name.",
            )
        names.update([name] if name else [])
        if by is IgnoreBy.VALUE_ZERO and values:
            yield _finding(
                ("ignore", position, "values"),
                "key_without_effect",
                'has no effect with by = "value_zero".',
                "Remove the line.",
            )
        elif by in _VALUES_OF:
            what, fits, example = _VALUES_OF[by]
            if not values or not all(fits(value) for value in values):
                yield _finding(
                    ("ignore", position, "values"),
                    "values_invalid",
                    f'must list {what} with by = "{by}".',
                    f"Write it such as: {example}",
                )


def _hours(loaded: Loaded) -> Iterator[Finding]:
    section = _section(loaded, "hours")
    start, end = section.get("start", _HOURS.start), section.get("end", _HOURS.end)
    if start > end:
        yield _finding(
            ("hours", "start"),
            "range_empty",
            f"is {start:%H:%M}, later than end = {end:%H:%M}.",
            'Write hours of one day, such as start = "06:00" and end = "22:00"; equal means all day.',
        )


def _vat_check(loaded: Loaded) -> Iterator[Finding]:
    asks = _section(loaded, "vat_check").get("provider") is VatCheckProvider.BZST
    if (
        asks
        and not _section(loaded, "booking").get("home_vat_id")
        and not _section(loaded, "seller").get("vat_id")
    ):
        yield _finding(
            ("vat_check", "provider"),
            "key_missing",
            'is "bzst", which answers only a seller with a VAT id of its own.',
            'Add to [seller] a line such as: vat_id = "DE136695976"',
        )


_GIVES_NUMBERS: tuple[Path, ...] = tuple(
    ("debtors", key) for key in ("strategy", "when_not_listed", "first", "last")
)

_RULES: tuple[tuple[Callable[[Loaded], Iterator[Finding]], tuple[Path, ...]], ...] = (
    (_pipedrive, ()),
    (_receiver, (("receiver",),)),
    (_fiscal_year, (("datev", "fiscal_year_start_month"), ("datev", "fiscal_year_start_day"))),
    (_posting_text, ()),
    (_numbers, (("numbers", "source"), ("numbers", "required"))),
    (_credit_notes, ()),
    (exchange_findings, (("exchange", "source"),)),
    (strategy_is_complete, (("debtors", "strategy"),)),
    (accounts_fit, (("booking", "account_length"),)),
    (ranges_rise, ()),
    (collective_stands_apart, (("booking", "account_length"), *_GIVES_NUMBERS)),
    (creditors_are_complete, (("debtors", "creditor_labels"),)),
    (_labels, ()),
    (_seller, (("seller", "tax_number"), ("seller", "vat_id"))),
    (_ignore, ()),
    (_hours, (("hours",),)),
    (_vat_check, (("seller", "vat_id"), ("booking", "home_vat_id"))),
    (
        tax_rule_findings,
        (
            *(("booking", key) for key in ("chart", "account_length", "tax_keys")),
            *(("chart",), ("tax_rules",)),
        ),
    ),
    (lookup_findings, ()),
    (tenant_account_findings, (("booking", "chart"), ("booking", "account_length"), ("chart",))),
)
"""Each rule with the keys that decide it although they have a default."""
