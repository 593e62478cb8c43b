"""The way out to the partners, against servers on this machine that misbehave on purpose."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from cryptography.x509.oid import NameOID

from connector import http
from connector.errors import AmbiguousError, ConnectorError, PartnerRefusedError, TransientError
from connector.http import HttpClient, StepBudget
from connector.http_record import CallRecord

Behaviour = Callable[[socket.socket, int], None]
"""What a server does with a connection; the number counts connections from 1."""

DEADLINE = timedelta(seconds=0.4)
IN_TIME = 1.2
"""Seconds: far beyond the deadline for a slow machine, far below what the servers below would take."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Server:
    """Listens on a free port and lets a behaviour deal with each connection, one after the other."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self._behaviour = behaviour
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/path"

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._thread.join(10)
        self._listening.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            connection, _address = self._listening.accept()
            with connection:
                if self._closing:
                    return
                self.connections += 1
                connection.settimeout(8)
                with contextlib.suppress(OSError):
                    self._behaviour(connection, self.connections)


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], Server]]:
    servers: list[Server] = []

    def start(behaviour: Behaviour) -> Server:
        servers.append(Server(behaviour))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def client() -> HttpClient:
    return new_client()


def new_client(
    deadline: timedelta = DEADLINE, *, connect: float = 0.3, budget: StepBudget | None = None
) -> HttpClient:
    return HttpClient(
        "Partner", connect_timeout=timedelta(seconds=connect), call_deadline=deadline, budget=budget
    )


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    return data


def answering(*answers: bytes) -> Behaviour:
    """Answer the n-th connection with the n-th answer, then with the last one."""

    def behave(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(answers[min(number, len(answers)) - 1])

    return behave


def drip(start: bytes, pause: float = 0.05) -> Behaviour:
    """Send a beginning and then a byte now and then: no single read ever times out."""

    def behave(connection: socket.socket, _number: int) -> None:
        read_request(connection)
        connection.sendall(start)
        for _ in range(150):
            connection.sendall(b"x")
            time.sleep(pause)

    return behave


DRIPS = {
    "in the body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    "in a body of unknown length": b"HTTP/1.1 200 OK\r\n\r\n",
    "in the headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "in the status line": b"HTTP/1.1 200 ",
}


def timed(call: Callable[[], object], error: type[ConnectorError]) -> tuple[ConnectorError, float]:
    started = time.monotonic()
    with pytest.raises(error) as caught:
        call()
    return caught.value, time.monotonic() - started


@pytest.mark.parametrize("start", DRIPS.values(), ids=DRIPS.keys())
def test_a_slow_drip_ends_at_the_deadline_and_leaves_no_time_for_a_second_try(
    serve: Callable[[Behaviour], Server], client: HttpClient, start: bytes
) -> None:
    server = serve(drip(start))

    error, took = timed(lambda: client.send("GET", server.url, safe=True), TransientError)

    assert str(error) == "Partner did not answer in time."
    assert 0.3 < took < IN_TIME
    assert server.connections == 1


def test_a_slow_drip_on_an_unsafe_call_leaves_doubt(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    server = serve(drip(DRIPS["in the body"]))

    error, took = timed(lambda: client.send("POST", server.url, data=b"x"), AmbiguousError)

    assert str(error) == "Partner did not answer in time; whether it took the request is not known."
    assert took < IN_TIME
    assert server.connections == 1


def test_a_dripping_tls_handshake_ends_with_the_time_to_connect(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    def behave(connection: socket.socket, _number: int) -> None:
        connection.recv(65536)
        connection.sendall(b"\x16\x03\x03\x3f\xff")  # a handshake record of 16,383 bytes follows …
        for _ in range(150):
            connection.sendall(b"\x02")  # … one at a time
            time.sleep(0.05)

    server = serve(behave)

    url = server.url.replace("http:", "https:")
    error, took = timed(lambda: client.send("POST", url, data=b"x"), TransientError)

    assert error.code == "partner_unreachable"
    assert took < IN_TIME


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(signed.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate_file, key_file


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS, and the certificate that a client has to trust for it."""
    certificate_file, key_file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context, certificate_file


def over_tls(context: ssl.SSLContext, behaviour: Behaviour) -> Behaviour:
    def behave(connection: socket.socket, number: int) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            behaviour(encrypted, number)

    return behave


