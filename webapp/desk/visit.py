"""Who looks at a page, in which language, and by which token a form of this browser is known."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cached_property

from flask import Request

from connector.pipeline.desk.roles import Role
from connector.pipeline.desk.sessions import session_of
from connector.pipeline.services import Services
from connector.store.desk_sessions import SessionRow
from connector.store.tenants import TenantRow
from webapp.desk.formats import Formats
from webapp.desk.texts import LANGUAGES, Texts

SESSION_COOKIE = "mlc_desk"
VISIT_COOKIE = "mlc_desk_visit"
"""Ties the log-in form to the browser it was shown in, before there is a session."""


@dataclass(frozen=True)
class Visit:
    """One request of one browser."""

    session: SessionRow | None
    token: str = field(repr=False)
    """The session's, or the visit's where nobody is logged in."""
    language: str
    tenant: TenantRow | None = None
    role: Role | None = None

    @cached_property
    def t(self) -> Texts:
        """The texts of the visit's language."""
        return Texts(self.language)

    @cached_property
    def formats(self) -> Formats:
        """The formats of the visit's language."""
        return Formats(self.language)

    @property
    def csrf_token(self) -> str:
        """What a form of this browser carries: derived from the cookie, which no other site can read."""
        return hmac.new(self.token.encode(), b"desk form", hashlib.sha256).hexdigest()

    @property
    def here(self) -> TenantRow:
        """The tenant of a page that belongs to one."""
        if self.tenant is None:
            raise LookupError("this page belongs to no tenant")
        return self.tenant

    def may(self, role: str) -> bool:
        """Whether the person may do here what this role may."""
        return self.role is not None and self.role.covers(Role(role))


def cookie_name(name: str, *, secure: bool) -> str:
    """With https, browsers hold the cookie to this one host and path."""
    return f"__Host-{name}" if secure else name


def visit_of(services: Services, request: Request, *, secure: bool) -> Visit:
    """The visit that a request belongs to; a browser without a cookie gets a new token."""
    token = request.cookies.get(cookie_name(SESSION_COOKIE, secure=secure), "")
    session = session_of(services, token)
    if session:
        return Visit(session, token, session.language)
    anonymous = request.cookies.get(cookie_name(VISIT_COOKIE, secure=secure), "")
    return Visit(None, anonymous or secrets.token_urlsafe(24), _language(request))


def _language(request: Request) -> str:
    """The one that was chosen on the page, else the browser's."""
    chosen = request.values.get("lang", "")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES, default="de") or "de"


def client_address(request: Request, trusted_proxies: int) -> str:
    """The browser's address, as the outermost of our own proxies has seen it; IPv6: its network.

    :param trusted_proxies: how many of ours stand before the web process. What a stranger writes into the
        header himself stands further left and does not count.
    """
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if trusted_proxies and len(seen) >= trusted_proxies:
        address = seen[-trusted_proxies]
    else:
        address = request.remote_addr or ""
    return ":".join(address.split(":")[:4]) if address.count(":") > 1 else address
