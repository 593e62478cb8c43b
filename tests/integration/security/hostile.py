"""Hostile requests, written byte by byte: no client library would send them."""

import base64
import random
import re
import socket
from collections.abc import Sequence

ANSWER_DEADLINE_S = 20.0
MOST_ANSWER_BYTES = 200_000

METHODS = (
    "GET",
    "POST",
    "POST",
    "POST",
    "PUT",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "BREW",
    "P\0ST",
    "A" * 300,
)
PATHS = (
    *("/webhooks/pipedrive/acme",) * 6,
    "/webhooks/pipedrive/nobody",
    "/webhooks/pipedrive/../../etc/passwd",
    "/webhooks/pipedrive/a%00b",
    "/webhooks/pipedrive/%F0%28%8C",
    "/webhooks//pipedrive//acme",
    "/webhooks/pipedrive/" + "a" * 5000,
    "//evil.example/",
    "/\\evil.example",
    "http://evil.example/",
    "*",
    "/static/%2e%2e/app.py",
    "/static/..%5capp.py",
    "/static//etc/passwd",
    "/connect/datev?ticket=%00",
    "/connect/datev?ticket=" + "x" * 7000,
    "/connect/datev/client",
    "/oauth/datev/callback?state=%ff&code=%00",
    "/metrics",
    "/desk/login",
    "/desk/login?next=//evil.example&lang=%00",
    "/desk/t/acme/deals/99999999999999999999999",
    "/desk/t/%00/",
    "/desk/login?next=http://%5B&lang=" + "9" * 5000,
    "/desk/t/acme/deals?before=" + "1" * 5000,
    "/desk/t/acme/deals?after=" + "1" * 5000,
    "/desk/account/language",
    "/desk/password/new?link=%ff",
    "/",
    "/?x=%",
    "/%0d%0aSet-Cookie:a=b",
    "/\xff\xfe",
)
BODIES = (
    b"",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\xff\xfe\x00",
    b"\x00" * 1000,
    b'{"meta":' + b"1" * 5000 + b"}",
    b'{"a":1e999999}',
    '{"a":"é"}'.encode("utf-16"),
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--",
    b'{"meta":{"entity":"deal","object":"deal","action":"change","entity_id":"999"}}',
    b"NaN",
    b"csrf_token=%ff&login=%00&password=&next=http://%5B",
    b"x" * 1_200_000,
)
HOSTS = ("127.0.0.1", "evil.example", "127.0.0.1:99999", "[::1", "'\"<script>", "x" * 300, "a\0b", "", "ä")
VERSIONS = (*("HTTP/1.1",) * 12, "HTTP/1.0", "HTTP/2.0", "HTTP/9", "")


def _lengths(size: int) -> tuple[tuple[str, ...], ...]:
    """Ways to announce a body, most of them lies."""
    return (
        *((f"Content-Length: {size}",),) * 6,
        (f"Content-Length: {size + 50}",),
        (f"Content-Length: {max(0, size - 3)}",),
        (f"Content-Length: {size}", f"Content-Length: {size + 1}"),
        ("Content-Length: -5",),
        ("Content-Length: " + "9" * 30,),
        (f"Content-Length: {size}", "Transfer-Encoding: chunked"),
        (),
    )


EXTRAS = (
    "X-Big: " + "A" * 100_000,
    "\r\n".join(f"X-{number}: v" for number in range(100)),
    "Authorization: Basic",
    "Authorization: Basic %%%",
    "Authorization: Basic " + base64.b64encode(b"\xff\xfe:\x00").decode(),
    "Authorization: Basic " + base64.b64encode(b"pipedrive:").decode(),
    "Authorization: Digest a=b",
    "X-Pipedrive-Signature: sha256=" + "0" * 64,
    "X-Pipedrive-Signature: \xff\xff",
    "Content-Type: text/plain; charset=klingon",
    "Content-Type: multipart/form-data",
    "Content-Encoding: gzip",
    "Expect: nonsense",
    "Cookie: mlc_choice=\xff",
    "Cookie: mlc_desk=\xff; mlc_desk_visit=\xff",
    "Origin: http://[",
    "Origin: //[",
    "Origin: null",
    "Origin: http://\xff\xfe:99999999",
    "Referer: http://[",
    "Sec-Fetch-Site: \xff",
    "Accept-Language: de;q=" + "9" * 5000,
    "Accept-Language: \xff;q=-1,*;q=[",
    "Cookie: " + "a=b;" * 1000,
    "Accept: text/html;q=9999999999",
    "X-Forwarded-For: 127.0.0.1",
    "Bad Header: v",
    "Range: bytes=999999999-",
    "If-Modified-Since: \xffgarbage",
)


