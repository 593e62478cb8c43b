"""What the cells of a master record must be together (category 16)."""

from collections.abc import Iterable

from connector.datev.extf.debtor_columns import DEBTOR_COLUMNS
from connector.datev.extf.problems import Severity
from connector.datev.extf.rules import Breach, Contents, Rule, dates_exist
from connector.datev.extf.terms import BatchTerms

_NAME_COLUMN = {"0": (6, "a name"), "1": (4, "the name of a person"), "2": (2, "the name of a company")}
"""Column 7 (Adressattyp) tells which column holds the name."""


def _account_is_a_personal_one(c: Contents, terms: BatchTerms) -> Iterable[Breach]:
    if len(c[0].lstrip("0")) == terms.account_length + 1:
        return ()
    return [
        Breach(
            "debtor_account_length",
            1,
            f"a personal account must have {terms.account_length + 1} digits, "
            "one more than the client's ledger accounts.",
            "Correct the debtor number, or the account length in field 14 of the header.",
        )
    ]


def _name_stands_in_the_column_of_its_kind(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    column, what = _NAME_COLUMN.get(c[6], (0, ""))
    if not column or c[column - 1] or not any(c[n - 1] for n, _ in _NAME_COLUMN.values()):
        return ()
    return [
        Breach(
            "name_in_wrong_column",
            column,
            f"has kind of address {c[6]}, but {what} does not stand in column {column}.",
            "Write the name into the column of its kind, or correct column 7.",
            Severity.WARNING,
        )
    ]


def _vat_id_is_split(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
    country, rest = c[8], c[9]
    if rest and not country:
        return [
            Breach(
                "vat_id_without_country",
                9,
                "has a VAT id in column 10 but no country in column 9.",
                "Write the two capitals of the VAT id into column 9 and the rest into column 10.",
            )
        ]
    if country == "GR":
        return [Breach("greece_is_el", 9, "names Greece GR.", "Write EL: VAT ids of Greece begin so.")]
    # A French id may begin with FR by itself, then it has 11 characters after its country, not 13.
    if country and rest.startswith(country) and not (country == "FR" and len(rest) == 11):
        return [
            Breach(
                "vat_id_with_country",
                10,
                "repeats the country of the VAT id, which has column 9 for itself.",
                "Write the VAT id without its country.",
            )
        ]
    return ()


RULES: tuple[Rule, ...] = (
    _account_is_a_personal_one,
    _name_stands_in_the_column_of_its_kind,
    _vat_id_is_split,
    dates_exist(DEBTOR_COLUMNS),
)
"""They read the contents of all 254 columns."""
