"""Walks through the login pages as a browser does: follows redirects, fills in forms, keeps cookies."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from connector.errors import TransientError

TIMEOUT_S = 30
MOST_PAGES = 10
"""A login has two consent pages and a choice in between; more means going in circles."""


@dataclass(slots=True)
class Form:
    """The first form of a page."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)
    """What can be chosen: radio buttons and the options of lists, by name."""

    def filled(self, choices: dict[str, str]) -> dict[str, str]:
        """The form as it is sent: of each choice the one that begins as wanted, else the first."""
        chosen = {
            name: next((value for value in values if value.startswith(choices.get(name, ""))), values[0])
            for name, values in self.options.items()
        }
        typed = {name: choices[name] for name in self.fields if name in choices}
        return {**self.fields, **chosen, **typed}


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._inside = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None and values.get("method", "").lower() == "post":
            self.form, self._inside = Form(values.get("action", "")), True
        elif self._inside and self.form is not None:
            self._take(self.form, tag, values)

    def _take(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.options.setdefault(self._select, []).append(values.get("value", ""))
        elif tag == "input" and name:
            if values.get("type") == "radio":
                form.options.setdefault(name, []).append(values.get("value", ""))
            elif values.get("type", "text") in {"hidden", "text"}:
                form.fields[name] = values.get("value", "")
        elif tag == "button" and name:
            form.fields.setdefault(name, values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""


class LoginStumbledError(TransientError):
    """A page of the login is an error, or does not come.

    Whether for a moment (a process was killed in the middle) or for good, the browser cannot tell; a person
    would begin again with a new link, so does the demo for a while.
    """

    default_code = "login_stumbled"


def log_in(address: str, *, choices: dict[str, str]) -> str:
    """Open a one-time link and go through every page with a form until one has none.

    :param choices: what to enter or choose (its beginning is enough) where a page asks, by the field's name.
    :returns: the text of the last page.
    :raises LoginStumbledError: a page is an error or does not come, or the login goes in circles.
    """
    with requests.Session() as session:
        session.trust_env = False
        try:
            return _walk(session, address, choices)
        except requests.RequestException as e:
            raise LoginStumbledError(f"A page of the login does not come ({type(e).__name__}).") from e


def _walk(session: requests.Session, address: str, choices: dict[str, str]) -> str:
    answer = session.get(address, timeout=TIMEOUT_S)
    for _page in range(MOST_PAGES):
        if answer.status_code >= 400:
            raise LoginStumbledError(
                f"The login ends with {answer.status_code} at {answer.url.partition('?')[0]}."
            )
        reader = _FormReader()
        reader.feed(answer.text)
        if reader.form is None:
            return answer.text
        answer = session.post(
            urljoin(answer.url, reader.form.action), data=reader.form.filled(choices), timeout=TIMEOUT_S
        )
    raise LoginStumbledError("The login goes in circles.")
