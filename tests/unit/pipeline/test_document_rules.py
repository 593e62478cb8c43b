"""Number, date, rate and sign of a document, from the deal's fields to the rows and files: by setting."""

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.accounting.exchange_rates import PublishedRate
from connector.datev.validation.extf_files import check_extf
from connector.datev.validation.report import FileReport
from connector.datev.validation.zips import check_zip
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.exchange_rates import given_rates
from connector.pipeline.preview import POSTED, Preview, decide, preview_file
from connector.tenants.config import DatevFormat, TenantConfig
from connector.tenants.toml_file import read_tenant_file
from tests.unit.accounting.invoices import D
from tests.unit.cli.deals import bundle, write_tenant

NOW = datetime(2027, 2, 4, 9, 30, tzinfo=UTC)
NUMBER, DATE, CORRECTS = "a" * 40, "b" * 40, "c" * 40
FIELDS = [
    {"field_code": NUMBER, "field_name": "Nummer", "field_type": "varchar", "is_custom_field": True},
    {"field_code": DATE, "field_name": "Datum", "field_type": "date", "is_custom_field": True},
    {"field_code": CORRECTS, "field_name": "Korrigiert", "field_type": "varchar", "is_custom_field": True},
]
WRITTEN = 'source = "field"\nfield = "Nummer"\n'
FRIDAY = PublishedRate("USD", date(2027, 2, 3), D("1.0852"))


def tenant(folder: Path, **sections: str) -> TenantConfig:
    sections = {"more": "", **sections}
    return read_tenant_file(Path(write_tenant(folder, **sections)), {}, with_secrets=False).config


def deal(*, fields: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    made = bundle(custom_fields=fields or {}, **changes)
    made["deal_fields"] = FIELDS
    return made


def decided(content: dict[str, Any], config: TenantConfig, *rates: PublishedRate) -> Preview:
    published = given_rates(rates) if rates else None
    return decide(content, config, tenant_tables(config), created_at=NOW, published=published)


def codes(found: Preview) -> list[str]:
    assert all(problem.message and problem.cure for problem in found.reasons)
    return [problem.code for problem in found.reasons]


# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "written", "number"),
    [
        ("", "RE-17", "RE-17"),
        ("", "  RE-17 ", "RE-17"),
        ("", "re-17", "re-17"),
        ("", "1" * 36, "1" * 36),
        ('unsafe_characters = "clean"', "RE-17", "RE-17"),
        ('unsafe_characters = "clean"', "RE 2027.17", "RE-2027-17"),
        ("required = false", "RE-17", "RE-17"),
        ("required = false", None, "PD-42"),
        ("required = false", "  ", "PD-42"),
        ('required = false\npattern = "RE{year}-{deal_id}"', None, "RE2027-42"),
    ],
)
def test_the_number_on_the_deal_is_taken(tmp_path: Path, numbers: str, written: str | None, number: str):
    found = decided(deal(fields={NUMBER: written}), tenant(tmp_path, numbers=WRITTEN + numbers))

    assert (POSTED, {number}) == (found.outcome, {row.document_number for row in found.postings})
    assert found.invoice is not None
    assert number == found.invoice.document_number


@pytest.mark.parametrize(
    ("numbers", "written", "code"),
    [
        ("", None, "document_number_missing"),
        ("", "RE 17", "document_number_characters"),
        ("", "\uff11\uff17", "document_number_characters"),
        ("", "1" * 37, "document_number_too_long"),
        ('unsafe_characters = "clean"', None, "document_number_missing"),
        ('unsafe_characters = "clean"', "...", "document_number_characters"),
        ('unsafe_characters = "clean"', "RE " + "1" * 34, "document_number_too_long"),
        ("required = false", "RE 17", "document_number_characters"),
    ],
)
def test_a_number_that_cannot_be_used_parks(tmp_path: Path, numbers: str, written: str | None, code: str):
    found = decided(deal(fields={NUMBER: written}), tenant(tmp_path, numbers=WRITTEN + numbers))

    assert [code] == codes(found)


def test_what_was_cleaned_is_told_with_every_row(tmp_path: Path):
    config = tenant(tmp_path, numbers=WRITTEN + 'unsafe_characters = "clean"')

    found = decided(deal(fields={NUMBER: "RE 2027.17"}), config)

    assert ["document number RE-2027-17: the deal has 'RE 2027.17', cleaned for DATEV's Belegfeld 1"] * 2 == [
        row.why[-1] for row in found.postings
    ]


