"""How one posting becomes one row, checked: column by column, and by the rules between columns.

There are two ways through, with the same result. Nearly every posting is right, and has what the
posting before had: the same day, key, revenue account. So :meth:`PostingRows.line` looks its repeated
cells up, each of which went through its column once, and matches what is new in every row in one go.
Whatever is not plainly right there takes the long way, which checks every cell and rule and says what
is wrong. A property test holds the two against each other.
"""

from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from connector.accounting.posting import Posting
from connector.datev.extf.categories import POSTING_BATCH
from connector.datev.extf.cells import day_month, decimal_text, full_date
from connector.datev.extf.columns import CELL_BREAK, Column, record_problem
from connector.datev.extf.header import BatchHeader
from connector.datev.extf.posting_columns import EXTRA_PAIRS, FIRST_EXTRA_PAIR, POSTING_COLUMNS
from connector.datev.extf.posting_rules import EU_RULES, base_fits
from connector.datev.extf.problems import FileProblem
from connector.datev.extf.rules import row_problems
from connector.datev.extf.terms import HOME_CURRENCY, BatchTerms
from connector.datev.extf.writer import RowLayout, columns_of

_BEFORE_EXTRA = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 20, 37, 38, 40, 41)
_AFTER_EXTRA = (95, 103, 114, 115, 117, 123)
_UNIQUE = (1, 2, 11, 14, 20, 95, 103)
"""Columns that differ from row to row (and the side, which is cheaper to match than to look up)."""
_KEPT = 10_000
"""Cells remembered per column before it starts afresh: the memory of a batch stays what it is."""


