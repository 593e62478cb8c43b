"""Strict TLS: nothing is sent to a partner that cannot prove who it is, or that speaks an old version."""

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.errors import TransientError
from connector.http import HttpClient, new_session

TOKEN = "Bearer do-not-send-this"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    certificate: x509.Certificate

    @classmethod
    def made(cls) -> "Authority":
        """A new one."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        builder = _certificate(name, name, key, NOW - DAY, NOW + 365 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        return cls(key, name, builder.sign(key, hashes.SHA256()))

    def server_files(self, folder: Path, host: str, begins: datetime, ends: datetime) -> Path:
        """Certificate and key of a server, in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        is_address = host[0].isdigit()
        alternative = x509.IPAddress(ipaddress.ip_address(host)) if is_address else x509.DNSName(host)
        builder = _certificate(name, self.name, key, begins, ends)
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        path = folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        return path


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


@dataclass
class Partner:
    """A TLS server that keeps what it was sent."""

    port: int
    received: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def partner(context: ssl.SSLContext) -> Iterator[Partner]:
    """A server that answers every request with 200."""
    listener = socket.create_server(("127.0.0.1", 0))
    running = Partner(listener.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                plain, _address = listener.accept()
            except OSError:
                return
            with plain, contextlib.suppress(OSError):
                plain.settimeout(10)
                with context.wrap_socket(plain, server_side=True) as connection:
                    running.received.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield running
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.made()


@pytest.fixture
def client(authority: Authority, tmp_path: Path) -> HttpClient:
    """A client that trusts our authority and is otherwise the product's."""
    trusted = tmp_path / "authority.pem"
    trusted.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    session = new_session()
    session.verify = str(trusted)
    return HttpClient(
        "datev",
        connect_timeout=timedelta(seconds=5),
        call_deadline=timedelta(seconds=15),
        session=session,
    )


def _context(files: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files)
    return context


def _asked(client: HttpClient, port: int) -> int:
    return client.send("GET", f"https://127.0.0.1:{port}/", headers={"Authorization": TOKEN}).status


def test_a_server_with_a_certificate_of_a_trusted_authority_is_talked_to(
    client: HttpClient, authority: Authority, tmp_path: Path
) -> None:
    files = authority.server_files(tmp_path, "127.0.0.1", NOW - DAY, NOW + DAY)
    with partner(_context(files)) as running:
        assert 200 == _asked(client, running.port)
    assert TOKEN.encode() in running.received[0]


Certificate = Callable[[Authority, Path], Path]

WRONG: dict[str, Certificate] = {
    "of another host": lambda known, folder: known.server_files(
        folder, "partner.example", NOW - DAY, NOW + DAY
    ),
    "of another address": lambda known, folder: known.server_files(folder, "127.0.0.2", NOW - DAY, NOW + DAY),
    "expired": lambda known, folder: known.server_files(folder, "127.0.0.1", NOW - 9 * DAY, NOW - DAY),
    "not valid yet": lambda known, folder: known.server_files(folder, "127.0.0.1", NOW + DAY, NOW + 9 * DAY),
    "of an unknown authority": lambda _known, folder: Authority.made().server_files(
        folder, "127.0.0.1", NOW - DAY, NOW + DAY
    ),
}


@pytest.mark.parametrize("certificate", WRONG)
def test_a_server_with_a_wrong_certificate_is_sent_nothing(
    client: HttpClient, authority: Authority, tmp_path: Path, certificate: str
) -> None:
    context = _context(WRONG[certificate](authority, tmp_path))
    with partner(context) as running, pytest.raises(TransientError) as refused:
        _asked(client, running.port)
    assert "partner_unreachable" == refused.value.code
    assert [] == [content for content in running.received if content]


def test_the_product_s_own_session_trusts_no_authority_of_the_caller_s_environment(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = authority.server_files(tmp_path, "127.0.0.1", NOW - DAY, NOW + DAY)
    trusted = tmp_path / "authority.pem"
    trusted.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(trusted))
    own = HttpClient("datev", connect_timeout=timedelta(seconds=5), call_deadline=timedelta(seconds=15))
    with partner(_context(files)) as running, pytest.raises(TransientError):
        _asked(own, running.port)
    assert [] == [content for content in running.received if content]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_server_that_speaks_only_an_old_version_is_sent_nothing(
    client: HttpClient, authority: Authority, tmp_path: Path
) -> None:
    context = _context(authority.server_files(tmp_path, "127.0.0.1", NOW - DAY, NOW + DAY))
    # OpenSSL 3 keeps TLS 1.1 for servers that lower their security level by hand.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with partner(context) as running:
        assert "TLSv1.1" == _version_spoken(running.port), "the server does speak it"
        with pytest.raises(TransientError):
            _asked(client, running.port)
    assert [] == [content for content in running.received if content]


def _version_spoken(port: int) -> str | None:
    """What a client without scruples agrees on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain) as connection,
    ):
        return connection.version()
