"""Where a browser is sent to log in (RFC 6749 section 4.1, RFC 7636), built by requests-oauthlib.

The library refuses addresses without TLS. For the sandbox on this machine its own switch
``OAUTHLIB_INSECURE_TRANSPORT=1`` is set by the demo and by the tests; our own calls refuse plain
http to anything but loopback whatever that switch says (:mod:`connector.http`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from oauthlib.oauth2 import InsecureTransportError, WebApplicationClient
from requests_oauthlib import OAuth2Session

from connector.errors import ConfigurationError

_VERIFIER_LENGTH = 86
"""Of the 43 to 128 characters that RFC 7636 allows: more than 512 bits of choice."""


@dataclass(frozen=True, slots=True)
class Pkce:
    """A proof key: the challenge goes with the browser, the verifier stays with us."""

    verifier: str = field(repr=False)
    challenge: str


def new_pkce() -> Pkce:
    """A fresh proof key, method S256."""
    client = WebApplicationClient("")
    verifier = client.create_code_verifier(_VERIFIER_LENGTH)
    return Pkce(verifier, client.create_code_challenge(verifier, "S256"))


def consent_url(
    address: str,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    scopes: Sequence[str] = (),
    **more: str,
) -> str:
    """The address of a partner's consent page.

    :param redirect_uri: as registered with the partner, letter by letter.
    :param state: random; must come back unchanged to the browser that began.
    :param more: further parameters, such as ``nonce`` and ``code_challenge``.
    :raises ConfigurationError: the address has no TLS.
    """
    session = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=list(scopes) or None)
    try:
        url, _state = session.authorization_url(address, state=state, **more)
    except InsecureTransportError as e:
        raise ConfigurationError(
            f"The login address {urlsplit(address).scheme}://{urlsplit(address).hostname} is not https.",
            code="plain_http_refused",
            cure="Use an https address. For the sandbox on this machine set OAUTHLIB_INSECURE_TRANSPORT=1.",
        ) from e
    return str(url)
