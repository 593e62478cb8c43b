import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.pipedrive.authenticity import authenticate
from connector.tenants.config import HmacConfig
from tests.unit.pipedrive.shared_data import delivery, needs_shared_data

BODY = '{"meta": {"title": "Grüße"}}'.encode()
KEY = "schlüssel"
DIGEST = hmac.new(KEY.encode(), BODY, hashlib.sha256).digest()
HEX = DIGEST.hex()
BASE64 = base64.b64encode(DIGEST).decode()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def check(headers, *, body=BODY, asked=None, key=None, config=None) -> bool:
    return authenticate(headers=headers, body=body, basic=asked, hmac_key=key, hmac_config=config)


def test_basic_lets_the_right_password_in():
    assert check({"Authorization": basic("pd", "ge:heim")}, asked=("pd", "ge:heim"))
    assert check({"authorization": basic("pd", "pässword")}, asked=("pd", "pässword"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        basic("pd", "falsch"),
        basic("other", "geheim"),
        basic("pd", "geheim").replace("Basic", "Bearer"),
        basic("pd", "geheim") + "x",
        basic("pd", ""),
        "Basic \ud800",
    ],
)
def test_basic_keeps_everything_else_out(header):
    assert not check({"Authorization": header}, asked=("pd", "geheim"))


def test_an_empty_password_is_no_password():
    assert not check({"Authorization": basic("pd", "")}, asked=("pd", ""))


@pytest.mark.parametrize(
    ("value", "config"),
    [
        (HEX, HmacConfig()),
        (HEX.upper(), HmacConfig()),
        (f"sha256={HEX}", HmacConfig(prefix="sha256=")),
        (HEX, HmacConfig(prefix="sha256=")),
        (BASE64, HmacConfig(encoding="base64")),
        (f"sha256={BASE64}", HmacConfig(encoding="base64", prefix="sha256=")),
    ],
)
def test_a_signature_over_the_raw_body_fits(value, config):
    assert check({config.header.upper(): value}, key=KEY, config=config)


@pytest.mark.parametrize("value", ["", HEX[:-2], HEX[:-1] + "g", BASE64, f"sha256={HEX}", HEX + "\u00fc"])
def test_another_signature_does_not(value):
    assert not check({"X-Pipedrive-Signature": value}, key=KEY, config=HmacConfig())


def test_one_changed_byte_of_the_body_is_noticed():
    assert not check({"X-Pipedrive-Signature": HEX}, body=BODY + b" ", key=KEY, config=HmacConfig())


@pytest.mark.parametrize("key", [None, ""])
def test_a_signature_without_a_key_of_ours_proves_nothing(key):
    empty = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert not check({"X-Pipedrive-Signature": empty}, key=key, config=HmacConfig())


@pytest.mark.parametrize(
    ("password", "signature", "expected"),
    [("geheim", HEX, True), ("geheim", "00", False), ("falsch", HEX, False), ("falsch", "00", False)],
)
def test_where_both_are_asked_for_both_must_fit(password, signature, expected):
    headers = {"Authorization": basic("pd", password), "X-Pipedrive-Signature": signature}
    assert expected == check(headers, asked=("pd", "geheim"), key=KEY, config=HmacConfig())


def test_where_nothing_is_asked_for_nobody_comes_in():
    headers = {"Authorization": basic("pd", "geheim"), "X-Pipedrive-Signature": HEX}
    assert not check(headers, key=KEY)


@settings(deadline=None)
@given(st.text(max_size=50), st.text(max_size=50), st.binary(max_size=50), st.sampled_from(["hex", "base64"]))
def test_no_header_and_no_body_breaks_the_check(authorization, signature, body, encoding):
    headers = {"Authorization": authorization, "X-Pipedrive-Signature": signature}
    config = HmacConfig(encoding=encoding)
    assert not check(headers, body=body, asked=("pd", "geheim"), key=KEY, config=config)


@needs_shared_data
def test_the_recorded_deliveries_carry_the_password_they_were_made_with():
    headers = delivery("webhooks_v1", "updated.deal.json")["headers"]
    assert check(headers, asked=("username", "password"))
    assert not check(headers, asked=("username", "passwort"))
