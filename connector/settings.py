"""Everything an operator sets by environment variable, read once, checked whole.

``config/env.example`` and the README's table list the same names; a test compares them.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connector.errors import Problem, SettingsError

PRODUCTION = "production"
SANDBOX = "sandbox"

HIGHEST_PORT = 65_535
"""Of TCP."""

DATEV_DEFAULT_BASE_URLS: Mapping[str, Mapping[str, str]] = {
    PRODUCTION: {
        "login": "https://login.datev.de/openid",
        "token": "https://api.datev.de",
        "clients": "https://accounting-clients.api.datev.de/platform/v2",
        "documents": "https://accounting-documents.api.datev.de/platform/v2",
        "extf": "https://accounting-extf-files.api.datev.de/platform/v3",
        "dxso": "https://accounting-dxso-jobs.api.datev.de/platform/v2",
    },
    SANDBOX: {
        "login": "https://login.datev.de/openidsandbox",
        "token": "https://sandbox-api.datev.de",
        "clients": "https://accounting-clients.api.datev.de/platform-sandbox/v2",
        "documents": "https://accounting-documents.api.datev.de/platform-sandbox/v2",
        "extf": "https://accounting-extf-files.api.datev.de/platform-sandbox/v3",
        "dxso": "https://accounting-dxso-jobs.api.datev.de/platform-sandbox/v2",
    },
}
"""Source: ``servers`` of DATEV's API descriptions; the sandbox says ``platform-sandbox`` for ``platform``."""


@dataclass(frozen=True, slots=True)
class DatevSettings:
    """How to reach DATEV and as which app."""

    environment: str
    login_base_url: str
    token_base_url: str
    clients_base_url: str
    documents_base_url: str
    extf_base_url: str
    dxso_base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    client_auth: str
    """``none``: public client, only the client id is sent; ``basic``: HTTP Basic with the secret."""
    xsd_dir: Path | None
    """Folder with DATEV's schemas; where set, every DXSO package is also checked against them."""


@dataclass(frozen=True, slots=True)
class PipedriveSettings:
    """How to reach Pipedrive and as which app."""

    api_base_url: str
    """Empty: the OAuth answer's ``api_domain``, else the token's company domain."""
    oauth_base_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class VatRegistrySettings:
    """How to reach the registries of VAT ids."""

    vies_base_url: str
    bzst_base_url: str


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long things are kept; never shorter than the law says, or than DATEV asks for."""

    voucher_years: int = 8
    """Booking vouchers, §147 (3) AO as amended by BEG IV with effect from 2025."""
    book_years: int = 10
    """Books, journals and what explains them, §147 (3) AO."""
    letter_years: int = 6
    """Other documents that matter for taxation, §147 (3) AO."""
    http_log_days: int = 30
    """Calls to partners; DATEV asks for 14 days."""
    inbox_days: int = 90
    """Deliveries: as long as anybody asks why a deal was or was not taken in."""
    unbooked_days: int = 365
    """Copies of deals that were left alone or cancelled and never got a document."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole environment of one process."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    var_dir: Path
    public_url: str
    """The address under which browsers and partners reach ``web``; redirect URIs are built on it."""
    encryption_keys: str = field(repr=False)
    key_file: Path
    time_scale: float
    log_level: str
    log_format: str
    datev: DatevSettings
    pipedrive: PipedriveSettings
    vat_registries: VatRegistrySettings
    chains_per_tenant: int = 4
    """Chains of one tenant and lane under way at once: as many as there are worker processes for intake and
    DATEV together keep them all busy. More only lets other tenants' deals wait longer behind them."""
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    metrics_token: str = field(default="", repr=False)
    """Bearer token for ``/metrics``; empty: it answers this machine only."""
    trusted_proxies: int = 0
    """Reverse proxies of ours before ``web``; the last that many addresses in X-Forwarded-For are believed.
    The limit on attempts to log in needs to know the browser's address."""

    @property
    def datev_redirect_uri(self) -> str:
        """Must be registered with DATEV letter by letter."""
        return f"{self.public_url}/oauth/datev/callback"

    @property
    def pipedrive_redirect_uri(self) -> str:
        """Must be registered with Pipedrive letter by letter."""
        return f"{self.public_url}/oauth/pipedrive/callback"


