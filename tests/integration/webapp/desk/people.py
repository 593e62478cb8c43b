"""People with browsers at the desk."""

import re
from collections.abc import Mapping
from html import unescape

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.pipeline.desk import accounts
from connector.pipeline.desk.roles import Role
from connector.pipeline.services import Services

PASSWORD = "ein Satz aus mehreren Wörtern"

_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


class Desk:
    """The desk and who works there."""

    def __init__(self, app: Flask, services: Services) -> None:
        self.app = app
        self.services = services

    def add(self, login: str, roles: Mapping[str, Role] | None = None, *, everywhere: bool = False) -> None:
        """An account with a password."""
        accounts.add_user(
            self.services, login, name=login.title(), installation_admin=everywhere, actor="test"
        )
        accounts.set_password(self.services, login, PASSWORD, actor="test")
        for tenant_key, role in (roles or {}).items():
            accounts.set_role(self.services, login, tenant_key, role, actor="test")

    def browser(self) -> "Browser":
        """A browser that nobody is logged in with."""
        return Browser(self.app.test_client())

    def at_work(
        self, login: str, roles: Mapping[str, Role] | None = None, *, everywhere: bool = False
    ) -> "Browser":
        """A browser in which this person, who is new, is logged in."""
        self.add(login, roles, everywhere=everywhere)
        browser = self.browser()
        entered = browser.log_in(login)
        assert entered.status_code == 303, entered.get_data(as_text=True)
        return browser


class Browser:
    """A browser that sends forms as they were shown."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, address: str, **headers: str) -> TestResponse:
        """Open an address."""
        return self.client.get(address, headers={"Accept": "text/html", "Accept-Language": "de", **headers})

    def text(self, address: str, **headers: str) -> str:
        """What a page says, without its markup's escapes."""
        answer = self.get(address, **headers)
        assert answer.status_code == 200, answer.status
        return unescape(answer.get_data(as_text=True))

    def token(self, address: str = "/desk/account") -> str:
        """The token in the forms of a page."""
        found = _TOKEN.search(self.get(address).get_data(as_text=True))
        assert found, f"no form on {address}"
        return found[1]

    def post(
        self, address: str, *, token: str | None = None, headers: Mapping[str, str] | None = None, **form: str
    ) -> TestResponse:
        """Send a form, with this session's token unless another is given."""
        sent = {"csrf_token": self.token() if token is None else token, **form}
        return self.client.post(address, data=sent, headers={"Accept": "text/html", **(headers or {})})

    def log_in(self, login: str, password: str = PASSWORD, **form: str) -> TestResponse:
        """Fill in the log-in page."""
        token = self.token("/desk/login")
        return self.post("/desk/login", token=token, login=login, password=password, **form)

    @property
    def session(self) -> str:
        """The value of the session's cookie."""
        cookie = self.client.get_cookie("mlc_desk")
        return cookie.value if cookie else ""
