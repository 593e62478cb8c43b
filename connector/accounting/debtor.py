"""The debtor: an account number and the master record that goes with it."""

from dataclasses import dataclass

from connector.accounting.party import Address


@dataclass(frozen=True, slots=True)
class DebtorRecord:
    """Master data of one debtor as DATEV category 16 holds it, already within DATEV's lengths."""

    account: int
    """Field 1; one digit longer than the client's ledger accounts."""
    is_organization: bool
    """Adressattyp (field 7): 2 company, 1 person."""
    name: str
    """Field 2 (≤ 50) of a company; for a person fields 4 and 5 hold the name."""
    first_name: str
    last_name: str
    short_name: str
    """Field 8, ≤ 15."""
    address: Address
    """Fields 16 (≤ 36), 18 (≤ 10), 19 (≤ 30), 20 (ISO), 22 (≤ 36)."""
    vat_id: str
    """With prefix; the file splits it into fields 9 and 10."""
    email: str
    phone: str
    contact: str
    """Field 102, ≤ 40."""
    customer_number: str
    """Field 99, ≤ 15: where the record comes from, such as ``PD-O-17``."""
    name_rest: str = ""
    """Field 244 (Alternativer Suchname), ≤ 50: how a name goes on that its fields cannot hold whole."""
