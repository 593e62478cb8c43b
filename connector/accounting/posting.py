"""One row of a posting batch."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """Soll/Haben-Kennzeichen: the side on which ``account`` is posted (EXTF field 2)."""

    DEBIT = "S"
    CREDIT = "H"


@dataclass(frozen=True, slots=True)
class Posting:
    """Debtor against revenue account, gross. Field numbers are those of EXTF category 21."""

    line: int
    """1, 2, … within the document."""
    key: str
    """Deterministic GUID of this posting (field 103)."""
    amount: Decimal
    """Field 1: gross, positive, never zero, in ``currency``."""
    side: Side
    account: int
    """Field 7: the debtor."""
    contra_account: int
    """Field 8: the revenue account, in the client's length."""
    tax_key: str
    """Field 9; empty on an automatic account."""
    currency: str
    exchange_rate: Decimal | None
    """Field 4: foreign units per 1 EUR; None for EUR."""
    base_amount: Decimal | None
    """Field 5: EUR amount of a foreign-currency row; None for EUR."""
    document_number: str
    """Field 11 (Belegfeld 1)."""
    document_date: date
    """Field 10."""
    service_date: date | None
    """Field 115; of a service period its last day."""
    due_date: date | None
    """Field 117."""
    posting_text: str
    """Field 14, at most 60 characters."""
    tax_rate: Decimal
    """The rate inside the gross amount (DXSO ``tax``): Germany's, or the destination's with ``eu_rate``."""
    eu_vat: str
    """Field 40."""
    eu_rate: Decimal | None
    """Field 41."""
    cost_centre_1: str
    cost_centre_2: str
    document_link: str
    """GUID of the document (field 20 ``BEDI "<GUID>"``)."""
    order_number: str = ""
    """Field 95."""
    extra: tuple[tuple[str, str], ...] = ()
    """Pairs for Zusatzinformation (fields 48–87): kind ≤ 20 and content ≤ 210 characters."""
    origin_country: str = ""
    """Field 123: the country that a supply taxed in another member state comes from."""
    why: tuple[str, ...] = ()
    """The reasons for account and key, for people; not part of the file."""

    @property
    def signed_amount(self) -> Decimal:
        """What the row adds to what the debtor owes (side H takes away): these add up to the document."""
        return self.amount if self.side is Side.DEBIT else -self.amount
