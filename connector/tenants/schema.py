"""The shape of a tenant's TOML file, section by section; rules between keys are in ``rules``.

Names of keys are the names of the dataclasses in :mod:`connector.tenants.config`, whose defaults
hold for every key that is left out. Limits of DATEV come from its header description (EXTF 700).
"""

from collections.abc import Callable
from typing import Any

from marshmallow import RAISE, Schema
from stdnum import bic, iban
from stdnum.de import stnr, vat
from stdnum.exceptions import ValidationError as NumberError

from connector.accounting.exchange_rates import RateSource
from connector.accounting.individual_accounts import IndividualFunction
from connector.accounting.party import CustomerStatus
from connector.accounting.sale import SupplyKind
from connector.tenants.account_fields import ACCOUNTS, Accounts, CostCentre
from connector.tenants.config import (
    DatevFormat,
    DebtorStrategy,
    IgnoreBy,
    NumberSource,
    PipedriveAuth,
    UnsafeCharacters,
    VatCheckProvider,
    WhenNotListed,
    WhenUnavailable,
)
from connector.tenants.fields import (
    Amount,
    Day,
    ExchangeRate,
    Flag,
    GoLive,
    HourOfDay,
    Month,
    OneOf,
    OneOfTexts,
    Pairs,
    Secret,
    Section,
    Tables,
    Text,
    Texts,
    Whole,
    refuse,
)
from connector.tenants.findings import Fault

UNKNOWN_KEY = Fault("key_unknown", "is not known here.", "Remove it.")
"""The cure is replaced by a suggestion where one is near."""

LONGEST_DOCUMENT_TYPE = 30


def _valid(check: Callable[[str], object], what: str) -> Callable[[str], None]:
    """A check by python-stdnum, which knows patterns and check digits."""

    def refuse_invalid(text: str) -> None:
        if not text:
            return
        try:
            check(text)
        except NumberError as e:
            raise refuse(
                "number_invalid",
                f"is {text!r}, which is not a valid {what}.",
                "Compare it with the letter that it stands on: a digit may be missing or swapped.",
            ) from e

    return refuse_invalid


def _german_vat_id(text: str) -> str:
    if not text.upper().startswith("DE"):
        raise NumberError
    return str(vat.validate(text))


class _Section(Schema):
    class Meta:
        unknown = RAISE

    error_messages: dict[str, Any] = {  # noqa: RUF012 - declared so by marshmallow
        "unknown": UNKNOWN_KEY,
        "type": Fault("wrong_type", "must be a table.", "Write it as a section of its own."),
    }


class PipedriveSection(_Section):
    """``[pipedrive]``"""

    auth = OneOf('auth = "oauth"', PipedriveAuth, required=True)
    company_domain = Text(
        'company_domain = "muster"',
        longest=63,
        pattern=r"[a-z0-9][a-z0-9-]*",
        wanted="only the first part of https://muster.pipedrive.com",
    )
    api_token = Secret('api_token = { env = "MUSTER_PIPEDRIVE_TOKEN" }')
    webhook_version = OneOfTexts('webhook_version = "2.0"', ("1.0", "2.0"))


class BasicSection(_Section):
    """``[receiver.basic]``"""

    user = Text(
        'user = "pipedrive"',
        required=True,
        longest=64,
        pattern=r"[!-9;-~]+",
        wanted="ASCII without : and blanks",
    )
    # Left out: a random one is made for the hooks that we create ourselves.
    password = Secret('password = { env = "MUSTER_WEBHOOK_PASSWORD" }')


class HmacSection(_Section):
    """``[receiver.hmac]``"""

    key = Secret('key = { env = "MUSTER_WEBHOOK_KEY" }', required=True)
    header = Text(
        'header = "X-Pipedrive-Signature"',
        pattern=r"[A-Za-z0-9-]+",
        wanted="the name of an HTTP header",
        longest=64,
    )
    encoding = OneOfTexts('encoding = "hex"', ("hex", "base64"))
    prefix = Text('prefix = "sha256="', longest=32, pattern=r"[!-~]*", wanted="ASCII without blanks")


