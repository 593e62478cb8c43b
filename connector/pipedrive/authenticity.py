"""Whether a delivery comes from whom it should: HTTP Basic, an HMAC over the raw body, or both."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from connector.tenants.config import HmacConfig


def authenticate(
    *,
    headers: Mapping[str, str],
    body: bytes,
    basic: tuple[str, str] | None,
    hmac_key: str | None,
    hmac_config: HmacConfig | None,
) -> bool:
    """Whether every proof that is asked for is given. Asked for nothing, it says no. Never raises.

    :param body: raw, as received: a body that was parsed and written again has another signature.
    :param basic: user and password; None: Basic is not asked for.
    :param hmac_config: None: no signature is asked for, whatever key there is.
    """
    given = {name.lower(): value for name, value in headers.items()}
    verdicts = []
    if basic is not None:
        verdicts.append(_basic_fits(given.get("authorization", ""), *basic))
    if hmac_config is not None:
        verdicts.append(
            _signature_fits(given.get(hmac_config.header.lower(), ""), body, hmac_key, hmac_config)
        )
    return bool(verdicts) and all(verdicts)


def _basic_fits(header: str, user: str, password: str) -> bool:
    scheme, _, encoded = header.partition(" ")
    try:
        given = base64.b64decode(encoded.strip().encode(), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    same = _same(given, f"{user}:{password}".encode())
    # A password that is not set must not let an empty one in.
    return same and scheme.lower() == "basic" and bool(password)


def _signature_fits(header: str, body: bytes, key: str | None, config: HmacConfig) -> bool:
    digest = hmac.new((key or "").encode(), body, hashlib.sha256).digest()
    written = header.strip().removeprefix(config.prefix)
    try:
        encoded = written.encode("ascii")
        if config.encoding == "base64":
            given = base64.b64decode(encoded, validate=True)
        else:
            given = binascii.unhexlify(encoded)
    except (binascii.Error, ValueError):
        given = b""
    return _same(given, digest) and bool(key)


def _same(given: bytes, expected: bytes) -> bool:
    """Constant time, and blind to the length too: both are hashed first."""
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(expected).digest())