class _Reader:
    """Reads variables and collects every problem instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            self.refuse(name, f"{name} is {value!r}.", f"Use one of: {', '.join(choices)}.")
            return default
        return value

    def url(self, name: str, default: str = "") -> str:
        value = self.text(name, default).rstrip("/")
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc):
            self.refuse(
                name, f"{name} is not a http(s) address: {value!r}.", "Write it as https://host/path."
            )
        return value

    def parsed(self, name: str, default: str, parse: Callable[[str], Any], wanted: str) -> Any:
        try:
            return parse(self.text(name, default))
        except ValueError:
            self.refuse(name, f"{name} is not {wanted}: {self.text(name)!r}.", f"Set it to {wanted}.")
            return parse(default)

    def folder(self, name: str, made_for: str = "") -> Path | None:
        """An existing folder, or with ``made_for`` one that is made now; None where it is not set."""
        value = self.text(name)
        if not value:
            return None
        path = Path(value).absolute()
        if made_for:
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                self.refuse(
                    name,
                    f"{name} is {value!r}, and that folder cannot be made: {error.strerror}.",
                    f"Set it to a folder {made_for}.",
                )
        elif not path.is_dir():
            self.refuse(
                name, f"{name} is no folder: {value!r}.", "Set it to an existing folder, or unset it."
            )
        return path

    def redis(self, name: str) -> str:
        """The broker's address; not shown in the refusal, because it may hold the password."""
        value = self.text(name)
        if value and not _is_redis(value):
            self.refuse(
                name,
                f"{name} is not the address of a Redis.",
                "Write it as redis://:password@host:6379/0 (rediss:// with TLS), or unset it.",
            )
        return value

    def refuse(self, name: str, message: str, cure: str) -> None:
        """Note a problem; all of them are told at the end."""
        self.problems.append(Problem("setting_invalid", message, name, cure))


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError(text)
    return value


