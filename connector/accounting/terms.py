"""What a tenant has agreed with its adviser about booking; constant for all of its deals."""

from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.sale import SupplyKind


@dataclass(frozen=True, slots=True)
class BookingTerms:
    """Everything besides the sale itself that decides how it is booked."""

    chart: str
    """``skr03`` or ``skr04``: which column of the chart and of the tax rules counts."""
    account_length: int = 4
    """Digits of a ledger account (EXTF header field 14), 4–8; personal accounts have one more."""
    home_country: str = "DE"
    home_vat_id: str = ""
    small_business: bool = False
    """§19 UStG: no tax is charged and none is shown."""
    oss: bool = False
    """Whether sales to EU consumers are declared through the one-stop shop."""
    zero_rate_means: str = ""
    """What a domestic 0 % line is: empty (park and ask), ``zero_rated`` (§12 (3) UStG) or ``exempt``."""
    value_tolerance: Decimal = Decimal("0.05")
    """How far the deal's value may lie from its lines: rounding, not a forgotten line."""
    several_discounts: str = ""
    """How several discounts of a deal combine, which Pipedrive documents nowhere: empty (only as its value
    confirms, else park and ask) or ``of_the_sum`` (each of the sum of the lines)."""
    value_without_lines_means: str = ""
    """What the value of a deal without lines is: empty (park and ask), ``net`` or ``gross``."""
    rate_without_lines: Decimal | None = None
    """Percent of tax of a domestic deal without lines (19, 7); None: park and ask."""
    negative_total_means: str = ""
    """What a deal is that comes to less than nothing: empty (park and ask) or ``credit_note``."""
    document_date_within_days: int = 366
    """How far the document date may lie from the day on which the deal was won; beyond it, park and ask. Of
    parts: how long before it one may be billed."""
    part_date_within_days: int = 1100
    """How far a part (instalment, start of a recurring line) may lie ahead of the last billing before it, or
    of the win; beyond it, park and ask. Three years: half now and half later, or a second price level after
    two years, are plans; a wrong digit in the decade is a slip."""
    default_supply_kind: SupplyKind = SupplyKind.SERVICE
    payment_days: int | None = None
    """Due date = document date + this; None: no due date unless a field names one."""
    posting_text: str = "{buyer} {title}"
    """Pattern of field 14; names: number, buyer, title, deal_id."""
    write_service_date: bool = False
    """Field 115 only after agreement with the adviser: the client setting must allow it."""
    write_due_date: bool = True
    """Field 117: kept by DATEV only on rows with a personal account, which ours are."""
