"""The tenants of a crash world: each with a Pipedrive company and DATEV client of its own."""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.demo.browser import log_in
from connector.demo.patience import Patience
from connector.demo.sandbox import FIRST_COMPANY_ID, SandboxControl
from connector.pipeline.connecting import issue_ticket
from connector.pipeline.onboarding import apply_tenant, find_tenant, subscribe_webhook
from connector.pipeline.services import Services
from connector.tenants.config import DatevFormat
from connector.tenants.toml_file import read_tenant_file

TEMPLATE = Path(__file__).with_name("tenant.toml")

STATUS_FIELD = "DATEV-Status"

PLENTY = 1_000_000
"""Calls that a company may make: limits are another matrix's subject."""

_APPLY_TIMEOUT_S = 120
"""A command starts in a second, on a crowded machine in twenty."""

_APPLY = """
import os, pathlib, sys
from connector import settings
from connector.pipeline.onboarding import apply_tenant
from connector.pipeline.services import open_services
from connector.tenants.toml_file import read_tenant_file

services = open_services(settings.load())
apply_tenant(services, read_tenant_file(pathlib.Path(sys.argv[1]), os.environ), actor="older version")
"""

_ROADS: Mapping[DatevFormat, Mapping[str, str]] = {
    DatevFormat.EXTF: {
        "pipedrive": 'auth = "token"\napi_token = { env = "CRASH_API_TOKEN" }',
        "receiver": "",
        "numbers": 'source = "pattern"\npattern = "CM-{deal_id}"',
        "document_type": 'document_type = "Rechnungsausgang"',
    },
    DatevFormat.DXSO: {
        "pipedrive": 'auth = "oauth"\nwebhook_version = "1.0"',
        "receiver": '[receiver.hmac]\nkey = { env = "CRASH_SIGNATURE_KEY" }\nheader = "X-Signature"\n'
        'encoding = "base64"\nprefix = "sha256="',
        "numbers": 'source = "sequence"\npattern = "CM{year}-{next:06d}"',
        "document_type": "",
    },
}
"""Both ways of everything a tenant can choose: login, hook version, proof of origin, numbers."""


@dataclass(frozen=True, slots=True)
class Member:
    """One tenant."""

    format: DatevFormat
    number: int
    """Of its DATEV client, one for each tenant."""

    @property
    def key(self) -> str:
        """Its key, and the name of its Pipedrive company."""
        return f"crash-{self.format.value}-{self.number}"


def members(of_each: int) -> tuple[Member, ...]:
    """So many tenants of both roads."""
    return tuple(
        Member(fmt, 10 * position + number)
        for position, fmt in enumerate(DatevFormat, start=1)
        for number in range(of_each)
    )


def connect(
    services: Services,
    control: SandboxControl,
    wanted: tuple[Member, ...],
    folder: Path,
    values: Mapping[str, str],
    *,
    older: Path | None = None,
) -> None:
    """Both partners know the tenant, both logins are made, the hook is subscribed.

    :param older: an older version that shares the work. A deploy finds tenants that were set up
        before it: what the older version cannot have stored, it need not read.
    """
    for member in wanted:
        _connect_one(services, control, member, folder, values, older)


def log_in_at_datev(services: Services, member: Member, client_id: str) -> None:
    """What a person does when asked to connect (again)."""
    person = {"decision": "approve", "user": "sandbox-anna", "client": client_id}
    Patience(lambda: False).call(lambda: log_in(issue_ticket(services, member.key, "datev"), choices=person))


def _connect_one(
    services: Services,
    control: SandboxControl,
    member: Member,
    folder: Path,
    values: Mapping[str, str],
    older: Path | None,
) -> None:
    path = folder / f"{member.key}.toml"
    path.write_text(_filled(member), "utf-8")
    tokens = {"CRASH_API_TOKEN": secrets.token_hex(20), "CRASH_SIGNATURE_KEY": secrets.token_urlsafe(24)}
    file = read_tenant_file(path, {**values, **tokens})
    config, signing = file.config, file.config.receiver.hmac
    control.set_up_tenant(
        config, api_token=tokens["CRASH_API_TOKEN"], signature_key=tokens["CRASH_SIGNATURE_KEY"]
    )
    control.post(
        "pipedrive/accounts",
        {
            "company_domain": member.key,
            "company_id": FIRST_COMPANY_ID + member.number,
            "name": config.name,
            "api_token": tokens["CRASH_API_TOKEN"],
            "burst": {"api": PLENTY, "oauth": PLENTY},
            "daily_budget": PLENTY,
            "webhook_signing": {
                "header": signing.header,
                "encoding": signing.encoding,
                "prefix": signing.prefix,
                "key": tokens["CRASH_SIGNATURE_KEY"],
            }
            if signing
            else None,
        },
    )
    control.post(
        f"pipedrive/accounts/{member.key}/seed",
        {"deal_fields": [{"field_name": STATUS_FIELD, "field_type": "varchar"}]},
    )
    patience = Patience(lambda: False)
    if older is None:
        tenant = patience.call(lambda: apply_tenant(services, file, actor="crash matrix").tenant)
    else:
        _apply_as(older, path, {**values, **tokens})
        tenant = find_tenant(services, member.key)
    if member.format is DatevFormat.DXSO:
        company = {"decision": "approve", "user": f"{member.key}/"}
        patience.call(lambda: log_in(issue_ticket(services, member.key, "pipedrive"), choices=company))
    log_in_at_datev(services, member, config.datev.client_id)
    patience.call(lambda: subscribe_webhook(services, tenant))


def _apply_as(older: Path, path: Path, values: Mapping[str, str]) -> None:
    """What the older version's own command does, which itself refuses newer tables."""
    subprocess.run(
        [sys.executable, "-c", _APPLY, str(path)],
        cwd=older,
        env={**os.environ, **values, "PYTHONPATH": str(older)},
        check=True,
        timeout=_APPLY_TIMEOUT_S,
        stdout=subprocess.DEVNULL,
    )


def _filled(member: Member) -> str:
    text = TEMPLATE.read_text("utf-8")
    given = {
        "key": member.key,
        "client": str(member.number),
        "format": member.format.value,
        **_ROADS[member.format],
    }
    for name, value in given.items():
        text = text.replace("{" + name + "}", value)
    return text
