"""What only files of other programs get wrong: ours are made from sales in which it cannot happen."""

from collections.abc import Iterable

from connector.accounting.vat_ids import EU_PREFIXES
from connector.datev.extf.posting_rules import document_date_of
from connector.datev.extf.rules import Breach, Contents, Rule, parse_date
from connector.datev.extf.terms import HOME_CURRENCY, BatchTerms
from connector.datev.validation.code_rules import country_breaches, currency_breaches, vat_id_breaches
from connector.datev.validation.judgements import judged
from connector.datev.validation.master_data_rules import master_data_rules

MOST_GUIDS = 100_000
"""GUIDs of postings that are kept to find one twice: a file holds 99,999 records at most, and memory must not
grow with one that holds more."""

_POSTINGS, _MASTER_DATA = "21", "16"
_EU_COLUMNS = (40, 123)
"""Country and VAT id at the place of destination, and of origin."""
_RATE_COUNTRY = 120
"""Whose tax rate column 119 is."""


def file_rules(category: str) -> list[Rule]:
    """The rules for one file of a category (header field 3); they may remember its rows."""
    if category == _MASTER_DATA:
        return master_data_rules()
    if category != _POSTINGS:
        return []
    return [
        _currency_exists,
        _country_of_the_rate_exists,
        _vat_ids_are_right,
        _not_due_before_it_is_written,
        _every_guid_once(),
    ]


def _currency_exists(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    currency = c[2]
    return currency_breaches(currency, 3) if currency not in ("", HOME_CURRENCY) else ()


def _country_of_the_rate_exists(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    # Whether Greece is GR or EL here nobody says, so both pass.
    country = c[_RATE_COUNTRY - 1]
    return country_breaches(country, _RATE_COUNTRY) if country and country not in EU_PREFIXES else ()


def _vat_ids_are_right(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    if not c[39] and not c[122]:
        return ()
    return [
        breach
        for column in _EU_COLUMNS
        if c[column - 1]
        for breach in vat_id_breaches(c[column - 1], column, column)
    ]


def _not_due_before_it_is_written(c: Contents, terms: BatchTerms) -> Iterable[Breach]:
    due = parse_date(c[116])
    written = document_date_of(c[9], terms) if due else None
    if not (due and written and due < written):
        return ()
    return [
        judged(
            "due_date_before_document",
            117,
            f"is due on {due}, before its document date {written}.",
            "Correct the due date or the document date.",
        )
    ]


def _every_guid_once() -> Rule:
    seen: set[str] = set()

    def rule(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
        guid = c[102]
        if not guid:
            return ()
        key = guid.lower()
        if key in seen:
            return [
                judged(
                    "guid_twice",
                    103,
                    f"has the GUID {guid}, which stands in a row above already.",
                    "Give every posting its own GUID, or leave out the row that is there twice.",
                )
            ]
        if len(seen) < MOST_GUIDS:
            seen.add(key)
        return ()

    return rule