SMUGGLED = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
"""A second request, hidden where a careless reader would see the end of the first one."""

_SMUGGLING = (
    (("Content-Length: 4", "Transfer-Encoding: chunked"), b"0\r\n\r\n" + SMUGGLED),
    (("Transfer-Encoding: chunked", "Content-Length: 4"), b"29\r\n" + SMUGGLED + b"\r\n0\r\n\r\n"),
    (("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), b"0\r\n\r\n" + SMUGGLED),
    (("Transfer-Encoding: xchunked", "Content-Length: 0"), b"0\r\n\r\n" + SMUGGLED),
    (("Transfer-Encoding : chunked",), b"0\r\n\r\n" + SMUGGLED),
    (("Transfer-Encoding:\x0bchunked",), b"0\r\n\r\n" + SMUGGLED),
    (("X: a\n Transfer-Encoding: chunked",), b"0\r\n\r\n" + SMUGGLED),
    (("Content-Length: 0\rX: b",), SMUGGLED),
    (("Content-Length: +0",), SMUGGLED),
    (("Content-Length: 0, 41",), SMUGGLED),
    (("Content-Length: 0x29",), SMUGGLED),
    (("Transfer-Encoding: chunked",), b"5;ext=\n\nGET\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
    (("Transfer-Encoding: chunked",), b"-1\r\n\r\n" + SMUGGLED),
    (("Transfer-Encoding: chunked",), b"FFFFFFFFFFFFFFFF1\r\n" + b"x" * 100),
    (("Transfer-Encoding: chunked",), b"1" * 5000),
    (("Transfer-Encoding: chunked",), b"0\r\nX-Trailer: " + b"x" * 20_000 + b"\r\n\r\n"),
    (("Transfer-Encoding: chunked",), b"1\r\nx\r\n" * 3000),
    (("Transfer-Encoding: gzip, chunked",), b"0\r\n\r\n"),
    (("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"), b""),
    (("Upgrade: websocket", "Connection: Upgrade"), b"\x00\xff"),
    (("Expect: 100-continue", "Content-Length: 10"), b""),
)
"""Headers and what follows them, on which two servers in a row could disagree."""

_NO_HTTP = (
    b"",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"*1\r\n$8\r\nFLUSHALL\r\n",
    b"\r\n" * 500,
    b"GET / HTTP/1.1",
    b"GET\t/\tHTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"GET / HTTP/1.1\r\n" + b"A" * 200_000,
    b"G" * 200_000,
    bytes(range(256)) * 20,
)
"""What other programs say when they knock at this door."""


def request(rng: random.Random) -> bytes:
    """One request that nobody decent would send."""
    kind = rng.random()
    if kind < 0.05:
        return rng.choice(_NO_HTTP)
    if kind < 0.15:
        headers, body = rng.choice(_SMUGGLING)
        path = rng.choice(PATHS)
        return raw([f"POST {path} HTTP/1.1", "Host: a", *headers], body)
    content = _mangled(rng)
    if kind < 0.25:
        # Cut off, or one byte changed: the connection of a bad line, or of a curious person.
        place = rng.randrange(len(content))
        return content[:place] if kind < 0.2 else content[:place] + rng.randbytes(1) + content[place + 1 :]
    return content


def _mangled(rng: random.Random) -> bytes:
    method, path, version = rng.choice(METHODS), rng.choice(PATHS), rng.choice(VERSIONS)
    body = rng.choice(BODIES)
    if len(body) > 1_000_000 and rng.random() < 0.8:
        body = b""
    lines = [
        f"{method} {path} {version}",
        f"Host: {rng.choice(HOSTS)}",
        *rng.choice(_lengths(len(body))),
        *rng.sample(EXTRAS, rng.randrange(4)),
        "Connection: close",
    ]
    return raw(lines, body)


def raw(lines: Sequence[str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body


def send(port: int, content: bytes) -> bytes:
    """Send it and read the answer; empty where the connection just ends."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_DEADLINE_S) as connection:
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            while len(answer) < MOST_ANSWER_BYTES and (part := connection.recv(65536)):
                answer += part
        except TimeoutError:
            raise
        except OSError:  # refused in the middle: what was answered until then counts
            return answer
    return answer


def status(answer: bytes) -> int:
    """The status of an answer; 0 where there is none.

    Of several, to requests hidden in one another, the highest: that is the one that must not be a 5xx.
    """
    return max((int(code) for code in _STATUS_LINE.findall(answer)), default=0)


_STATUS_LINE = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.MULTILINE)
