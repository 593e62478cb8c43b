"""Login by consent page, and webhooks from the subscription to the parsed event."""

import json
import queue
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connector.errors import PartnerRefusedError, ReconnectNeededError
from connector.pipedrive import oauth
from connector.pipedrive.subscriptions import Subscription, list_webhooks, subscribe, unsubscribe
from connector.pipedrive.webhook import DealChange, authenticate, parse_delivery
from connector.settings import PipedriveSettings
from connector.tenants.config import HmacConfig
from tests.integration.pipedrive.conftest import DOMAIN, TOKEN, SandboxSession
from tests.integration.serving import served

REDIRECT = "http://127.0.0.1:1/oauth/pipedrive/callback"
DELIVERY_TIMEOUT_S = 15.0


@pytest.fixture
def settings(sandbox: SandboxSession) -> PipedriveSettings:
    sandbox.control(
        "/pipedrive/oauth-apps",
        {"client_id": "app", "client_secret": "app-secret", "redirect_uri": REDIRECT},
    )
    return PipedriveSettings(
        f"{sandbox.root}/pipedrive", f"{sandbox.root}/pipedrive/oauth-host", "app", "app-secret"
    )


def consent(url: str) -> dict[str, list[str]]:
    """Press "allow" on the consent page; the parameters with which it comes back."""
    page = requests.get(url, timeout=10)
    assert page.ok
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    user = re.search(r'value="(muster/\d+)"', page.text)
    assert user
    answer = requests.post(
        url.partition("?")[0],
        data={**form, "user": user[1], "decision": "approve"},
        allow_redirects=False,
        timeout=10,
    )
    assert 302 == answer.status_code
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def test_a_login_lives_from_consent_to_revocation(sandbox: SandboxSession, settings: PipedriveSettings):
    now = datetime.now(UTC)
    back = consent(oauth.authorization_url(settings, REDIRECT, "state-1"))
    assert ["state-1"] == back["state"]
    code = back["code"][0]
    tokens = oauth.exchange_code(sandbox.http, settings, code=code, redirect_uri=REDIRECT, now=now)
    assert timedelta(minutes=59) < tokens.expires_at - now <= timedelta(hours=1)
    assert DOMAIN == sandbox.client(lambda: oauth.bearer(tokens)).me()["company_domain"]
    fresh = oauth.refresh(sandbox.http, settings, refresh_token=tokens.refresh_token, now=now)
    assert (tokens.refresh_token, True) == (fresh.refresh_token, fresh.access_token != tokens.access_token)
    with pytest.raises(ReconnectNeededError):
        oauth.exchange_code(sandbox.http, settings, code=code, redirect_uri=REDIRECT, now=now)
    oauth.revoke(sandbox.http, settings, refresh_token=tokens.refresh_token, now=now)
    oauth.revoke(sandbox.http, settings, refresh_token=tokens.refresh_token, now=now)
    with pytest.raises(ReconnectNeededError):
        oauth.refresh(sandbox.http, settings, refresh_token=tokens.refresh_token, now=now)
    with pytest.raises(ReconnectNeededError):
        sandbox.client(lambda: oauth.bearer(fresh)).me()


class Receiver:
    """Takes deliveries and keeps them."""

    def __init__(self) -> None:
        self.url = ""
        self._deliveries: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self._deliveries.put((headers, body))
        start_response("204 No Content", [])
        return []

    def next(self) -> tuple[dict[str, str], bytes]:
        """The next delivery."""
        return self._deliveries.get(timeout=DELIVERY_TIMEOUT_S)


@pytest.fixture
def receiver(sandbox: SandboxSession) -> Iterator[Receiver]:
    taken = Receiver()
    with served(taken) as root:
        taken.url = f"{root}/webhooks/pipedrive/muster"
        yield taken


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_won_deal_arrives_once_and_authentic(sandbox: SandboxSession, receiver: Receiver, version: str):
    deal_id = sandbox.seed(deals=[{"title": "Projekt", "value": 100}])["deals"][0]
    wanted = Subscription(receiver.url, "pd", "ge:heim", version=version)
    assert subscribe(sandbox.client(), wanted).created
    assert not subscribe(sandbox.client(), wanted).created
    seen = []
    for action in ("win", "reopen", "delete"):
        sandbox.control(f"/pipedrive/accounts/{DOMAIN}/deals/{deal_id}/{action}")
        headers, body = receiver.next()
        proof = {"headers": headers, "body": body, "hmac_key": None, "hmac_config": None}
        assert authenticate(basic=("pd", "ge:heim"), **proof)
        assert not authenticate(basic=("pd", "geheim"), **proof)
        event = parse_delivery(json.loads(body))
        assert event is not None
        seen.append((event.version, event.deal_id, event.change, event.attempt))
    changes = (DealChange.WON, DealChange.REOPENED, DealChange.DELETED)
    assert [(version, deal_id, change, 1) for change in changes] == seen


def test_a_signing_sender_is_recognised(sandbox: SandboxSession, receiver: Receiver):
    config = HmacConfig("X-Signature", "base64", "sha256=")
    signing = {"header": config.header, "key": "schlüssel", "encoding": "base64", "prefix": "sha256="}
    account = {"company_domain": DOMAIN, "api_token": TOKEN, "webhook_signing": signing}
    sandbox.control("/pipedrive/accounts", account)
    subscribe(sandbox.client(), Subscription(receiver.url, "pd", "geheim"))
    sandbox.control(f"/pipedrive/accounts/{DOMAIN}/deals", {"deal": {"title": "Neu", "status": "won"}})
    headers, body = receiver.next()
    proof = {"headers": headers, "basic": ("pd", "geheim"), "hmac_config": config}
    assert authenticate(body=body, hmac_key="schlüssel", **proof)
    assert not authenticate(body=body + b" ", hmac_key="schlüssel", **proof)
    event = parse_delivery(json.loads(body))
    assert event is not None
    assert DealChange.WON is event.change


def test_another_password_replaces_the_hook(sandbox: SandboxSession, receiver: Receiver):
    client = sandbox.client()
    first = subscribe(client, Subscription(receiver.url, "pd", "alt"))
    second = subscribe(client, Subscription(receiver.url, "pd", "neu"))
    assert (True, (first.webhook.id,)) == (second.created, second.replaced)
    assert [second.webhook.id] == [hook.id for hook in list_webhooks(client, url=receiver.url)]
    assert (second.webhook.id,) == unsubscribe(client, receiver.url)
    assert [] == list_webhooks(client)


def test_the_41st_hook_is_refused(sandbox: SandboxSession, receiver: Receiver):
    client = sandbox.client()
    for number in range(40):
        subscribe(client, Subscription(f"{receiver.url}/{number}", "pd", "geheim"))
    with pytest.raises(PartnerRefusedError) as caught:
        subscribe(client, Subscription(receiver.url, "pd", "geheim"))
    assert "webhook_limit" == caught.value.code
