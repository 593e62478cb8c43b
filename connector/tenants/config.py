"""A tenant's configuration as the rest of the product sees it.

One tenant is one Pipedrive account carried into one DATEV client. The TOML file is checked by
:mod:`connector.tenants.schema`; what arrives here is complete and consistent. Secrets are not
part of it: they live encrypted in the store under the names of :class:`SecretName`.
"""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from connector.accounting.exchange_rates import ExchangeTerms
from connector.accounting.individual_accounts import IndividualAccount
from connector.accounting.party import CustomerStatus
from connector.accounting.sale import SupplyKind
from connector.accounting.tax_overrides import TaxOverrides
from connector.accounting.terms import BookingTerms


class SecretName(StrEnum):
    """Names under which a tenant's secrets are stored."""

    PIPEDRIVE_API_TOKEN = "pipedrive_api_token"
    RECEIVER_HMAC_KEY = "receiver_hmac_key"
    RECEIVER_BASIC_PASSWORD = "receiver_basic_password"


class DatevFormat(StrEnum):
    """Which road the bookings take."""

    EXTF = "extf"
    DXSO = "dxso"


class PipedriveAuth(StrEnum):
    """How we log in to the tenant's Pipedrive."""

    TOKEN = "token"
    OAUTH = "oauth"


@dataclass(frozen=True, slots=True)
class PipedriveConfig:
    """The tenant's Pipedrive account."""

    auth: PipedriveAuth
    company_domain: str
    """``muster`` of https://muster.pipedrive.com; the API base where nothing else names one."""
    webhook_version: str = "2.0"
    """Body version of the hooks we create: ``1.0`` or ``2.0``."""


@dataclass(frozen=True, slots=True)
class HmacConfig:
    """How a signing sender signs the raw body."""

    header: str = "X-Pipedrive-Signature"
    encoding: str = "hex"
    """``hex`` or ``base64``."""
    prefix: str = ""
    """Such as ``sha256=``; optional on arrival."""


@dataclass(frozen=True, slots=True)
class ReceiverConfig:
    """What a delivery must prove. At least one of both; both set means both must pass."""

    basic_user: str | None
    """User name of HTTP Basic; the password is a secret. None: Basic is not asked."""
    hmac: HmacConfig | None


@dataclass(frozen=True, slots=True)
class DatevConfig:
    """The DATEV client that is booked into."""

    consultant_number: int
    client_number: int
    format: DatevFormat
    fiscal_year_start_month: int = 1
    fiscal_year_start_day: int = 1
    origin: str = "RE"
    """EXTF header field 8."""
    dictation_mark: str = "ML"
    """EXTF header field 18."""
    posting_batch_label: str = "Pipedrive"
    """EXTF header field 17, at most 30 characters."""
    posting_batch_version: int = 13
    """EXTF header field 5 of posting batches: 13, or 12 for an adviser's older program."""
    finalise: bool = False
    """Festschreibung (header field 21, column 114): off unless the adviser asks for it."""
    resend_when_not_found: bool = False
    """Send a file again whose hand-over ended in doubt, once DATEV's job list has lacked it twice, ten
    minutes apart. Off: a human decides, because how soon a job appears in that list is not published."""

    @property
    def client_id(self) -> str:
        """``<consultant>-<client>``: the id in the paths of DATEV's APIs."""
        return f"{self.consultant_number}-{self.client_number}"


class NumberSource(StrEnum):
    """Where the document number comes from."""

    FIELD = "field"
    PATTERN = "pattern"
    SEQUENCE = "sequence"


class UnsafeCharacters(StrEnum):
    """What becomes of a document number with characters that Belegfeld 1 does not take."""

    REFUSE = "refuse"
    CLEAN = "clean"
    """Spelled in characters that it takes (``RE 2026.17`` → ``RE-2026-17``), on invoice and booking alike."""