class PostingRows:
    """Rows of one batch: what its header says is made ready once."""

    def __init__(self, header: BatchHeader) -> None:
        self._account_length = header.account_length
        self._columns = columns_of(header, POSTING_BATCH)
        self._lock = str(int(header.finalise))
        self._terms = _terms(header)
        self._layouts = [_Layout(self._columns, pairs) for pairs in range(EXTRA_PAIRS + 1)]
        self._accounts = self._cells(7, self._account_of_length(header.account_length + 1))
        self._contra_accounts = self._cells(8, self._account_of_length(header.account_length))
        self._document_dates = self._cells(10, self._document_date)
        self._cost_centres = self._cells(37, str), self._cells(38, str)
        self._service_dates = self._cells(115, full_date)
        self._due_dates = self._cells(117, full_date)
        self._tax = _Remembered(self._tax_cells)

    def line(self, posting: Posting, number: int, problems: list[FileProblem]) -> str:
        """The line of one posting; empty where something is wrong, which is added to ``problems``."""
        try:
            return self._plain_line(posting)
        except _NotPlainError:
            return self._line_after_all_checks(posting, number, problems)

    def encoding_problems(self, posting: Posting, number: int) -> list[FileProblem]:
        """The cells whose characters Windows-1252 lacks."""
        layout = self._layout_of(posting)
        contents = _contents(posting, self._lock)
        return layout.encoding_problems(contents, _where(posting, number), number)

    def _plain_line(self, p: Posting) -> str:
        """The line of a posting of which nothing needs saying.

        :raises _NotPlainError: something may be wrong, or is merely unusual.
        """
        layout = self._layout_of(p)
        amount = decimal_text(p.amount, 2)
        link = f'BEDI "{p.document_link}"' if p.document_link else ""
        extra = [text for pair in p.extra for text in pair]
        if not layout.unique_right(
            CELL_BREAK.join(
                (amount, p.side, p.document_number, p.posting_text, link, p.order_number, p.key, *extra)
            )
        ):
            raise _NotPlainError
        tax_key, eu_vat, eu_rate, origin = self._tax[p.tax_key, p.eu_vat, p.eu_rate, p.origin_country]
        cost_centre_1, cost_centre_2 = self._cost_centres
        return layout.template % (
            amount,
            p.side,
            *_currency_cells(p),
            self._accounts[p.account],
            self._contra_accounts[p.contra_account],
            tax_key,
            self._document_dates[p.document_date],
            p.document_number,
            p.posting_text.replace('"', '""'),
            link.replace('"', '""'),
            cost_centre_1[p.cost_centre_1],
            cost_centre_2[p.cost_centre_2],
            eu_vat,
            eu_rate,
            *[text.replace('"', '""') for text in extra],
            p.order_number.replace('"', '""'),
            p.key,
            self._lock,
            self._service_dates[p.service_date],
            self._due_dates[p.due_date],
            origin,
        )

    def _line_after_all_checks(self, posting: Posting, number: int, problems: list[FileProblem]) -> str:
        where = _where(posting, number)
        layout = self._layout_of(posting)
        contents = _contents(posting, self._lock)
        found = self._posting_problems(posting, where, number)
        cells = layout.cell_problems(contents, where, number)
        found += cells
        if not {problem.column for problem in cells} & {1, 4, 5}:
            found += _base_problems(posting, where, number)
        if self._terms:
            wrong = {problem.column for problem in found}
            row = layout.spread(contents, len(POSTING_COLUMNS))
            broken = row_problems(POSTING_COLUMNS, POSTING_BATCH.rules, row, self._terms, where, number)
            # What is wrong by itself is reported once, not again by every rule that reads it.
            found += [problem for problem in broken if problem.column not in wrong]
        problems += found
        return "" if found else layout.line(contents)

    def _posting_problems(self, posting: Posting, where: str, number: int) -> list[FileProblem]:
        """What a file of any origin may have but ours may not: our side is always debtor first."""
        found = []
        length = self._account_length
        if len(str(posting.account)) != length + 1:
            found.append(
                record_problem(
                    POSTING_COLUMNS,
                    "debtor_account_length",
                    7,
                    f"{where} debtor account {posting.account} must have {length + 1} digits, "
                    "one more than the client's ledger accounts.",
                    "Correct the debtor number or the account length of the tenant.",
                    number,
                )
            )
        if len(str(posting.contra_account)) != length:
            found.append(
                record_problem(
                    POSTING_COLUMNS,
                    "revenue_account_length",
                    8,
                    f"{where} revenue account {posting.contra_account} must have {length} digits.",
                    "Correct the revenue account or the account length of the tenant.",
                    number,
                )
            )
        if self._terms and not self._terms.date_from <= posting.document_date <= self._terms.date_to:
            # In the file the year is lost: a row of last November would quietly become one of this November.
            found.append(
                record_problem(
                    POSTING_COLUMNS,
                    "document_date_outside_period",
                    10,
                    f"{where} document date {posting.document_date} does not lie between "
                    f"{self._terms.date_from} and {self._terms.date_to}.",
                    "Put the row into the batch of its own month and fiscal year.",
                    number,
                )
            )
        if len(posting.extra) > EXTRA_PAIRS:
            found.append(
                record_problem(
                    POSTING_COLUMNS,
                    "too_many_extra_pairs",
                    FIRST_EXTRA_PAIR,
                    f"{where} has {len(posting.extra)} extra pairs, DATEV takes {EXTRA_PAIRS}.",
                    "Keep fewer extra pairs.",
                    number,
                )
            )
        return found

    def _layout_of(self, posting: Posting) -> "_Layout":
        return self._layouts[min(len(posting.extra), EXTRA_PAIRS)]

    def _cells(self, number: int, write: Callable[[Any], str]) -> "_Remembered":
        """Cells of one column, each checked by it once."""
        column = self._columns[number - 1]

        def checked(value: Any) -> str:
            content = write(value)
            if not column.accepts(content):
                raise _NotPlainError
            return content.replace('"', '""')

        return _Remembered(checked)

    def _account_of_length(self, length: int) -> Callable[[int], str]:
        def write(account: int) -> str:
            content = str(account)
            if len(content) != length:
                raise _NotPlainError
            return content

        return write

    def _document_date(self, day: date) -> str:
        if self._terms and not self._terms.date_from <= day <= self._terms.date_to:
            raise _NotPlainError
        return day_month(day)

    def _tax_cells(self, values: tuple[str, str, Decimal | None, str]) -> tuple[str, str, str, str]:
        """Columns 9, 40, 41 and 123, which rules bind together."""
        tax_key, eu_vat, eu_rate, origin = values
        contents = (tax_key, eu_vat, decimal_text(eu_rate, 2) if eu_rate is not None else "", origin)
        row = [""] * len(POSTING_COLUMNS)
        row[8], row[39], row[40], row[122] = contents
        if self._terms is None or any(breach for rule in EU_RULES for breach in rule(row, self._terms)):
            raise _NotPlainError
        if not all(POSTING_COLUMNS[n - 1].accepts(row[n - 1]) for n in (9, 40, 41, 123)):
            raise _NotPlainError
        return contents


def longest_row(posting: Posting) -> int:
    """Bytes that the row of a posting takes at most: every quote doubled, the line end included.

    Windows-1252 has one byte per character. The size does not depend on the batch, so it can be asked
    before there is one.
    """
    contents = _contents(posting, "0")
    return _EMPTY_ROW + sum(map(len, contents)) + sum(content.count('"') for content in contents)


