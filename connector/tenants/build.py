"""From the checked values of a tenant's file to its configuration."""

from collections.abc import Mapping
from typing import Any

from connector.accounting.exchange_rates import ExchangeTerms, TableRate
from connector.accounting.terms import BookingTerms
from connector.accounting.vat_ids import normalise_vat_id
from connector.tenants.account_rules import individual_accounts
from connector.tenants.config import (
    AccountMapping,
    DatevConfig,
    DebtorConfig,
    DocumentConfig,
    FieldMap,
    HmacConfig,
    Hours,
    IgnoreRule,
    MappedBy,
    NumberConfig,
    PipedriveConfig,
    ReceiverConfig,
    SaleConfig,
    SecretName,
    SellerConfig,
    TenantConfig,
    VatCheckConfig,
    WriteBackConfig,
)
from connector.tenants.debtor_rules import creditor_range, debtor_range
from connector.tenants.tax_rules import tax_overrides
from connector.tenants.toml_lines import Path

SECRET_PATHS: Mapping[SecretName, Path] = {
    SecretName.PIPEDRIVE_API_TOKEN: ("pipedrive", "api_token"),
    SecretName.RECEIVER_BASIC_PASSWORD: ("receiver", "basic", "password"),
    SecretName.RECEIVER_HMAC_KEY: ("receiver", "hmac", "key"),
}
"""Where each secret's source stands in the file."""


def build(loaded: Mapping[str, Any]) -> TenantConfig:
    """The configuration; keys that the file leaves out take the defaults of the dataclasses."""
    seller = _seller(loaded["seller"])
    booking = loaded["booking"]
    terms = BookingTerms(
        **{
            **_without(booking, "tax_keys"),
            "home_vat_id": normalise_vat_id(booking.get("home_vat_id") or seller.vat_id),
        }
    )
    return TenantConfig(
        key=loaded["key"],
        name=loaded["name"],
        go_live_at=loaded["go_live_at"],
        pipedrive=PipedriveConfig(**{"company_domain": "", **_without(loaded["pipedrive"], "api_token")}),
        receiver=_receiver(loaded["receiver"]),
        datev=DatevConfig(**loaded["datev"]),
        terms=terms,
        numbers=NumberConfig(**loaded.get("numbers", {})),
        sale=_sale(loaded.get("fields", {}), loaded.get("sale", {})),
        debtors=_debtors(loaded.get("debtors", {}), terms.account_length),
        documents=DocumentConfig(**loaded.get("documents", {})),
        seller=seller,
        ignore=tuple(IgnoreRule(**rule) for rule in loaded.get("ignore", ())),
        write_back=WriteBackConfig(**loaded.get("write_back", {})),
        hours=Hours(**loaded.get("hours", {})),
        tax_overrides=tax_overrides(loaded),
        vat_check=VatCheckConfig(**loaded.get("vat_check", {})),
        exchange=_exchange(loaded.get("exchange", {})),
        individual_accounts=individual_accounts(loaded),
    )


_MAPPINGS: Mapping[str, MappedBy] = {
    "revenue_accounts": MappedBy.PRODUCT_CODE,
    "revenue_account_labels": MappedBy.LABEL,
    "revenue_accounts_by_category": MappedBy.CATEGORY,
    "revenue_accounts_by_pipeline": MappedBy.PIPELINE,
}
"""Each key of ``[sale]`` that maps to revenue accounts."""


def _sale(fields: Mapping[str, Any], section: Mapping[str, Any]) -> SaleConfig:
    others = {key: value for key, value in section.items() if key not in _MAPPINGS}
    mappings = [
        AccountMapping(by, value.strip(), account, tax_case)
        for key, by in _MAPPINGS.items()
        for value, accounts in section.get(key, ())
        for tax_case, account in accounts
    ]
    of_codes = [row for row in mappings if row.by is MappedBy.PRODUCT_CODE and not row.tax_case]
    return SaleConfig(
        fields=FieldMap(**fields),
        revenue_accounts=tuple((row.value, row.account) for row in of_codes),
        account_mappings=tuple(row for row in mappings if row not in of_codes),
        **others,
    )


def _seller(section: Mapping[str, Any]) -> SellerConfig:
    return SellerConfig(**{**section, "vat_id": normalise_vat_id(section.get("vat_id", ""))})


def _receiver(section: Mapping[str, Any]) -> ReceiverConfig:
    basic, hmac = section.get("basic"), section.get("hmac")
    return ReceiverConfig(
        basic_user=basic["user"] if basic else None,
        hmac=HmacConfig(**_without(hmac, "key")) if hmac else None,
    )


def _exchange(section: Mapping[str, Any]) -> ExchangeTerms:
    return ExchangeTerms(
        **{**section, "rates": tuple(TableRate(**rate) for rate in section.get("rates", ()))}
    )


def _debtors(section: Mapping[str, Any], account_length: int) -> DebtorConfig:
    """Without ranges of its own the tenant has all debtor and creditor accounts of its length."""
    first, last = debtor_range(account_length)
    creditor_first, creditor_last = creditor_range(account_length)
    ranges = {"first": first, "last": last, "creditor_first": creditor_first, "creditor_last": creditor_last}
    return DebtorConfig(**{**ranges, **section})


def _without(section: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in section.items() if name != key}