@dataclass(frozen=True, slots=True)
class NumberConfig:
    """The document number (Belegfeld 1)."""

    source: NumberSource = NumberSource.PATTERN
    field: str = ""
    """Custom field of the deal (name or key) for ``field``."""
    pattern: str = "PD-{deal_id}"
    """For ``pattern``: names deal_id, part, year; for ``sequence``: names next, year."""
    required: bool = True
    """For ``field``: a deal whose field is empty is parked; off, its number is made from ``pattern``."""
    unsafe_characters: UnsafeCharacters = UnsafeCharacters.REFUSE
    """For ``field``: what becomes of a number that Belegfeld 1 does not take as it is written."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which custom field (name or 40-digit key) carries what; empty: none does."""

    vat_id: str = ""
    """Of the organization (or person)."""
    country: str = ""
    """Of the organization: ISO code or country name; else the address decides."""
    customer_status: str = ""
    """Of the organization: business / consumer by the labels below."""
    debtor_number: str = ""
    """Of the organization."""
    creditor_number: str = ""
    """Of an organization that is a supplier, too."""
    document_date: str = ""
    service_date: str = ""
    """Of the deal: a date or a date range."""
    due_date: str = ""
    order_number: str = ""
    corrects_document: str = ""
    """Of the deal: number of the invoice that a credit note corrects."""
    exchange_rate: str = ""
    reverse_charge: str = ""
    """Of the deal: yes/no field that marks §13b."""
    special_scheme: str = ""
    """Of the deal: filled in any way, it marks a scheme of §§ 23 to 25c UStG, which parks."""
    supply_kind: str = ""
    """Of the deal or product: labels as in ``supply_kind_labels``."""
    cost_centre_1: str = ""
    """Of the product, deal or organization, asked in this order."""
    cost_centre_2: str = ""
    revenue_account: str = ""
    """Of the product or deal: an account's number, or a label of ``revenue_account_labels``."""


class MappedBy(StrEnum):
    """What a mapping to revenue accounts looks at."""

    PRODUCT_CODE = "product code"
    LABEL = "label"
    """Of the field ``revenue_account``."""
    CATEGORY = "category"
    PIPELINE = "pipeline"


@dataclass(frozen=True, slots=True)
class AccountMapping:
    """One revenue account by what a product or deal is."""

    by: MappedBy
    value: str
    account: int
    """4 digits as the standard chart prints it, or in the client's account length."""
    tax_case: str = ""
    """The only case that it holds for; empty: every case that the account carries."""


@dataclass(frozen=True, slots=True)
class SaleConfig:
    """How a deal is read into a sale."""

    fields: FieldMap
    supply_kind_labels: tuple[tuple[str, SupplyKind], ...] = ()
    """Label of the field's option, or product category → kind of supply."""
    customer_status_labels: tuple[tuple[str, CustomerStatus], ...] = ()
    organizations_are: CustomerStatus = CustomerStatus.BUSINESS
    """What an organization is that no field says more about."""
    persons_are: CustomerStatus = CustomerStatus.UNKNOWN
    revenue_accounts: tuple[tuple[str, int], ...] = ()
    """Product code → revenue account for every tax case that it carries; 4 digits as the standard chart
    prints it, or in the client's account length."""
    account_mappings: tuple[AccountMapping, ...] = ()
    """Mappings by anything else, and those of a product code for single tax cases."""
    cost_centre_1: str = ""
    """Of every line that no field or pipeline gives another."""
    cost_centre_2: str = ""
    cost_centre_1_by_pipeline: tuple[tuple[str, str], ...] = ()
    """Pipeline id → cost centre, where no field names one."""
    cost_centre_2_by_pipeline: tuple[tuple[str, str], ...] = ()


class DebtorStrategy(StrEnum):
    """Where a debtor's account number comes from."""

    FIELD = "field"
    NEXT_FREE = "next_free"
    COLLECTIVE = "collective"
    LIST = "list"
    """The adviser's list, imported: matched by number, VAT id, name."""


class WhenNotListed(StrEnum):
    """What becomes of a customer that the adviser's list does not have."""

    PARK = "park"
    NEXT_FREE = "next_free"


