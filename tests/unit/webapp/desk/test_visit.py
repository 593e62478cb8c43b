"""The browser's address behind proxies, cookie names, formats."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from webapp.desk.formats import Formats
from webapp.desk.visit import client_address, cookie_name


def request(remote: str, forwarded: str | None = None) -> Request:
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    return Request(EnvironBuilder(headers=headers, environ_base={"REMOTE_ADDR": remote}).get_environ())


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "expected"),
    [
        ("192.0.2.7", None, 0, "192.0.2.7"),
        ("192.0.2.7", "203.0.113.9", 0, "192.0.2.7"),
        ("127.0.0.1", "203.0.113.9", 1, "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.1", 2, "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9", 2, "127.0.0.1"),
        ("127.0.0.1", " , ", 1, "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", None, 0, "2001:db8:1:2"),
        ("", None, 0, ""),
    ],
)
def test_the_address_is_what_our_own_proxy_saw(
    remote: str, forwarded: str | None, proxies: int, expected: str
) -> None:
    assert expected == client_address(request(remote, forwarded), proxies)


def test_with_https_the_browser_binds_the_cookie_to_the_host() -> None:
    assert "__Host-mlc_desk" == cookie_name("mlc_desk", secure=True)
    assert "mlc_desk" == cookie_name("mlc_desk", secure=False)


def test_numbers_and_dates_are_written_as_each_language_does() -> None:
    german, english = Formats("de"), Formats("en")
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)

    assert ("1.234,50\xa0€", "€1,234.50") == tuple(
        one.money(Decimal("1234.5"), "EUR") for one in (german, english)
    )
    assert ("-10,00\xa0CHF", "-CHF10.00") == tuple(
        one.money(Decimal(-10), "CHF") for one in (german, english)
    )
    assert ("02.03.2026, 00:30", "2 Mar 2026, 00:30") == (german.moment(moment), english.moment(moment))
    assert ("März 2026", "March 2026") == tuple(one.month(date(2026, 3, 1)) for one in (german, english))
    assert ("12.345", "12,345") == (german.count(12345), english.count(12345))
    assert ("3 Stunden", "3 hours") == tuple(
        one.age(moment, moment + timedelta(hours=3)) for one in (german, english)
    )


def test_the_end_of_a_login_is_written_as_datev_wants_it_in_every_language() -> None:
    end = datetime(2028, 11, 22, 22, 5, tzinfo=UTC)

    assert "22.11.2028 23:05" == Formats("de").login_end(end) == Formats("en").login_end(end)


def test_what_is_not_there_is_written_as_nothing() -> None:
    assert ("", "", "") == (
        Formats("de").moment(None),
        Formats("de").day(None),
        Formats("de").money(None, None),
    )