class ReceiverSection(_Section):
    """``[receiver]``"""

    basic = Section(BasicSection, "receiver.basic")
    hmac = Section(HmacSection, "receiver.hmac")


class DatevSection(_Section):
    """``[datev]``"""

    consultant_number = Whole("consultant_number = 1001", 1001, 9_999_999, required=True)
    client_number = Whole("client_number = 1", 1, 99_999, required=True)
    format = OneOf('format = "extf"', DatevFormat, required=True)
    fiscal_year_start_month = Whole("fiscal_year_start_month = 1", 1, 12)
    fiscal_year_start_day = Whole("fiscal_year_start_day = 1", 1, 31)
    origin = Text('origin = "RE"', may_be_empty=False, pattern=r"[A-Z0-9]{2}", wanted="2 capitals or digits")
    dictation_mark = Text(
        'dictation_mark = "ML"', may_be_empty=False, pattern=r"[A-Z]{2}", wanted="2 capitals A-Z"
    )
    posting_batch_label = Text(
        'posting_batch_label = "Pipedrive"',
        longest=30,
        pattern=r"[A-Za-z0-9ÄÖÜäöüß_./ -]*",
        wanted="letters, digits, blanks and _ . - / only",
    )
    posting_batch_version = Whole("posting_batch_version = 13", 12, 13)
    finalise = Flag("finalise = false")
    resend_when_not_found = Flag("resend_when_not_found = false")


class BookingSection(_Section):
    """``[booking]``"""

    chart = OneOfTexts('chart = "skr03"', ("skr03", "skr04"), required=True)
    account_length = Whole("account_length = 4", 4, 8)
    home_country = OneOfTexts('home_country = "DE"', ("DE",))
    home_vat_id = Text('home_vat_id = "DE136695976"', check=_valid(_german_vat_id, "German VAT id"))
    small_business = Flag("small_business = false")
    oss = Flag("oss = false")
    zero_rate_means = OneOfTexts('zero_rate_means = "exempt"', ("", "zero_rated", "exempt"))
    value_tolerance = Amount("value_tolerance = 0.05", 100)
    several_discounts = OneOfTexts('several_discounts = "of_the_sum"', ("", "of_the_sum"))
    value_without_lines_means = OneOfTexts('value_without_lines_means = "net"', ("", "net", "gross"))
    rate_without_lines = Amount("rate_without_lines = 19", 100)
    negative_total_means = OneOfTexts('negative_total_means = "credit_note"', ("", "credit_note"))
    document_date_within_days = Whole("document_date_within_days = 366", 1, 3660)
    part_date_within_days = Whole("part_date_within_days = 1100", 1, 3660)
    default_supply_kind = OneOf('default_supply_kind = "service"', SupplyKind)
    payment_days = Whole("payment_days = 14", 0, 999)
    posting_text = Text('posting_text = "{buyer} {title}"', may_be_empty=False)
    write_service_date = Flag("write_service_date = false")
    write_due_date = Flag("write_due_date = true")
    tax_keys = Pairs('tax_keys = { oss_electronic_service = "250" }', Text('oss_electronic_service = "250"'))


class ChartAccountSection(_Section):
    """``[[chart.accounts]]``"""

    account = Whole("account = 84501", *ACCOUNTS, required=True)
    name = Text('name = "Erlöse Wartung"', longest=40)
    like = Whole("like = 8400", 1000, 9999)
    function = OneOf('function = "automatic"', IndividualFunction)
    rate = Amount("rate = 19", 100)
    tax_cases = Texts('tax_cases = ["domestic_19"]')
    key = Text('key = "3"', pattern=r"[1-9][0-9]{0,3}", wanted="1 to 4 digits")


class ChartSection(_Section):
    """``[chart]``"""

    accounts = Section(ChartAccountSection, "chart.accounts", many=True)


class NumbersSection(_Section):
    """``[numbers]``"""

    source = OneOf('source = "pattern"', NumberSource)
    field = Text('field = "Rechnungsnummer"')
    pattern = Text('pattern = "PD-{deal_id}"')
    required = Flag("required = true")
    unsafe_characters = OneOf('unsafe_characters = "refuse"', UnsafeCharacters)


