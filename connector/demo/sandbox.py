"""The demo's hand on the sandbox: sets up both partners, seeds the deals, wins them."""

import base64
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from fpdf import FPDF

from connector.demo.patience import Patience
from connector.demo.scenario import SampleDeal, Scenario
from connector.errors import PermanentError
from connector.http import HttpClient
from connector.tenants.config import DatevFormat, PipedriveAuth, TenantConfig

DATEV_APP = "demo-datev-app"
PIPEDRIVE_APP = "demo-pipedrive-app"

FIRST_COMPANY_ID = 7_000_000
"""The companies keep their numbers from demo to demo, as real ones do."""


class SandboxControl:
    """Calls the sandbox's control API, described in :mod:`webapp.sandbox`.

    Every operation used here may be done twice: a deal is won once, the rest overwrites itself.
    """

    def __init__(self, root: str, patience: Patience) -> None:
        self._root = root
        self._patience = patience
        self._http = HttpClient(
            "sandbox", connect_timeout=timedelta(seconds=5), call_deadline=timedelta(seconds=30)
        )

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Call one operation.

        :raises PermanentError: the sandbox refuses it, which is a mistake in the scenario.
        """
        answer = self._patience.call(
            lambda: self._http.send("POST", f"{self._root}/control/{path}", json=body, safe=True)
        )
        if answer.status >= 300:
            raise PermanentError(f"The sandbox refuses {path}: {answer.body.decode(errors='replace')}")
        return answer.json()

    def set_up_apps(self, *, public_url: str, pipedrive_secret: str) -> None:
        """Register our apps with both partners."""
        self.post(
            "datev/apps",
            {"client_id": DATEV_APP, "redirect_uris": [f"{public_url}/oauth/datev/callback"]},
        )
        self.post(
            "pipedrive/oauth-apps",
            {
                "client_id": PIPEDRIVE_APP,
                "client_secret": pipedrive_secret,
                "redirect_uri": f"{public_url}/oauth/pipedrive/callback",
            },
        )

    def set_up_tenant(self, config: TenantConfig, *, api_token: str, signature_key: str) -> None:
        """The tenant's Pipedrive company and DATEV client."""
        signing = config.receiver.hmac
        self.post(
            "pipedrive/accounts",
            {
                "company_domain": config.pipedrive.company_domain,
                "company_id": FIRST_COMPANY_ID + config.datev.client_number,
                "name": config.name,
                "api_token": api_token,
                "webhook_signing": {
                    "header": signing.header,
                    "encoding": signing.encoding,
                    "prefix": signing.prefix,
                    "key": signature_key,
                }
                if signing
                else None,
            },
        )
        self.post(
            "datev/clients",
            {
                "consultant_number": config.datev.consultant_number,
                "client_number": config.datev.client_number,
                "name": config.name,
                "account_length": config.terms.account_length,
            },
        )

    def seed(self, config: TenantConfig, scenario: Scenario) -> list[tuple[int, SampleDeal]]:
        """The tenant's fields, customers and open deals; gives the deals' ids.

        Ids grow with time, so that a database that knows an earlier demo takes these deals as new ones.
        """
        first_id = int(time.time()) % 1_000_000_000
        key = config.key
        customers = [customer for customer in scenario.customers if customer.tenant == key]
        deals = [deal for deal in scenario.deals if deal.tenant == key]
        ids = {customer.key: first_id + number for number, customer in enumerate(customers)}
        numbered = [(first_id + number, deal) for number, deal in enumerate(deals)]
        self.post(
            f"pipedrive/accounts/{config.pipedrive.company_domain}/seed",
            {
                "deal_fields": [
                    {"field_name": name, "field_type": kind}
                    for name, kind in (
                        (config.write_back.status_field, "varchar"),
                        (config.sale.fields.service_date, "date"),
                    )
                    if name
                ],
                "organization_fields": [{"field_name": scenario.vat_fields[key], "field_type": "varchar"}],
                "organizations": [
                    {
                        "id": ids[customer.key],
                        "name": customer.name,
                        "address": customer.address,
                        "custom_fields": {scenario.vat_fields[key]: customer.vat_id}
                        if customer.vat_id
                        else {},
                    }
                    for customer in customers
                ],
                "deals": [_seed_of(deal_id, deal, ids[deal.customer]) for deal_id, deal in numbered],
            },
        )
        return numbered

    def win(self, config: TenantConfig, deals: Sequence[tuple[int, SampleDeal]]) -> None:
        """Win the deals; the sandbox delivers the webhooks."""
        for deal_id, deal in deals:
            self.post(
                f"pipedrive/accounts/{config.pipedrive.company_domain}/deals/{deal_id}/win",
                {"won_time": deal.won_time} if deal.won_time else {},
            )


def environment(root: str, *, pipedrive_secret: str) -> dict[str, str]:
    """Where the product finds the sandbox."""
    return {
        "PIPEDRIVE_API_BASE_URL": f"{root}/pipedrive",
        "PIPEDRIVE_OAUTH_BASE_URL": f"{root}/pipedrive/oauth-host",
        "PIPEDRIVE_CLIENT_ID": PIPEDRIVE_APP,
        "PIPEDRIVE_CLIENT_SECRET": pipedrive_secret,
        "DATEV_ENVIRONMENT": "sandbox",
        "DATEV_LOGIN_BASE_URL": f"{root}/datev/openid",
        "DATEV_TOKEN_BASE_URL": f"{root}/datev/api",
        "DATEV_CLIENTS_BASE_URL": f"{root}/datev/accounting-clients/platform/v2",
        "DATEV_DOCUMENTS_BASE_URL": f"{root}/datev/accounting-documents/platform/v2",
        "DATEV_EXTF_BASE_URL": f"{root}/datev/accounting-extf-files/platform/v3",
        "DATEV_DXSO_BASE_URL": f"{root}/datev/accounting-dxso-jobs/platform/v2",
        "DATEV_CLIENT_ID": DATEV_APP,
        "DATEV_CLIENT_AUTH": "none",
        # The OAuth library's switch for login pages without TLS: these are on this machine.
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
    }


def uses_oauth(config: TenantConfig) -> bool:
    """Whether the tenant logs in to Pipedrive in a browser."""
    return config.pipedrive.auth is PipedriveAuth.OAUTH


def road(config: TenantConfig) -> str:
    """The tenant's road into DATEV, for people."""
    return "EXTF batch" if config.datev.format is DatevFormat.EXTF else "DXSO job"


def _seed_of(deal_id: int, deal: SampleDeal, organization_id: int) -> dict[str, Any]:
    method = {"tax_method": "exclusive"}
    seed: dict[str, Any] = {
        "id": deal_id,
        "title": deal.title,
        "org_id": organization_id,
        "products": [{**method, **line} for line in deal.lines],
    }
    if deal.deal_discount:
        seed["discounts"] = [{"amount": deal.deal_discount, "type": "amount", "description": "Rabatt"}]
    if deal.attach_pdf:
        seed["files"] = [
            {
                "file_name": deal.attach_pdf,
                "content_base64": base64.b64encode(_sample_pdf(deal.title)).decode(),
            }
        ]
    return seed


def _sample_pdf(title: str) -> bytes:
    """The invoice that somebody has attached to the deal."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=14)
    pdf.cell(text=f"Rechnung: {title}".encode("latin-1", "replace").decode("latin-1"))
    return bytes(pdf.output())
