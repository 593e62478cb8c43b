"""What the header record of another program may say although the format has room for it."""

from collections.abc import Iterator, Sequence

from connector.datev.extf.cells import content_of
from connector.datev.extf.columns import column_name
from connector.datev.extf.header import HEADER_FIELDS
from connector.datev.extf.problems import FileProblem, Severity
from connector.datev.extf.rules import Breach
from connector.datev.extf.terms import HOME_CURRENCY
from connector.datev.validation.code_rules import currency_breaches
from connector.datev.validation.judgements import judged

_MARK, _CURRENCY = 1, 22


def header_rule_problems(header: Sequence[str]) -> list[FileProblem]:
    """What is found in a header record of 31 fields, written as in the file, quotes included."""
    if len(header) != len(HEADER_FIELDS):
        return []
    breaches = [*_mark_breaches(content_of(header[_MARK - 1])), *_currency_breaches(header)]
    return [_problem(breach) for breach in breaches] + _quoting_problems(header)


def _mark_breaches(mark: str) -> Iterator[Breach]:
    if mark == "DTVF":
        what = "DTVF marks a file of DATEV's own programs; the online service takes EXTF only."
        cure = "Import it in Rechnungswesen by hand, or write EXTF where another program made the file."
        yield judged("format_mark_dtvf", _MARK, what, cure)


def _currency_breaches(header: Sequence[str]) -> Iterator[Breach]:
    currency = content_of(header[_CURRENCY - 1])
    if currency in ("", HOME_CURRENCY) or not HEADER_FIELDS[_CURRENCY - 1].accepts(currency):
        return
    unknown = [
        breach for breach in currency_breaches(currency, _CURRENCY) if breach.severity is Severity.ERROR
    ]
    yield from unknown
    if not unknown:
        what = f"says that the amounts of the file are in {currency}."
        cure = (
            f"Write {HOME_CURRENCY}; rows in another currency name it in column 3, with rate and base amount."
        )
        yield judged("header_currency", _CURRENCY, what, cure)


def _quoting_problems(header: Sequence[str]) -> list[FileProblem]:
    """Texts stand in quotes and all else is bare; an empty field may be written either way."""
    return [
        _problem(
            Breach(
                "quotes",
                number,
                f"{column_name(number - 1, field)} is {'bare' if field.quoted else 'quoted'}; "
                "DATEV writes texts in quotes and all else bare.",
                f"Write {field.heading} {'in' if field.quoted else 'without'} quotes.",
                Severity.WARNING,
            )
        )
        for number, (field, cell) in enumerate(zip(HEADER_FIELDS, header, strict=True), start=1)
        if cell not in ("", '""') and (cell[0] == '"') is not field.quoted
    ]


def _problem(breach: Breach) -> FileProblem:
    field = HEADER_FIELDS[breach.column - 1]
    return FileProblem(
        breach.code,
        f"The header record: {breach.what}",
        column_name(breach.column - 1, field),
        breach.cure,
        severity=breach.severity,
        line=1,
        column=breach.column,
        heading=field.heading,
    )