class ExchangeRateSection(_Section):
    """``[[exchange.rates]]``"""

    currency = Text('currency = "USD"', required=True)
    rate = ExchangeRate("rate = 1.0852", required=True)
    month = Month('month = "2026-11"')
    valid_from = Day("valid_from = 2026-11-01")


class ExchangeSection(_Section):
    """``[exchange]``"""

    source = OneOf('source = "ecb"', RateSource)
    max_age_days = Whole("max_age_days = 7", 1, 31)
    rates = Section(ExchangeRateSection, "exchange.rates", many=True)


class FieldsSection(_Section):
    """``[fields]``"""

    vat_id = Text('vat_id = "USt-IdNr."')
    country = Text('country = "Land"')
    customer_status = Text('customer_status = "Kundenart"')
    debtor_number = Text('debtor_number = "Debitorennummer"')
    creditor_number = Text('creditor_number = "Kreditorennummer"')
    document_date = Text('document_date = "Rechnungsdatum"')
    service_date = Text('service_date = "Leistungszeitraum"')
    due_date = Text('due_date = "Fällig am"')
    order_number = Text('order_number = "Bestellnummer"')
    corrects_document = Text('corrects_document = "Korrigiert Rechnung"')
    exchange_rate = Text('exchange_rate = "Kurs"')
    reverse_charge = Text('reverse_charge = "§13b"')
    special_scheme = Text('special_scheme = "Sonderregelung"')
    supply_kind = Text('supply_kind = "Leistungsart"')
    cost_centre_1 = Text('cost_centre_1 = "Kostenstelle"')
    cost_centre_2 = Text('cost_centre_2 = "Kostenträger"')
    revenue_account = Text('revenue_account = "Erlöskonto"')


class SaleSection(_Section):
    """``[sale]``"""

    supply_kind_labels = Pairs(
        'supply_kind_labels = { "Ware" = "goods" }', OneOf('"Ware" = "goods"', SupplyKind)
    )
    customer_status_labels = Pairs(
        'customer_status_labels = { "Firma" = "business" }', OneOf('"Firma" = "business"', CustomerStatus)
    )
    organizations_are = OneOf('organizations_are = "business"', CustomerStatus)
    persons_are = OneOf('persons_are = "consumer"', CustomerStatus)
    revenue_accounts = Pairs('revenue_accounts = { "A-100" = 8400 }', Accounts('"A-100" = 8400'))
    revenue_accounts_by_category = Pairs(
        'revenue_accounts_by_category = { "Wartung" = 8402 }', Accounts('"Wartung" = 8402')
    )
    revenue_accounts_by_pipeline = Pairs(
        'revenue_accounts_by_pipeline = { "3" = 8403 }', Accounts('"3" = 8403')
    )
    revenue_account_labels = Pairs(
        'revenue_account_labels = { "Wartung" = 8402 }', Accounts('"Wartung" = 8402')
    )
    cost_centre_1 = CostCentre('cost_centre_1 = "100"')
    cost_centre_2 = CostCentre('cost_centre_2 = "P-7"')
    cost_centre_1_by_pipeline = Pairs(
        'cost_centre_1_by_pipeline = { "3" = "200" }', CostCentre('"3" = "200"')
    )
    cost_centre_2_by_pipeline = Pairs(
        'cost_centre_2_by_pipeline = { "3" = "P-8" }', CostCentre('"3" = "P-8"')
    )


class DebtorsSection(_Section):
    """``[debtors]``"""

    strategy = OneOf('strategy = "next_free"', DebtorStrategy)
    first = Whole("first = 10000", 1, 999_999_999)
    last = Whole("last = 69999", 1, 999_999_999)
    collective_account = Whole("collective_account = 10000", 1, 999_999_999)
    when_not_listed = OneOf('when_not_listed = "park"', WhenNotListed)
    update_listed = Flag("update_listed = false")
    creditor_labels = Texts('creditor_labels = ["Lieferant"]')
    creditor_first = Whole("creditor_first = 70000", 1, 999_999_999)
    creditor_last = Whole("creditor_last = 99999", 1, 999_999_999)