def test_a_missing_number_is_told_beside_everything_else(tmp_path: Path):
    broken = deal(fields={NUMBER: None}, currency="")
    strange = deal(fields={NUMBER: None}, currency="USD")
    config = tenant(tmp_path, numbers=WRITTEN)

    assert ["document_number_missing", "currency_missing"] == codes(decided(broken, config))
    assert ["document_number_missing", "exchange_rate_missing"] == codes(decided(strange, config))


# --- dates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("won", "day"),
    [
        ("2026-12-31T22:59:59Z", date(2026, 12, 31)),
        ("2026-12-31T23:00:00Z", date(2027, 1, 1)),
        ("2026-12-31T23:30:00Z", date(2027, 1, 1)),
        ("2026-12-31 23:30:00", date(2027, 1, 1)),
        ("2027-01-01T00:30:00+01:00", date(2027, 1, 1)),
        # Summer time begins on 28 March 2027 at 01:00 UTC and ends on 31 October at 01:00 UTC.
        ("2027-03-27T22:59:59Z", date(2027, 3, 27)),
        ("2027-03-27T23:00:00Z", date(2027, 3, 28)),
        ("2027-03-28T21:59:59Z", date(2027, 3, 28)),
        ("2027-03-28T22:00:00Z", date(2027, 3, 29)),
        ("2027-10-30T22:00:00Z", date(2027, 10, 31)),
        ("2027-10-31T22:59:59Z", date(2027, 10, 31)),
        ("2027-10-31T23:00:00Z", date(2027, 11, 1)),
    ],
)
def test_the_document_date_is_the_day_of_winning_in_berlin(tmp_path: Path, won: str, day: date):
    found = decided(deal(won_time=won), tenant(tmp_path))

    assert {day} == {row.document_date for row in found.postings}


def test_new_year_in_berlin_is_booked_into_the_new_year(tmp_path: Path):
    config = tenant(tmp_path, numbers='pattern = "RE{year}-{deal_id}"')
    found = decided(deal(won_time="2026-12-31T23:30:00Z"), config)

    header = preview_file(found, config, DatevFormat.EXTF, created_at=NOW, xsd_dir=None).splitlines()[0]

    assert {"RE2027-42"} == {row.document_number for row in found.postings}
    assert [b"20270101", b"20270101", b"20270131"] == [header.split(b";")[place] for place in (12, 14, 15)]


@pytest.mark.parametrize(
    ("won", "year", "first", "last"),
    [
        ("2027-04-14T12:00:00Z", b"20260415", b"20270401", b"20270414"),
        ("2027-04-15T12:00:00Z", b"20270415", b"20270415", b"20270430"),
        ("2027-05-01T12:00:00Z", b"20270415", b"20270501", b"20270531"),
    ],
)
def test_a_fiscal_year_may_begin_in_the_middle_of_a_month(
    tmp_path: Path, won: str, year: bytes, first: bytes, last: bytes
):
    path = Path(write_tenant(tmp_path))
    starts = "client_number = 1\nfiscal_year_start_month = 4\nfiscal_year_start_day = 15"
    path.write_text(path.read_text("utf-8").replace("client_number = 1", starts), "utf-8")
    config = read_tenant_file(path, {}, with_secrets=False).config

    found = decided(deal(won_time=won), config)
    header = preview_file(found, config, DatevFormat.EXTF, created_at=NOW, xsd_dir=None).splitlines()[0]

    assert [year, first, last] == [header.split(b";")[place] for place in (12, 14, 15)]


@pytest.mark.parametrize(
    ("booking", "written", "expected"),
    [
        ("", "2027-02-01", []),
        ("", "2026-02-03", []),
        ("", "2028-02-05", []),
        ("", "2026-02-02", ["document_date_far_from_won"]),
        ("", "2062-02-04", ["document_date_far_from_won"]),
        ("document_date_within_days = 1", "2027-02-05", []),
        ("document_date_within_days = 1", "2027-02-06", ["document_date_far_from_won"]),
        ("", "9999-12-31", ["custom_field_unreadable"]),
        ("", "0001-01-01", ["custom_field_unreadable"]),
        ("", None, ["document_date_missing"]),
    ],
)
def test_a_document_date_of_its_own_lies_near_the_day_of_winning(
    tmp_path: Path, booking: str, written: str | None, expected: list[str]
):
    config = tenant(tmp_path, booking=f'chart = "skr03"\n{booking}', more='[fields]\ndocument_date = "Datum"')

    # Won on 4 February 2027 in Berlin.
    assert expected == codes(decided(deal(fields={DATE: written}), config))