@dataclass(frozen=True, slots=True)
class DebtorConfig:
    """Numbering of debtors, and of the creditors among the customers."""

    strategy: DebtorStrategy = DebtorStrategy.NEXT_FREE
    first: int = 10000
    last: int = 69999
    """Range for ``next_free``, in the client's personal account length."""
    collective_account: int | None = None
    when_not_listed: WhenNotListed = WhenNotListed.PARK
    """For ``list``: ask, or give the next free account."""
    update_listed: bool = False
    """Send our master data for accounts of the adviser's list as well; off: they stay as they are."""
    creditor_labels: tuple[str, ...] = ()
    """Labels (name or id) of organizations that are suppliers, too, and get a creditor account besides."""
    creditor_first: int = 70000
    creditor_last: int = 99999
    """Range of creditor accounts, unless ``fields.creditor_number`` names them."""

    @property
    def gives_accounts(self) -> bool:
        """Whether customers may get the next free account of the range."""
        return self.strategy is DebtorStrategy.NEXT_FREE or (
            self.strategy is DebtorStrategy.LIST and self.when_not_listed is WhenNotListed.NEXT_FREE
        )


@dataclass(frozen=True, slots=True)
class DocumentConfig:
    """The PDF behind a booking."""

    file_pattern: str = "*.pdf"
    """Shell pattern; the newest PDF on the deal whose name matches is the invoice (case ignored)."""
    make_invoice: bool = True
    """Make an invoice PDF where the deal has none; off: park and ask for one."""
    document_type: str = ""
    """Belegtyp as the client's list names it; empty: none."""


@dataclass(frozen=True, slots=True)
class SellerConfig:
    """Who issues the invoice, as the law wants it printed (§14 (4) UStG)."""

    name: str
    street: str
    postal_code: str
    city: str
    tax_number: str = ""
    vat_id: str = ""
    bank: str = ""
    iban: str = ""
    bic: str = ""
    email: str = ""
    phone: str = ""
    register: str = ""
    """Court and number of the commercial register, managing directors."""


class IgnoreBy(StrEnum):
    """What an ignore rule looks at."""

    PIPELINE = "pipeline"
    LABEL = "label"
    CURRENCY = "currency"
    VALUE_ZERO = "value_zero"


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """A named rule by which won deals are left alone, visibly."""

    name: str
    by: IgnoreBy
    values: tuple[str, ...] = ()
    """Pipeline ids, label ids or currency codes."""


class VatCheckProvider(StrEnum):
    """Which registry is asked about VAT ids."""

    OFF = "off"
    VIES = "vies"
    BZST = "bzst"


class WhenUnavailable(StrEnum):
    """What becomes of a deal while the registry does not answer."""

    PARK = "park"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class VatCheckConfig:
    """Whether the VAT ids on which a tax case rests are asked at a registry before they are booked."""

    provider: VatCheckProvider = VatCheckProvider.OFF
    when_unavailable: WhenUnavailable = WhenUnavailable.PARK
    """Ask again for a while and then wait for a person, or go on without the confirmation."""
    keep_days: int = 30
    """How long a confirmation holds for further deals; 0: every deal asks anew."""


@dataclass(frozen=True, slots=True)
class WriteBackConfig:
    """What is told on the deal once the booking is handed over."""

    note: bool = True
    status_field: str = ""
    """Custom text field of the deal (name or key) for the state; empty: none."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When polls may run, Berlin time; DATEV does not want to be asked round the clock."""

    start: time = time(6, 0)
    end: time = time(22, 0)


@dataclass(frozen=True, slots=True)
class TenantConfig:
    """Everything a tenant has configured."""

    key: str
    """Identifier in addresses and logs: lower-case letters, digits, hyphens. Not a secret."""
    name: str
    go_live_at: datetime
    """Deals first won before this moment are never booked."""
    pipedrive: PipedriveConfig
    receiver: ReceiverConfig
    datev: DatevConfig
    terms: BookingTerms
    numbers: NumberConfig
    sale: SaleConfig
    debtors: DebtorConfig
    documents: DocumentConfig
    seller: SellerConfig
    ignore: tuple[IgnoreRule, ...]
    write_back: WriteBackConfig
    hours: Hours
    tax_overrides: TaxOverrides = TaxOverrides()  # noqa: RUF009 - frozen: nobody can change the default
    """The tenant's own tax rules and keys, laid over the standard table."""
    vat_check: VatCheckConfig = VatCheckConfig()
    exchange: ExchangeTerms = ExchangeTerms()  # noqa: RUF009 - frozen: nobody can change the default
    individual_accounts: tuple[IndividualAccount, ...] = ()
    """The client's own accounts, laid over the standard chart."""
