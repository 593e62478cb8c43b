"""Ledger accounts of 4 to 8 digits, debtors and creditors of one more: every tax case, in every file."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.bookings import build_postings
from connector.accounting.chart import creditor_range, debtor_range
from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.invoicing import build_invoice
from connector.accounting.posting import Posting
from connector.accounting.sale import Sale
from connector.accounting.terms import BookingTerms
from connector.datev.dxso import DxsoDocument, PackageHeader, render_package
from connector.datev.extf import BatchHeader, check_file, read_file, render_debtors, render_posting_batch
from tests.unit.accounting import samples
from tests.unit.accounting.samples import GUID, line, sale
from tests.unit.accounting.tax_cases import BOOKED

LENGTHS = range(4, 9)
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def header(chart: str, length: int) -> BatchHeader:
    return BatchHeader(
        consultant_number=455148,
        client_number=1,
        fiscal_year_start=date(2026, 1, 1),
        account_length=length,
        chart=chart,
        created_at=NOW,
        date_from=date(2026, 11, 1),
        date_to=date(2026, 11, 30),
        label="Sachkontenlänge",
    )


def rows_of(deal: Sale, terms: BookingTerms, debtor: int) -> tuple[Posting, ...]:
    chart = samples.chart(terms.chart)
    invoice = build_invoice(deal, terms=terms, chart=chart, rules=samples.rules())
    return build_postings(
        invoice, terms=terms, chart=chart, deal_id=4711, debtor_account=debtor, document_guid=GUID
    )


def problems_of(content: bytes) -> list[str]:
    return [f"{found.code}: {found.message}" for found in check_file(read_file(content))]


@pytest.mark.parametrize("chart", ["skr03", "skr04"])
@pytest.mark.parametrize("length", LENGTHS)
def test_every_tax_case_is_booked_with_zeros_on_the_right(length: int, chart: str):
    column = ("skr03", "skr04").index(chart)
    debtor = debtor_range(length)[-1]
    rows, documents, wrong = [], [], []
    for number, case in enumerate(BOOKED):
        terms = samples.terms(chart=chart, **{**case.terms, "account_length": length})
        made = rows_of(case.sale(document_number=f"PD-{number}"), terms, debtor)
        expected = str(case.accounts[column]).ljust(length, "0")
        wrong += [row.contra_account for row in made if str(row.contra_account) != expected]
        rows += made
        record = build_debtor_record(case.party, debtor)
        guid = f"{GUID[:-4]}{number:04d}"
        documents.append(DxsoDocument(guid, f"PD-{number}", date(2026, 11, 20), record, made))
    package_header = PackageHeader(
        month=date(2026, 11, 1),
        folder_name="Ausgangsrechnungen",
        sender="Muster GmbH",
        generating_system="ml-connector",
        created_at=NOW,
        consultant_number=455148,
        client_number=1,
        own_vat_id="DE136695976",
    )

    assert [] == wrong
    assert [] == problems_of(render_posting_batch(header(chart, length), rows))
    assert len(documents) == len(render_package(package_header, documents).ledgers)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_ends_of_the_personal_accounts_pass_as_master_data(length: int):
    accounts = [f(length)[place] for f in (debtor_range, creditor_range) for place in (0, -1)]

    records = [build_debtor_record(samples.buyer(), account) for account in accounts]

    assert {length + 1} == {len(str(account)) for account in accounts}
    assert [] == problems_of(render_debtors(header("skr03", length), records))


_CENTRES = st.text(
    st.characters(codec="cp1252", exclude_categories=("Cc", "Cf", "Zs", "Zl", "Zp")), max_size=36
)


@given(
    length=st.sampled_from(LENGTHS),
    below=st.integers(0, 9999),
    standard=st.integers(8400, 8419),
    position=st.floats(0, 1),
    centres=st.tuples(_CENTRES, _CENTRES),
)
def test_any_account_of_the_range_and_any_cost_centre_make_a_valid_file(
    length: int, below: int, standard: int, position: float, centres: tuple[str, str]
):
    spare = 10 ** (length - 4)
    account = standard * spare + below % spare
    debtors = debtor_range(length)
    debtor = debtors[int(position * (len(debtors) - 1))]
    one = line(revenue_account=account, cost_centre_1=centres[0], cost_centre_2=centres[1])

    (row,) = rows_of(sale(one), samples.terms(account_length=length), debtor)

    assert (debtor, account, "") == (row.account, row.contra_account, row.tax_key)
    assert centres == (row.cost_centre_1, row.cost_centre_2)
    assert [] == problems_of(render_posting_batch(header("skr03", length), [row]))