# --- exchange rates --------------------------------------------------------------------------

ECB = '[exchange]\nsource = "ecb"'
TABLE = (
    '[exchange]\nsource = "table"\nrates = [\n{ currency = "USD", month = "2027-02", rate = 1.09 },\n'
    "{ currency = 'USD', valid_from = 2026-01-01, rate = 1.07 }]"
)


def test_reference_rates_that_are_not_at_hand_park_the_preview_with_a_way_out(tmp_path: Path):
    found = decided(deal(currency="USD"), tenant(tmp_path, more=ECB))

    assert ["exchange_rates_not_at_hand"] == codes(found)
    assert "--rates" in found.reasons[0].cure


@pytest.mark.parametrize(
    ("more", "won", "rate", "why"),
    [
        (ECB, "2027-02-03T12:00:00Z", "1.0852", "reference rate of the European Central Bank of 2027-02-03"),
        (TABLE, "2027-02-03T12:00:00Z", "1.09", "monthly average of 2027-02 in the tenant's table"),
        (TABLE, "2027-03-03T12:00:00Z", "1.07", "valid from 2026-01-01 in the tenant's table"),
    ],
)
def test_rate_and_euro_stand_in_every_row_with_their_source(
    tmp_path: Path, more: str, won: str, rate: str, why: str
):
    found = decided(deal(currency="USD", won_time=won), tenant(tmp_path, more=more), FRIDAY)

    assert POSTED == found.outcome
    assert {D(rate)} == {row.exchange_rate for row in found.postings}
    assert all(why in row.why[-1] for row in found.postings)


# --- credit notes ----------------------------------------------------------------------------


def returned(**changes: Any) -> dict[str, Any]:
    made = deal(**{"fields": {CORRECTS: "PD-17"}, "value": -2189.02} | changes)
    for product in made["products"]:
        product["quantity"] = -1
    return made


CREDIT = {
    "booking": 'chart = "skr03"\nnegative_total_means = "credit_note"',
    "more": '[fields]\ncorrects_document = "Korrigiert"',
}


def test_less_than_nothing_parks_until_the_tenant_says_what_it_is(tmp_path: Path):
    assert ["total_negative"] == codes(decided(returned(), tenant(tmp_path)))


def test_a_credit_note_without_its_invoice_parks(tmp_path: Path):
    assert ["corrected_document_missing"] == codes(decided(returned(fields={}), tenant(tmp_path, **CREDIT)))


def test_a_credit_note_makes_files_that_datev_takes(tmp_path: Path):
    config = tenant(tmp_path, **CREDIT)
    found = decided(returned(), config)
    assert POSTED == found.outcome, found.reasons

    extf, package = (preview_file(found, config, kind, created_at=NOW, xsd_dir=None) for kind in DatevFormat)

    rows = [row.split(b";")[:2] for row in extf.splitlines()[2:]]
    assert [[b"1190,12", b'"H"'], [b"998,90", b'"H"']] == rows
    reports = [FileReport("extf"), FileReport("dxso")]
    check_extf(io.BytesIO(extf), reports[0])
    check_zip(io.BytesIO(package), reports[1], None)
    assert [] == [finding for report in reports for finding in report.findings]


def test_a_returned_line_makes_files_that_datev_takes(tmp_path: Path):
    content = deal(value=66.55)
    content["products"][1]["quantity"] = -1
    config = tenant(tmp_path)
    found = decided(content, config)
    assert POSTED == found.outcome, found.reasons

    extf, package = (preview_file(found, config, kind, created_at=NOW, xsd_dir=None) for kind in DatevFormat)

    rows = [row.split(b";")[:2] for row in extf.splitlines()[2:]]
    assert [[b"1190,12", b'"S"'], [b"998,90", b'"H"']] == rows
    reports = [FileReport("extf"), FileReport("dxso")]
    check_extf(io.BytesIO(extf), reports[0])
    check_zip(io.BytesIO(package), reports[1], None)
    assert [] == [finding for report in reports for finding in report.findings]
    assert b'consolidatedAmount="191.22"' in ledger_of(package)


def ledger_of(package: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".xml") and name != "document.xml"]
        return archive.read(name)
