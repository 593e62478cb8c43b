"""Deals of a crash world: each fresh, with a customer and an invoice PDF of its own."""

import base64
from dataclasses import dataclass
from functools import cache

from fpdf import FPDF

from connector.demo.sandbox import SandboxControl
from tests.acceptance.crash.tenants import Member


@dataclass(frozen=True, slots=True)
class Deal:
    """One deal of one tenant; its customer has the same number."""

    member: Member
    id: int

    @property
    def key(self) -> str:
        """Under this name the fail points know it."""
        return f"{self.member.key}.{self.id}"


def seed(control: SandboxControl, deal: Deal) -> None:
    """Make the deal, open."""
    address = {
        "route": "Industriestraße",
        "street_number": "4",
        "postal_code": "51063",
        "locality": "Köln",
        "country": "Germany",
    }
    line = {
        "name": "Beratung",
        "item_price": 1000.0 + deal.id,
        "quantity": 1,
        "tax": 19,
        "tax_method": "exclusive",
    }
    control.post(
        f"pipedrive/accounts/{deal.member.key}/seed",
        {
            "organizations": [{"id": deal.id, "name": f"Kundin {deal.id} GmbH", "address": address}],
            "deals": [
                {
                    "id": deal.id,
                    "title": f"Auftrag {deal.id}",
                    "org_id": deal.id,
                    "products": [line],
                    "files": [{"file_name": f"rechnung-{deal.id}.pdf", "content_base64": _pdf()}],
                }
            ],
        },
    )


def win(control: SandboxControl, deal: Deal) -> None:
    """Win it; Pipedrive's stand-in tells the web process."""
    control.post(f"pipedrive/accounts/{deal.member.key}/deals/{deal.id}/win", {})


@cache
def _pdf() -> str:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=14)
    pdf.cell(text="Rechnung")
    return base64.b64encode(bytes(pdf.output())).decode()