@pytest.mark.parametrize("start", DRIPS.values(), ids=DRIPS.keys())
def test_a_slow_drip_over_tls_ends_at_the_deadline(
    serve: Callable[[Behaviour], Server], tls: tuple[ssl.SSLContext, Path], start: bytes
) -> None:
    context, trusted = tls
    server = serve(over_tls(context, drip(start)))
    session = http.new_session()
    session.verify = str(trusted)
    client = HttpClient("Partner", connect_timeout=DEADLINE, call_deadline=DEADLINE, session=session)

    url = server.url.replace("http:", "https:")
    error, took = timed(lambda: client.send("POST", url), AmbiguousError)

    assert str(error).startswith("Partner did not answer in time")
    assert took < IN_TIME


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    serve: Callable[[Behaviour], Server], client: HttpClient, tls: tuple[ssl.SSLContext, Path]
) -> None:
    seen: list[bytes] = []
    server = serve(over_tls(tls[0], lambda connection, _number: seen.append(read_request(connection))))

    with pytest.raises(TransientError) as caught:
        client.send("POST", server.url.replace("http:", "https:"), headers={"Authorization": "Bearer t"})

    assert caught.value.code == "partner_unreachable"
    assert seen == []


def test_a_large_upload_may_take_longer_than_the_time_to_connect(
    serve: Callable[[Behaviour], Server],
) -> None:
    body = b"x" * 8_000_000

    def behave(connection: socket.socket, _number: int) -> None:
        _head, _, rest = read_request(connection).partition(b"\r\n\r\n")
        received = len(rest)
        time.sleep(0.8)  # the line is slow
        while received < len(body):
            received += len(connection.recv(1_000_000))
        connection.sendall(OK)

    server = serve(behave)

    answer = new_client(timedelta(seconds=8), connect=0.3).send("PUT", server.url, data=body, safe=True)

    assert answer.status == 200
    assert server.connections == 1


def test_a_partner_that_is_not_there_leaves_no_doubt_even_on_an_unsafe_call(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]

    with pytest.raises(TransientError) as caught:
        client.send("POST", f"http://127.0.0.1:{port}/", data=b"x")

    assert caught.value.code == "partner_unreachable"


