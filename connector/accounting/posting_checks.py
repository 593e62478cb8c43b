"""The last look at rows before they leave: what DATEV would refuse, cut or book wrongly.

DATEV's service checks only the header of a file; a wrong row shows when the adviser imports the
batch. So everything a row must hold is checked here, whoever made it.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from connector.accounting.chart import KEY_LIFTING_AUTOMATIC, Chart
from connector.accounting.currencies import HOME_CURRENCY
from connector.accounting.debtor_records import check_debtor_account
from connector.accounting.document_numbers import check_document_number
from connector.accounting.invoice import Invoice
from connector.accounting.money import AMOUNT_LIMIT, CENT, ZERO, cents, quotient
from connector.accounting.posting import Posting
from connector.errors import Problem

POSTING_TEXT_LENGTH = 60
"""EXTF field 14; DATEV cuts the rest with a warning."""

ORDER_NUMBER_LENGTH = 30
"""EXTF field 95, DXSO ``orderId``."""

EU_VAT_LENGTH = 15
"""EXTF field 40: two letters and at most 13 more."""


def posting_problems(
    postings: Sequence[Posting], invoice: Invoice, *, chart: Chart, account_length: int, draft: bool = False
) -> list[Problem]:
    """Everything wrong with the rows of one invoice, each problem once."""
    problems = [
        problem
        for row in postings
        for problem in _row_problems(row, chart=chart, account_length=account_length)
    ]
    number_problem = check_document_number(invoice.document_number, draft=draft)
    if number_problem:
        problems.append(number_problem)
    total = sum((row.signed_amount for row in postings), ZERO)
    if total != invoice.gross:
        problems.append(
            Problem(
                "rows_do_not_add_up",
                f"The rows come to {total}, the invoice to {invoice.gross}.",
                field="amount",
                cure="This is a fault of the connector: report it with the deal's number.",
            )
        )
    return list(dict.fromkeys(problems))


def _row_problems(row: Posting, *, chart: Chart, account_length: int) -> Iterator[Problem]:
    yield from chart.check_ledger_account(row.contra_account, row.tax_key, account_length=account_length)
    debtor_problem = check_debtor_account(row.account, account_length)
    if debtor_problem:
        yield debtor_problem
    yield from _field_40_problems(row, chart, account_length)
    yield from _rate_problems(row, chart, account_length)
    yield from _amount_problems(row)
    yield from _triple_problems(row)


def _field_40_problems(row: Posting, chart: Chart, account_length: int) -> Iterator[Problem]:
    entry = chart.entry_for(row.contra_account, account_length=account_length)
    wants_id = entry is not None and entry.needs == "vat_id"
    if (wants_id and len(row.eu_vat) < 4) or (entry is not None and entry.needs and not row.eu_vat):
        yield Problem(
            "vat_id_missing",
            f"Account {row.contra_account} needs the customer's {'VAT id' if wants_id else 'country'}.",
            field="vat_id",
            cure="Fill the VAT id of the customer in Pipedrive.",
        )
    if len(row.eu_vat) > EU_VAT_LENGTH:
        yield Problem(
            "vat_id_too_long",
            f"The VAT id {row.eu_vat} has more than {EU_VAT_LENGTH} characters.",
            field="vat_id",
            cure="Correct the VAT id of the customer.",
        )


def _rate_problems(row: Posting, chart: Chart, account_length: int) -> Iterator[Problem]:
    """What DATEV takes out of the gross amount must be what the invoice charged."""
    entry = chart.entry_for(row.contra_account, account_length=account_length)
    if entry is None or entry.rate is None or not entry.function.is_automatic:
        return
    lifted = row.tax_key == KEY_LIFTING_AUTOMATIC
    booked = Decimal(0) if lifted else entry.rate
    if booked != row.tax_rate:
        how = f"With key {KEY_LIFTING_AUTOMATIC} account" if lifted else "Account"
        yield Problem(
            "account_rate_differs",
            f"{how} {row.contra_account} ({entry.meaning}) books {booked} % tax, but row {row.line} charges "
            f"{row.tax_rate} %.",
            field="revenue_account",
            cure=f"Map the line to an account for {row.tax_rate} %, or correct the tax rule that names it.",
        )


def _amount_problems(row: Posting) -> Iterator[Problem]:
    if not Decimal(0) < row.amount < AMOUNT_LIMIT or row.amount != cents(row.amount):
        yield Problem(
            "amount_not_bookable",
            f"Row {row.line} has the amount {row.amount}; DATEV takes 0.01 to 9999999999.99.",
            field="amount",
            cure="Correct the lines of the deal.",
        )


def _triple_problems(row: Posting) -> Iterator[Problem]:
    """Amount, rate and EUR amount: all three or none (EXTF fields 3-6), and to a cent what they say."""
    if row.currency == HOME_CURRENCY:
        complete = row.exchange_rate is None and row.base_amount is None
    else:
        complete = (
            row.exchange_rate is not None
            and row.base_amount is not None
            and abs(row.base_amount - quotient(row.amount, row.exchange_rate)) <= CENT
        )
    if not complete:
        yield Problem(
            "currency_incomplete",
            f"Row {row.line} is in {row.currency}, but rate and EUR amount do not go with that.",
            field="exchange_rate",
            cure="Correct the currency or the exchange rate of the deal.",
        )
    elif row.base_amount is not None and not Decimal(0) < row.base_amount < AMOUNT_LIMIT:
        yield Problem(
            "base_amount_not_bookable",
            f"Row {row.line}: {row.amount} {row.currency} are {row.base_amount} EUR, not bookable.",
            field="exchange_rate",
            cure="Correct the exchange rate of the deal: foreign units per 1 EUR.",
        )