def _is_redis(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _count(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise ValueError(text)
        return value

    return parse


def _port(text: str) -> int:
    value = int(text)
    if not 1 <= value <= HIGHEST_PORT:
        raise ValueError(text)
    return value


def _bind(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        raise ValueError(text)
    return host, _port(port)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment.

    :raises SettingsError: with every wrong variable at once.
    """
    read = _Reader(os.environ if environ is None else environ)
    var_dir = read.folder("MLC_VAR_DIR", made_for="that this user may write to") or Path("var").absolute()
    _check_server_settings(read)
    settings = Settings(
        database_url=read.text("DATABASE_URL"),
        redis_url=read.redis("REDIS_URL"),
        var_dir=var_dir,
        public_url=read.url("MLC_PUBLIC_URL", "http://127.0.0.1:8000"),
        encryption_keys=read.text("MLC_ENCRYPTION_KEYS"),
        key_file=Path(read.text("MLC_KEY_FILE", str(var_dir / "keys"))).absolute(),
        time_scale=read.parsed("MLC_TIME_SCALE", "1", _positive, "a number above 0 and at most 1"),
        log_level=read.choice("MLC_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format=read.choice("MLC_LOG_FORMAT", "json", ("json", "text")),
        datev=_datev(read),
        pipedrive=PipedriveSettings(
            api_base_url=read.url("PIPEDRIVE_API_BASE_URL"),
            oauth_base_url=read.url("PIPEDRIVE_OAUTH_BASE_URL", "https://oauth.pipedrive.com"),
            client_id=read.text("PIPEDRIVE_CLIENT_ID"),
            client_secret=read.text("PIPEDRIVE_CLIENT_SECRET"),
        ),
        vat_registries=VatRegistrySettings(
            vies_base_url=read.url(
                "VAT_VIES_BASE_URL", "https://ec.europa.eu/taxation_customs/vies/rest-api"
            ),
            bzst_base_url=read.url("VAT_BZST_BASE_URL", "https://api.evatr.vies.bzst.de/app/v1"),
        ),
        chains_per_tenant=read.parsed(
            "MLC_CHAINS_PER_TENANT", "4", _count(1), "a whole number of at least 1"
        ),
        retention=_retention(read),
        metrics_token=read.text("MLC_METRICS_TOKEN"),
        trusted_proxies=read.parsed("MLC_TRUSTED_PROXIES", "0", _count(0), "a whole number of at least 0"),
    )
    if read.problems:
        raise SettingsError(read.problems)
    return settings


def _check_server_settings(read: _Reader) -> None:
    """What only gunicorn, Flower and the data files read: a mistake must show before anything starts."""
    read.parsed("MLC_WEB_BIND", "127.0.0.1:8000", _bind, "an address and a port such as 127.0.0.1:8000")
    read.parsed("FLOWER_PORT", "5555", _port, f"a port between 1 and {HIGHEST_PORT}")
    read.parsed("WEB_CONCURRENCY", "2", _count(1), "a whole number of at least 1")
    read.parsed("MLC_WEB_THREADS", "4", _count(1), "a whole number of at least 1")
    read.parsed("MLC_WEB_MAX_REQUESTS", "20000", _count(0), "a whole number of at least 0")
    read.folder("MLC_CONFIG_DIR")


def _retention(read: _Reader) -> RetentionSettings:
    """Each may be lengthened; below the least, a law or a partner's condition would be broken."""
    return RetentionSettings(
        voucher_years=read.parsed("MLC_KEEP_VOUCHERS_YEARS", "8", _count(8), "at least 8 (§147 AO)"),
        book_years=read.parsed("MLC_KEEP_BOOKS_YEARS", "10", _count(10), "at least 10 (§147 AO)"),
        letter_years=read.parsed("MLC_KEEP_LETTERS_YEARS", "6", _count(6), "at least 6 (§147 AO)"),
        http_log_days=read.parsed(
            "MLC_KEEP_HTTP_LOG_DAYS", "30", _count(14), "at least 14 (asked for by DATEV)"
        ),
        inbox_days=read.parsed("MLC_KEEP_INBOX_DAYS", "90", _count(30), "at least 30"),
        unbooked_days=read.parsed("MLC_KEEP_UNBOOKED_DAYS", "365", _count(30), "at least 30"),
    )


def _datev(read: _Reader) -> DatevSettings:
    environment = read.choice("DATEV_ENVIRONMENT", PRODUCTION, (PRODUCTION, SANDBOX))
    defaults = DATEV_DEFAULT_BASE_URLS[environment]
    client_secret = read.text("DATEV_CLIENT_SECRET")
    client_auth = read.choice("DATEV_CLIENT_AUTH", "none", ("none", "basic"))
    if client_auth == "basic" and not client_secret:
        read.refuse(
            "DATEV_CLIENT_SECRET",
            "DATEV_CLIENT_SECRET is not set, but DATEV_CLIENT_AUTH=basic needs it.",
            "Set it, or DATEV_CLIENT_AUTH=none for a public client.",
        )
    return DatevSettings(
        environment=environment,
        login_base_url=read.url("DATEV_LOGIN_BASE_URL", defaults["login"]),
        token_base_url=read.url("DATEV_TOKEN_BASE_URL", defaults["token"]),
        clients_base_url=read.url("DATEV_CLIENTS_BASE_URL", defaults["clients"]),
        documents_base_url=read.url("DATEV_DOCUMENTS_BASE_URL", defaults["documents"]),
        extf_base_url=read.url("DATEV_EXTF_BASE_URL", defaults["extf"]),
        dxso_base_url=read.url("DATEV_DXSO_BASE_URL", defaults["dxso"]),
        client_id=read.text("DATEV_CLIENT_ID"),
        client_secret=client_secret,
        client_auth=client_auth,
        xsd_dir=read.folder("DATEV_XSD_DIR"),
    )