def test_a_safe_call_is_repeated_once_at_once(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    server = serve(answering(b"", OK))

    answer = client.send("GET", server.url, safe=True)

    assert (answer.status, answer.json(), server.connections) == (200, {}, 2)


def test_a_safe_call_that_fails_twice_is_left_to_the_pipeline(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    server = serve(answering(b""))

    with pytest.raises(TransientError) as caught:
        client.send("GET", server.url, safe=True)

    assert (caught.value.code, server.connections) == ("partner_unavailable", 2)


def test_an_unsafe_call_that_breaks_is_never_repeated(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    server = serve(answering(b""))

    with pytest.raises(AmbiguousError, match="broke the connection off"):
        client.send("POST", server.url, data=b"x")
    assert server.connections == 1


def test_an_answer_that_is_cut_short_is_no_answer(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    server = serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"))

    with pytest.raises(AmbiguousError):
        client.send("POST", server.url)


def test_an_answer_beyond_all_sizes_is_not_read_to_its_end(
    serve: Callable[[Behaviour], Server], client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1024 * 1024)
    size = 2 * 1024 * 1024
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    server = serve(answering(head + b"x" * size))

    with pytest.raises(AmbiguousError, match="sent an answer of more than 1 MB"):
        client.send("POST", server.url)


def test_a_file_may_be_larger_than_every_other_answer(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    size = http.MAX_ANSWER_BYTES + 1
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    server = serve(answering(head + b"x" * size))

    assert size == len(client.download(server.url).body)
    with pytest.raises(TransientError, match="more than 5 MB"):
        client.send("GET", server.url, safe=True)


def test_what_is_left_of_the_step_bounds_the_call(serve: Callable[[Behaviour], Server]) -> None:
    server = serve(drip(DRIPS["in the body"]))
    client = new_client(timedelta(seconds=30), budget=StepBudget(timedelta(seconds=0.3)))

    _error, took = timed(lambda: client.send("GET", server.url, safe=True), TransientError)

    assert took < IN_TIME
    error, _took = timed(lambda: client.send("GET", server.url, safe=True), TransientError)
    assert error.code == "step_budget_used_up"


def test_a_redirect_is_an_answer_like_any_other(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    server = serve(answering(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"))

    assert client.send("GET", server.url, headers={"Authorization": "Bearer t"}, safe=True).status == 302
    assert server.connections == 1


def test_a_download_follows_to_the_storage_without_the_token(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    seen: list[bytes] = []

    def storage(connection: socket.socket, _number: int) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    target = serve(storage)
    server = serve(
        answering(f"HTTP/1.1 302 Found\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode())
    )

    answer = client.download(server.url, headers={"Authorization": "Bearer t"})

    assert answer.body == b"{}"
    assert b"authorization" not in seen[0].lower()


def test_a_download_that_goes_in_circles_is_refused(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    server = serve(
        answering(b"HTTP/1.1 302 Found\r\nLocation: /path\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    )

    with pytest.raises(PartnerRefusedError, match="more than 3 times"):
        client.download(server.url)
    assert server.connections == 4


def test_no_cookie_passes_from_one_call_to_the_next(
    serve: Callable[[Behaviour], Server], client: HttpClient
) -> None:
    seen: list[bytes] = []

    def behave(connection: socket.socket, _number: int) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: tenant=one; Path=/\r\n\r\n"))

    server = serve(behave)

    client.send("GET", server.url, safe=True)
    client.send("GET", server.url, safe=True)

    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


def test_proxies_and_netrc_of_the_environment_are_ignored(
    serve: Callable[[Behaviour], Server], client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = serve(answering(OK))

    assert client.send("GET", server.url, safe=True).status == 200


def test_the_log_tells_the_path_but_neither_query_nor_headers(
    serve: Callable[[Behaviour], Server], client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answering(OK))
    # A logger that was used before keeps the configuration of that time; a new one can be captured.
    monkeypatch.setattr("connector.http.log", structlog.stdlib.get_logger())

    with structlog.testing.capture_logs() as lines:
        client.send(
            "GET",
            f"{server.url}?code=c0de",
            params={"token": "t0ken"},
            headers={"Authorization": "Bearer s3cret"},
            safe=True,
        )

    (line,) = lines
    assert line["event"] == "partner_call"
    assert (line["partner"], line["method"], line["path"], line["status"]) == ("Partner", "GET", "/path", 200)
    assert not {word for word in ("c0de", "t0ken", "s3cret") if word in str(line)}


def test_calls_in_several_threads_have_deadlines_of_their_own(
    serve: Callable[[Behaviour], Server],
) -> None:
    """The session is shared; one call's end must not cut another one's connection."""
    slow, quick = serve(drip(DRIPS["in the body"])), serve(answering(OK))
    client = new_client()
    failed: list[ConnectorError] = []

    def wait_in_vain() -> None:
        try:
            client.send("POST", slow.url, data=b"x")
        except ConnectorError as e:
            failed.append(e)

    thread = threading.Thread(target=wait_in_vain)
    thread.start()
    statuses = set()
    while thread.is_alive():
        statuses.add(client.send("GET", quick.url, safe=True).status)
    thread.join()

    assert statuses == {200}
    assert [type(error) for error in failed] == [AmbiguousError]


def recording() -> tuple[HttpClient, list[CallRecord]]:
    kept: list[CallRecord] = []
    client = HttpClient(
        "Partner",
        connect_timeout=timedelta(seconds=0.3),
        call_deadline=DEADLINE,
        recorder=kept.append,
    )
    return client, kept


def test_a_refused_call_is_recorded_with_its_ids_and_body_and_without_the_token(
    serve: Callable[[Behaviour], Server],
) -> None:
    refusal = b"HTTP/1.1 400 Bad\r\nX-Global-Transaction-ID: g-1\r\nContent-Length: 5\r\n\r\nwrong"
    server = serve(answering(refusal))
    client, kept = recording()

    client.send(
        "POST", f"{server.url}?term=Erika", headers={"Authorization": "Bearer secret"}, data=b"12345678"
    )

    (record,) = kept
    assert (400, "", {"X-Global-Transaction-ID": "g-1"}) == (
        record.status,
        record.failure,
        record.request_ids,
    )
    assert ("POST", f"{server.url}?term=***") == (record.method, record.url)
    assert (8, 5, b"wrong") == (record.sent_bytes, record.received_bytes, record.error_body)
    assert "secret" not in repr(record)


def test_a_good_answer_is_recorded_without_its_body(serve: Callable[[Behaviour], Server]) -> None:
    server = serve(answering(OK))
    client, kept = recording()

    client.send("GET", server.url, safe=True)

    assert [(200, 2, b"")] == [(record.status, record.received_bytes, record.error_body) for record in kept]


def test_every_try_of_a_call_that_breaks_is_recorded_with_its_kind(
    serve: Callable[[Behaviour], Server],
) -> None:
    server = serve(drip(OK[:40]))
    client, kept = recording()

    with pytest.raises(AmbiguousError):
        client.send("POST", server.url)

    assert [(None, "deadline")] == [(record.status, record.failure) for record in kept]
