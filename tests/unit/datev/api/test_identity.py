"""The ID token: who may vouch for a login, and for which one."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.datev.identity import Identity, check_id_token, forget_keys
from connector.errors import AmbiguousError, PartnerRefusedError, TransientError
from tests.unit.datev.api.datev_settings import PUBLIC
from tests.unit.datev.api.fake_http import FakeHttp, Script

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NONCE = "nonce-of-this-very-login"
ISSUER = "https://login.datev.example/openidsandbox"
JWKS_URI = f"{ISSUER}/jwks"
DISCOVERY = Script(200, {"issuer": ISSUER, "jwks_uri": JWKS_URI})
KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)


@pytest.fixture(autouse=True)
def _no_keys_known():
    forget_keys()
    yield
    forget_keys()


def published(*ids: str, key=KEY) -> Script:
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return Script(200, {"keys": [{**public, "kid": kid, "use": "sig", "alg": "RS256"} for kid in ids]})


def claims(**changes):
    return {
        "iss": ISSUER,
        "sub": "s-1",
        "aud": PUBLIC.client_id,
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
        "nonce": NONCE,
        **changes,
    }


def signed(given=None, *, key=KEY, algorithm="RS256", kid="k-1"):
    return jwt.encode(given or claims(), key, algorithm=algorithm, headers={"kid": kid})


def check(token: str, http: FakeHttp | None = None, *, now: datetime = NOW, nonce: str = NONCE):
    return check_id_token(http or FakeHttp(DISCOVERY, published("k-1")), PUBLIC, token, nonce, now)


def test_a_good_token_names_the_person():
    http = FakeHttp(DISCOVERY, published("k-1"))
    assert Identity("s-1") == check(signed(), http)
    assert [f"{PUBLIC.login_base_url}/.well-known/openid-configuration", JWKS_URI] == [
        sent.url for sent in http.sent
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://evil.example"}, "InvalidIssuerError"),
        ({"aud": "another-app"}, "InvalidAudienceError"),
        ({"aud": [PUBLIC.client_id, "another-app"], "azp": "another-app"}, "another app"),
        ({"nonce": "of-another-login"}, "another login"),
        ({"nonce": ""}, "another login"),
        ({"exp": int((NOW - timedelta(seconds=61)).timestamp())}, "expired"),
        ({"exp": "soon"}, "times"),
        ({"exp": True}, "times"),
        ({"nbf": int((NOW + timedelta(seconds=61)).timestamp())}, "not valid yet"),
    ],
)
def test_a_token_that_is_not_for_this_login_is_refused(changes, why):
    with pytest.raises(PartnerRefusedError, match=why) as caught:
        check(signed(claims(**changes)))
    assert "id_token_refused" == caught.value.code


@pytest.mark.parametrize("missing", ["iss", "sub", "aud", "exp", "nonce"])
def test_a_token_without_a_required_claim_is_refused(missing):
    given = {name: value for name, value in claims().items() if name != missing}
    with pytest.raises(PartnerRefusedError):
        check(signed(given))


def test_a_minute_of_clock_difference_is_forgiven():
    check(signed(claims(exp=int((NOW - timedelta(seconds=59)).timestamp()))))


def test_a_foreign_signature_is_refused():
    with pytest.raises(PartnerRefusedError, match="InvalidSignatureError"):
        check(signed(key=OTHER_KEY))


def test_a_token_cannot_choose_how_it_is_checked():
    unsigned = jwt.encode(claims(), None, algorithm="none", headers={"kid": "k-1"})
    by_secret = jwt.encode(claims(), "x" * 32, algorithm="HS256", headers={"kid": "k-1"})
    stronger = signed(algorithm="RS512")
    for token in (unsigned, by_secret, stronger):
        with pytest.raises(PartnerRefusedError, match="RS256"):
            check(token)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "ü.ü.ü", "e30.e30.e30"])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(PartnerRefusedError):
        check(token)


def test_keys_are_read_once_and_kept_for_an_hour():
    http = FakeHttp(DISCOVERY, published("k-1"))
    check(signed(), http)
    check(signed(claims(exp=int((NOW + timedelta(hours=3)).timestamp()))), http, now=NOW + timedelta(hours=1))
    assert 2 == len(http.sent)


def test_after_an_hour_the_keys_are_read_again():
    http = FakeHttp(DISCOVERY, published("k-1"), DISCOVERY, published("k-1"))
    late = NOW + timedelta(hours=1, seconds=1)
    check(signed(), http)
    check(signed(claims(exp=int(late.timestamp()) + 60)), http, now=late)
    assert 4 == len(http.sent)


def test_a_new_key_is_fetched_when_a_token_names_it():
    http = FakeHttp(DISCOVERY, published("k-1"), DISCOVERY, published("k-2", key=OTHER_KEY))
    check(signed(), http)
    later = NOW + timedelta(minutes=2)
    check(signed(key=OTHER_KEY, kid="k-2"), http, now=later)
    assert 4 == len(http.sent)


def test_made_up_key_ids_do_not_make_us_ask_datev_without_end():
    http = FakeHttp(DISCOVERY, published("k-1"))
    for number in range(5):
        with pytest.raises(PartnerRefusedError, match="does not publish"):
            check(signed(kid=f"made-up-{number}"), http)
    assert 2 == len(http.sent)


def test_keys_that_are_not_for_rsa_signatures_are_left_alone():
    good = published("k-1").body["keys"]
    others = [
        {"kty": "EC", "kid": "k-2"},
        {"kty": "RSA", "kid": "k-3", "n": "!"},
        {"kty": "RSA", "use": "enc"},
    ]
    assert Identity("s-1") == check(signed(), FakeHttp(DISCOVERY, Script(200, {"keys": others + good})))


@pytest.mark.parametrize(
    "scripts",
    [
        (Script(503),),
        (Script(200, b"<html>"),),
        (Script(200, {"issuer": ISSUER}),),
        (Script(200, {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}),),
        (DISCOVERY, Script(200, {"keys": []})),
        (DISCOVERY, Script(200, {"keys": ["x"]})),
        (DISCOVERY, Script(500)),
    ],
)
def test_keys_that_cannot_be_read_now_may_be_read_later(scripts):
    with pytest.raises(TransientError) as caught:
        check(signed(), FakeHttp(*scripts))
    assert not isinstance(caught.value, AmbiguousError)
