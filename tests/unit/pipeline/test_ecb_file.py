"""The files of the European Central Bank: what is read, and what is said about what is not."""

from datetime import date
from decimal import Decimal

import pytest

from connector.accounting.exchange_rates import PublishedRate
from connector.errors import DataError
from connector.pipeline.ecb_file import LARGEST_FILE, MOST_PROBLEMS, read_ecb_rates
from connector.pipeline.exchange_rates import given_rates

D = Decimal

XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
    xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube>
<Cube time="2026-11-20"><Cube currency="USD" rate="1.0852"/><Cube currency="JPY" rate="162.53"/></Cube>
<Cube time="2026-11-19"><Cube currency="USD" rate="1.0840"/></Cube>
</Cube>
</gesmes:Envelope>
"""

RATES = (
    PublishedRate("USD", date(2026, 11, 19), D("1.0840")),
    PublishedRate("JPY", date(2026, 11, 20), D("162.53")),
    PublishedRate("USD", date(2026, 11, 20), D("1.0852")),
)


def refused(data: bytes) -> list[str]:
    with pytest.raises(DataError) as caught:
        read_ecb_rates(data)
    assert all(problem.cure for problem in caught.value.problems)
    opening = "The file cannot be read as rates of the European Central Bank: "
    return [problem.message.removeprefix(opening).removesuffix(".") for problem in caught.value.problems]


def test_the_xml_of_days_is_read_by_day_and_currency():
    assert RATES == read_ecb_rates(XML)


def test_a_byte_order_mark_and_blank_lines_before_the_xml_do_no_harm():
    assert RATES == read_ecb_rates(b"\xef\xbb\xbf\r\n" + XML)


def test_the_history_as_csv_is_read_with_its_gaps():
    data = b"Date,USD,JPY,BGN,\r\n2026-11-20,1.0852,162.53,N/A,\r\n2026-11-19,1.0840,N/A,N/A,\r\n"

    assert RATES == read_ecb_rates(data)


def test_the_daily_csv_writes_its_day_in_words():
    data = b"Date, USD, JPY, \n20 November 2026, 1.0852, 162.53, \n"

    assert RATES[1:] == read_ecb_rates(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", 'it is neither XML nor a CSV whose first column is "Date"'),
        (b"Konto;Name\n", 'it is neither XML nor a CSV whose first column is "Date"'),
        (b"\xff\xfe\x00D", "it is neither XML nor CSV"),
        (b"PK\x03\x04rest", "it is a ZIP"),
        (b"Date,USD,\n", "it holds no rates"),
        (b"<a/>", "it holds no rates"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "it has a document type declaration"),
        (b"<a", "it is no well-formed XML"),
        (b"x" * (LARGEST_FILE + 1), "it is larger than any file of the bank"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else "",
)
def test_a_file_that_is_another_is_refused(data: bytes, said: str):
    (message,) = refused(data)

    assert message.startswith(said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("1.0852", "0", "line 7: USD has the rate '0', which is none"),
        ("1.0852", "1,0852", "line 7: USD has the rate '1,0852', which is none"),
        ("1.0852", "NaN", "line 7: USD has the rate 'NaN', which is none"),
        ("1.0852", "1" * 21, f"line 7: USD has the rate '{'1' * 21}', which is none"),
        ("2026-11-19", "2026-11-31", "line 8: '2026-11-31' is no day"),
        ("2026-11-19", "1998-12-31", "line 8: '1998-12-31' is no day"),
        ("2026-11-19", "20261119", "line 8: '20261119' is no day"),
        ("JPY", "EUR", "line 7: 'EUR' is no foreign currency"),
        ("JPY", "jpy", "line 7: 'jpy' is no foreign currency"),
        ("2026-11-19", "2026-11-20", "line 8: USD of 2026-11-20 stands twice, with 1.0852 and 1.0840"),
    ],
)
def test_a_wrong_rate_is_named_with_its_line(old: str, new: str, said: str):
    assert [said] == refused(XML.replace(old.encode(), new.encode()))


def test_every_mistake_is_told_at_once_up_to_a_bound():
    wrong = XML.replace(b"1.0852", b"x").replace(b"162.53", b"-1").replace(b"2026-11-19", b"today")
    many = b"Date,USD,\n" + b"someday,1.1,\n" * (MOST_PROBLEMS + 1)

    assert 3 == len(refused(wrong))
    assert MOST_PROBLEMS == len(refused(many))


def test_of_given_rates_the_last_on_or_before_the_day_counts():
    published = given_rates(RATES)

    assert RATES[2] == published("USD", date(2026, 11, 22))
    assert RATES[0] == published("USD", date(2026, 11, 19))
    assert None is published("USD", date(2026, 11, 18))
    assert None is published("CHF", date(2026, 11, 22))