class DocumentsSection(_Section):
    """``[documents]``"""

    file_pattern = Text(
        'file_pattern = "*.pdf"',
        may_be_empty=False,
        pattern=r"[^/\\]+",
        wanted="a file name, without folders",
    )
    make_invoice = Flag("make_invoice = true")
    document_type = Text('document_type = "Rechnungsausgang"', longest=LONGEST_DOCUMENT_TYPE)


class SellerSection(_Section):
    """``[seller]``"""

    name = Text('name = "Muster GmbH"', required=True, longest=100)
    street = Text('street = "Musterstraße 1"', required=True, longest=100)
    postal_code = Text('postal_code = "90402"', required=True, pattern=r"[0-9]{5}", wanted="5 digits")
    city = Text('city = "Nürnberg"', required=True, longest=100)
    tax_number = Text('tax_number = "151/815/08156"', check=_valid(stnr.validate, "German tax number"))
    vat_id = Text('vat_id = "DE136695976"', check=_valid(_german_vat_id, "German VAT id"))
    bank = Text('bank = "Musterbank"', longest=100)
    iban = Text('iban = "DE89 3704 0044 0532 0130 00"', check=_valid(iban.validate, "IBAN"))
    bic = Text('bic = "COBADEFFXXX"', check=_valid(bic.validate, "BIC"))
    email = Text(
        'email = "rechnung@example.com"', pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+", wanted="an e-mail address"
    )
    phone = Text('phone = "+49 911 12345"', longest=40)
    register = Text('register = "Amtsgericht Nürnberg, HRB 12345, Geschäftsführerin: Erika Muster"')


class IgnoreSection(_Section):
    """``[[ignore]]``"""

    name = Text('name = "internal deals"', required=True, longest=60)
    by = OneOf('by = "pipeline"', IgnoreBy, required=True)
    values = Texts("values = [3]")


class VatCheckSection(_Section):
    """``[vat_check]``"""

    provider = OneOf('provider = "vies"', VatCheckProvider)
    when_unavailable = OneOf('when_unavailable = "park"', WhenUnavailable)
    keep_days = Whole("keep_days = 30", 0, 365)


class WriteBackSection(_Section):
    """``[write_back]``"""

    note = Flag("note = true")
    status_field = Text('status_field = "DATEV"')


class HoursSection(_Section):
    """``[hours]``"""

    start = HourOfDay('start = "06:00"')
    end = HourOfDay('end = "22:00"')


class TenantSchema(_Section):
    """The whole file."""

    key = Text(
        'key = "muster"',
        required=True,
        pattern=r"[a-z0-9][a-z0-9-]{0,39}",
        wanted="1 to 40 lower-case letters, digits and hyphens",
    )
    name = Text('name = "Muster GmbH"', required=True, longest=100)
    go_live_at = GoLive("go_live_at = 2027-01-01", required=True)
    pipedrive = Section(PipedriveSection, "pipedrive", required=True)
    receiver = Section(ReceiverSection, "receiver")
    datev = Section(DatevSection, "datev", required=True)
    booking = Section(BookingSection, "booking", required=True)
    chart = Section(ChartSection, "chart")
    numbers = Section(NumbersSection, "numbers")
    exchange = Section(ExchangeSection, "exchange")
    # Named apart because marshmallow keeps its own list in the attribute ``fields``.
    field_map = Section(FieldsSection, "fields", data_key="fields", attribute="fields")
    sale = Section(SaleSection, "sale")
    debtors = Section(DebtorsSection, "debtors")
    documents = Section(DocumentsSection, "documents")
    seller = Section(SellerSection, "seller", required=True)
    ignore = Section(IgnoreSection, "ignore", many=True)
    tax_rules_version = Text('tax_rules_version = "2027-01"', longest=30)
    tax_rules = Tables("[[tax_rules]]")
    vat_check = Section(VatCheckSection, "vat_check")
    write_back = Section(WriteBackSection, "write_back")
    hours = Section(HoursSection, "hours")
