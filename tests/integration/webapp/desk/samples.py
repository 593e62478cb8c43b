"""A posting as the pipeline makes one."""

from datetime import date
from decimal import Decimal

from connector.accounting.posting import Posting, Side


def posting(number: int) -> Posting:
    """119.00 EUR on an automatic account, for the reason of the sample."""
    return Posting(
        line=1,
        key=f"10000000-0000-4000-8000-{number:012}",
        amount=Decimal("1190.00"),
        side=Side.DEBIT,
        account=10000,
        contra_account=8400,
        tax_key="",
        currency="EUR",
        exchange_rate=None,
        base_amount=None,
        document_number=f"RE-{number}",
        document_date=date(2026, 11, 3),
        service_date=date(2026, 11, 2),
        due_date=date(2026, 11, 17),
        posting_text="Workshop",
        tax_rate=Decimal(19),
        eu_vat="",
        eu_rate=None,
        cost_centre_1="100",
        cost_centre_2="",
        document_link=f"00000000-0000-4000-8000-{number:012}",
        why=("seller in DE, buyer in DE, service: taxed in Germany (rule domestic)",),
    )
