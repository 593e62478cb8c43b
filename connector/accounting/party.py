"""Who is on the other side of an invoice."""

from dataclasses import dataclass
from enum import StrEnum


class CustomerStatus(StrEnum):
    """Whether the customer buys for a business; decides the place of supply (§3a UStG)."""

    BUSINESS = "business"
    CONSUMER = "consumer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as it is printed and written into master data."""

    street: str = ""
    """Street with house number."""
    extra: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    """ISO 3166 alpha-2 (``GR`` for Greece; ``XI`` never: postal code and region tell Northern Ireland)."""
    region: str = ""
    """Part of the country where it is named: ``Northern Ireland``, ``Canarias``. VAT may differ there; it is
    never printed."""


@dataclass(frozen=True, slots=True)
class Party:
    """The buyer of a deal: an organization, or a person without one."""

    key: str
    """Stable name within the tenant: ``organization:17`` or ``person:4``."""
    name: str
    address: Address
    status: CustomerStatus = CustomerStatus.UNKNOWN
    vat_id: str = ""
    """With country prefix (``ATU12345678``, ``EL…`` for Greece, ``XI…``), no blanks; empty if none."""
    is_organization: bool = True
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    contact: str = ""
    """Contact person of an organization."""
    debtor_number: str = ""
    """The debtor account as the customer record names it, verbatim; empty if it names none."""
