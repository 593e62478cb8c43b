"""reader(writer(x)) = x: for header, postings, debtors, account labels and payment terms."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.accounting.party import Address
from connector.accounting.posting import Posting, Side
from connector.datev.extf import (
    BatchHeader,
    check_file,
    read_file,
    render_debtors,
    render_posting_batch,
    write_file,
)
from connector.datev.extf.categories import ACCOUNT_LABELS, CATEGORIES, PAYMENT_TERMS
from connector.datev.extf.cells import content_of
from connector.datev.extf.header import BERLIN
from connector.datev.extf.rules import parse_date
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.extf.made_files import RIGHT_ROWS, file_of
from tests.unit.datev.samples import COMPANY, POSTING

_SIGNS = st.characters(codec="cp1252", exclude_categories=["Cc"])


def _text(most, least=0):
    return st.text(_SIGNS, min_size=least, max_size=most)


_numbers = st.text("ABCabc0129$&%*+-/", max_size=36)
_guids = st.uuids(version=4).map(str)
_days = st.dates(date(2026, 11, 1), date(2026, 11, 30))
_later = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
_amounts = st.decimals("0.01", "9999999999.99", places=2)


@st.composite
def postings(draw):
    foreign = draw(st.booleans())
    amount = draw(_amounts)
    rate = draw(st.decimals("0.5", "2000", places=6))
    base = (amount / rate).quantize(Decimal("0.01"))
    foreign = foreign and Decimal(0) < base < 10**10
    return replace(
        POSTING,
        amount=amount,
        side=draw(st.sampled_from(Side)),
        account=draw(st.integers(10000, 99999)),
        contra_account=draw(st.integers(1000, 9999)),
        tax_key=draw(st.sampled_from(["", "3", "40", "501"])),
        currency="CHF" if foreign else "EUR",
        exchange_rate=rate if foreign else None,
        base_amount=base if foreign else None,
        document_number=draw(_numbers),
        document_date=draw(_days),
        service_date=draw(_later),
        due_date=draw(_later),
        posting_text=draw(_text(60)),
        eu_vat=draw(st.sampled_from(["AT", "ATU12345678"])),
        eu_rate=draw(st.one_of(st.none(), st.decimals(0, "99.99", places=2))),
        origin_country=draw(st.sampled_from(["", "DE"])),
        cost_centre_1=draw(_text(36)),
        cost_centre_2=draw(_text(36)),
        document_link=draw(st.one_of(st.just(""), _guids)),
        order_number=draw(_text(30)),
        extra=tuple(draw(st.lists(st.tuples(_text(20, 1), _text(210, 1)), max_size=4))),
        key=draw(_guids),
    )


def _read_posting(file, row, like: Posting) -> Posting:
    """The posting that a row says; what no column holds is taken from ``like``."""

    def content(number):
        return file.content(row, number)

    def decimal(number):
        return Decimal(content(number).replace(",", ".")) if content(number) else None

    def day(number):
        return parse_date(content(number))

    pairs = [(content(n), content(n + 1)) for n in range(48, 87, 2)]
    return replace(
        like,
        amount=decimal(1),
        side=Side(content(2)),
        currency=content(3) or "EUR",
        exchange_rate=decimal(4),
        base_amount=decimal(5),
        account=int(content(7)),
        contra_account=int(content(8)),
        tax_key=content(9),
        document_date=parse_date(content(10) + file.header[12][:4]),
        document_number=content(11),
        posting_text=content(14),
        document_link=content(20)[6:-1],
        cost_centre_1=content(37),
        cost_centre_2=content(38),
        eu_vat=content(40),
        eu_rate=decimal(41),
        order_number=content(95),
        key=content(103),
        service_date=day(115),
        due_date=day(117),
        origin_country=content(123),
        extra=tuple(pair for pair in pairs if any(pair)),
    )


@settings(max_examples=60)
@given(st.lists(postings(), min_size=1, max_size=5), st.sampled_from([12, 13]))
def test_postings_are_read_as_they_were_written(written, version):
    data = render_posting_batch(replace(HEADER, posting_batch_version=version), written)
    file = read_file(data)

    assert written == [_read_posting(file, row, posting) for row, posting in enumerate(written, 1)]
    assert (str(version), 112 + version) == (file.version, len(file.rows[0]))
    assert [] == check_file(file)
    assert data == write_file(file)


@settings(max_examples=60)
@given(
    st.builds(
        replace,
        st.just(COMPANY),
        account=st.integers(10000, 99999),
        name=_text(50, 1),
        short_name=_text(15),
        contact=_text(40),
        customer_number=_text(15),
        email=_text(60),
        phone=_text(60),
        name_rest=_text(50),
        vat_id=st.sampled_from(["", "ATU12345678", "EL123456789"]),
        address=st.builds(Address, _text(36), _text(36), _text(10), _text(30), st.sampled_from(["", "AT"])),
    )
)
def test_debtors_are_read_as_they_were_written(debtor):
    data = render_debtors(HEADER, [debtor])
    file = read_file(data)
    address = debtor.address

    read = [file.content(1, n) for n in (1, 2, 8, 16, 18, 19, 20, 22, 29, 33, 99, 102, 244)]
    assert [
        str(debtor.account),
        debtor.name,
        debtor.short_name,
        address.street,
        address.postal_code,
        address.city,
        address.country,
        address.extra,
        debtor.phone,
        debtor.email,
        debtor.customer_number,
        debtor.contact,
        debtor.name_rest,
    ] == read
    assert debtor.vat_id == file.content(1, 9) + file.content(1, 10)
    assert [] == check_file(file)
    assert data == write_file(file)


@settings(max_examples=60)
@given(
    st.builds(
        BatchHeader,
        consultant_number=st.integers(1001, 9_999_999),
        client_number=st.integers(1, 99_999),
        fiscal_year_start=st.just(date(2026, 7, 1)),
        account_length=st.just(4),
        chart=st.sampled_from(["skr03", "skr04"]),
        created_at=st.integers(0, 2**31).map(lambda seconds: datetime.fromtimestamp(seconds + 0.25, UTC)),
        date_from=st.dates(date(2026, 7, 1), date(2026, 10, 31)),
        date_to=st.dates(date(2026, 11, 30), date(2027, 6, 30)),
        label=st.text("ABCäöüß019_-./ ", max_size=30),
        origin=st.sampled_from(["RE", "X1"]),
        dictation_mark=st.sampled_from(["", "ML"]),
        finalise=st.booleans(),
        posting_batch_version=st.sampled_from([12, 13]),
    )
)
def test_a_header_is_read_as_it_was_written(header):
    file = read_file(render_posting_batch(header, [POSTING]))
    fields = [content_of(cell) for cell in file.header]

    moment = datetime.strptime(fields[5][:14], "%Y%m%d%H%M%S").replace(
        tzinfo=BERLIN, microsecond=int(fields[5][14:]) * 1000
    )
    read = BatchHeader(
        consultant_number=int(fields[10]),
        client_number=int(fields[11]),
        fiscal_year_start=date.fromisoformat(fields[12]),
        account_length=int(fields[13]),
        chart="skr" + fields[26],
        created_at=header.created_at,
        date_from=date.fromisoformat(fields[14]),
        date_to=date.fromisoformat(fields[15]),
        label=fields[16],
        origin=fields[7],
        dictation_mark=fields[17],
        finalise=fields[20] == "1",
        posting_batch_version=int(fields[4]),
    )
    assert header == read
    # On the night when clocks go back an hour of the wall's time comes twice.
    assert (header.created_at - moment) % timedelta(hours=1) < timedelta(milliseconds=1)
    assert [] == check_file(file)


@settings(max_examples=60)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                1: st.integers(1, 99_999).map(str),
                2: _text(40, 1),
                3: st.sampled_from(["", "de-DE", "en-GB"]),
                4: _text(300),
            }
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([2, 3]),
    st.sampled_from(["cp1252", "utf-8", "utf-16-be"]),
)
def test_account_labels_are_read_as_they_were_written(labels, version, encoding):
    written = replace(file_of(ACCOUNT_LABELS, *labels, version=version), encoding=encoding)

    file = read_file(write_file(written))

    assert written == file
    assert [] == check_file(file)
    assert [[label[n] for n in range(1, version + 2)][: len(file.rows[0])] for label in labels] == [
        [file.content(row, n + 1) for n in range(len(file.rows[0]))] for row in range(1, len(labels) + 1)
    ]


def test_payment_terms_are_read_as_they_were_written():
    written = file_of(PAYMENT_TERMS, {}, {1: "999", 9: "31", 11: "12"})

    file = read_file(write_file(written))

    assert written == file
    assert ["10", "999"] == [file.content(row, 1) for row in (1, 2)]
    assert RIGHT_ROWS[PAYMENT_TERMS][2] == file.content(1, 2)


def test_every_category_writes_what_it_read():
    for category in CATEGORIES.values():
        data = write_file(file_of(category, {}, {}))

        assert data == write_file(read_file(data))
