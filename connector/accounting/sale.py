"""What was sold: the deal in the words of accounting, before any tax is decided."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from connector.accounting.billing import Installment, Recurrence
from connector.accounting.party import Party
from connector.errors import Problem


class TaxMethod(StrEnum):
    """How the prices of the lines relate to tax (Pipedrive ``tax_method``, alike on all lines of a deal)."""

    EXCLUSIVE = "exclusive"
    """Prices are net, tax is added."""
    INCLUSIVE = "inclusive"
    """Prices are gross, tax is inside."""
    NONE = "none"
    """No tax is stated: prices are net and the tax case alone decides."""


class SupplyKind(StrEnum):
    """What kind of supply it is; decides where it is taxed."""

    GOODS = "goods"
    SERVICE = "service"
    ELECTRONIC_SERVICE = "electronic_service"
    CATALOGUE_SERVICE = "catalogue_service"
    """A service of §3a (4) UStG: advice, advertising, data processing …"""
    WORK_AT_PLACE = "work_at_place"
    """Tied to a property or an event: taxed where that is (§3a (3) UStG)."""


class DiscountKind(StrEnum):
    """Pipedrive ``discount_type``."""

    PERCENTAGE = "percentage"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Discount:
    """A reduction of a line or of the whole deal."""

    kind: DiscountKind
    value: Decimal
    """Percent (10 = 10 %) or an amount in the currency of the deal."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class CaseAccount:
    """The account that the tenant's mapping names for one tax case."""

    tax_case: str
    account: int
    """4 digits as the standard chart prints it, or in the client's account length."""
    mapped_by: str
    """What the mapping looked at, for the explanation: ``product code A-100``."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """Accounts and cost centres of a deal that are not those of its products."""

    revenue_account: int | None = None
    mapped_by: str = ""
    case_accounts: tuple[CaseAccount, ...] = ()
    cost_centre_1: str = ""
    cost_centre_2: str = ""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of the deal. Disabled lines are not part of a sale."""

    position: int
    name: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal
    """Percent as the line states it (19, 7, 0): the line's tax is the truth, not the product's."""
    supply_kind: SupplyKind
    discount: Discount | None = None
    unit: str = ""
    description: str = ""
    product_code: str = ""
    revenue_account: int | None = None
    """From the tenant's mapping, in 4 digits as the chart prints it or in the client's account length;
    None: the tax case decides."""
    cost_centre_1: str = ""
    cost_centre_2: str = ""
    recurrence: Recurrence | None = None
    """How the line recurs; None: it is billed once."""
    mapped_by: str = ""
    """What the mapping to ``revenue_account`` looked at: ``category Wartung``; empty: not known."""
    case_accounts: tuple[CaseAccount, ...] = ()
    """Mapped accounts for single tax cases; where one names the case, it goes before ``revenue_account``."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A won deal, resolved: every name looked up, every custom field read, nothing decided."""

    deal_id: int
    title: str
    currency: str
    tax_method: TaxMethod
    lines: tuple[SaleLine, ...]
    discounts: tuple[Discount, ...]
    buyer: Party
    stated_value: Decimal
    """The value that the deal shows; compared with the lines beyond a tolerance."""
    document_number: str
    document_date: date
    service_date: date | None = None
    service_period_end: date | None = None
    due_date: date | None = None
    order_number: str = ""
    domestic_reverse_charge: bool = False
    """The deal is marked as §13b (building services, scrap …)."""
    special_scheme: str = ""
    """What the deal names as its scheme of §§ 23 to 25c UStG (travel, margin, farming …); empty: none."""
    exchange_rate: Decimal | None = None
    """Foreign units per 1 EUR, for a deal in another currency."""
    corrects: str = ""
    """Number of the invoice that the deal corrects, as the deal names it; empty: it corrects none."""
    won_on: date | None = None
    """The day on which the deal was won (Berlin); a document date far from it is a slip of the keyboard."""
    why: tuple[str, ...] = ()
    """What was decided while reading, for the explanation of every row (source of the exchange rate …)."""
    problems: tuple[Problem, ...] = ()
    """What was found wrong on the way and parks the sale, once everything else has been checked as well."""
    first_won_on: date | None = None
    """The day on which the deal was won for the first time; recurring lines without a start begin with it."""
    installments: tuple[Installment, ...] = ()
    """By billing date; empty: the deal is not billed in instalments."""
    installment: str = ""
    """Key of the instalment that this is the sale of (:mod:`connector.accounting.parts`); empty: of none."""
    allocation: Allocation = Allocation()
    """Accounts and cost centres of a deal without lines, whose value becomes its one line."""
    supply_kind: SupplyKind | None = None
    """What the deal's field for it names, for a deal without lines; None: the tenant's default."""