_EMPTY_ROW = sum(len(column.empty_cell) + 1 for column in POSTING_COLUMNS) + 1
"""125 empty cells, 124 separators, CR LF."""


class _NotPlainError(Exception):
    """The posting has to take the long way."""


class _Remembered(dict[Any, Any]):
    """What a function made of a value, kept: most values come again and again."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: Hashable) -> Any:
        if len(self) >= _KEPT:
            self.clear()
        made = self[value] = self._make(value)
        return made


class _Layout(RowLayout):
    """The layout of postings with so many extra pairs."""

    def __init__(self, columns: tuple[Column, ...], pairs: int) -> None:
        extra = range(FIRST_EXTRA_PAIR, FIRST_EXTRA_PAIR + 2 * pairs)
        super().__init__(columns, (*_BEFORE_EXTRA, *extra, *_AFTER_EXTRA))
        unique = [columns[number - 1] for number in _UNIQUE]
        # Half a pair is wrong, so here its halves are required.
        unique += [replace(columns[number - 1], required=True) for number in extra]
        self.unique_right = Column.all_accept(unique).fullmatch
        """Matches what is new in every row: the contents of ``_UNIQUE``, then those of the pairs."""


def _terms(header: BatchHeader) -> BatchTerms | None:
    """None where the header has no period; the header's own check says so once, not every row."""
    if header.date_from is None or header.date_to is None:
        return None
    return BatchTerms(
        header.account_length, header.fiscal_year_start, header.date_from, header.date_to, header.finalise
    )


def _contents(posting: Posting, lock: str) -> tuple[str, ...]:
    """What stands in the columns of the layout, in their order.

    A row in EUR leaves columns 3 to 6 empty, as DATEV's samples do.
    """
    rate, base = posting.exchange_rate, posting.base_amount
    return (
        decimal_text(posting.amount, 2),
        posting.side.value,
        posting.currency if posting.currency != HOME_CURRENCY else "",
        decimal_text(rate, 6) if rate is not None else "",
        decimal_text(base, 2) if base is not None else "",
        HOME_CURRENCY if base is not None else "",
        str(posting.account),
        str(posting.contra_account),
        posting.tax_key,
        day_month(posting.document_date),
        posting.document_number,
        posting.posting_text,
        f'BEDI "{posting.document_link}"' if posting.document_link else "",
        posting.cost_centre_1,
        posting.cost_centre_2,
        posting.eu_vat,
        decimal_text(posting.eu_rate, 2) if posting.eu_rate is not None else "",
        *(text for pair in posting.extra[:EXTRA_PAIRS] for text in pair),
        posting.order_number,
        posting.key,
        lock,
        full_date(posting.service_date),
        full_date(posting.due_date),
        posting.origin_country,
    )


def _currency_cells(p: Posting) -> tuple[str, str, str, str]:
    """Columns 3 to 6: all empty, or all filled and true to the cent."""
    rate, base = p.exchange_rate, p.base_amount
    if p.currency == HOME_CURRENCY and rate is None and base is None:
        return "", "", "", ""
    if p.currency == HOME_CURRENCY or rate is None or base is None:
        raise _NotPlainError
    contents = (p.currency, decimal_text(rate, 6), decimal_text(base, 2), HOME_CURRENCY)
    if not (_CURRENCY_RIGHT(CELL_BREAK.join(contents)) and all(contents)):
        raise _NotPlainError
    if not base_fits(p.amount, rate, base):
        raise _NotPlainError
    return contents


_CURRENCY_RIGHT = Column.all_accept(POSTING_COLUMNS[2:6]).fullmatch


def _base_problems(posting: Posting, where: str, number: int) -> list[FileProblem]:
    """Ours is right to the cent, though files of others may round their rates; of numbers that fit."""
    rate, base = posting.exchange_rate, posting.base_amount
    if rate is None or base is None or base_fits(posting.amount, rate, base):
        return []
    return [
        record_problem(
            POSTING_COLUMNS,
            "base_amount_wrong",
            5,
            f"{where} {posting.amount} {posting.currency} at {rate} are {posting.amount / rate:.2f} "
            f"{HOME_CURRENCY}, not {base}.",
            "Compute the base amount as amount divided by rate.",
            number,
        )
    ]


def _where(posting: Posting, number: int) -> str:
    return f"Row {number} (document {posting.document_number}, line {posting.line}):"
