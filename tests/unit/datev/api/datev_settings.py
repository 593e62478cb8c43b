"""Settings of an app at DATEV for tests."""

from dataclasses import replace
from typing import Any

from connector.settings import DatevSettings

PUBLIC = DatevSettings(
    environment="sandbox",
    login_base_url="https://login.datev.example/openidsandbox",
    token_base_url="https://api.datev.example",
    clients_base_url="https://clients.datev.example/v2",
    documents_base_url="https://documents.datev.example/v2",
    extf_base_url="https://extf.datev.example/v3",
    dxso_base_url="https://dxso.datev.example/v2",
    client_id="app-4711",
    client_secret="app-secret",
    client_auth="none",
    xsd_dir=None,
)


def confidential(**changes: Any) -> DatevSettings:
    """The same app as a confidential client."""
    return replace(PUBLIC, client_auth="basic", **changes)
