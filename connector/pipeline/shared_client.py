"""Several tenants on one DATEV client: allowed only where they cannot book over each other.

Each tenant gives out debtor accounts and document numbers on its own, and DATEV checks neither for
duplicates: the same account would carry two customers, the same number two invoices.
"""

import re
from collections.abc import Iterable, Iterator

from connector.errors import Problem
from connector.tenants.config import DebtorConfig, DebtorStrategy, NumberSource, TenantConfig

_PLACEHOLDERS = re.compile(r"(?:\{[^}]*\})+")
"""Neighbouring placeholders are one: ``{year}{next}`` and ``{deal_id}`` may print the same digits."""


def sharing_problems(config: TenantConfig, others: Iterable[TenantConfig]) -> list[Problem]:
    """Why a tenant cannot stand beside the others; all reasons, none for tenants of other DATEV clients.

    :param others: may hold an earlier configuration of the tenant itself, which counts for nothing.
    """
    return [
        problem
        for other in others
        if other.key != config.key and other.datev.client_id == config.datev.client_id
        for problem in _problems_beside(config, other)
    ]


def _problems_beside(config: TenantConfig, other: TenantConfig) -> Iterator[Problem]:
    client = f"DATEV client {config.datev.consultant_number}/{config.datev.client_number}"
    if config.pipedrive.company_domain.casefold() == other.pipedrive.company_domain.casefold():
        yield Problem(
            "client_shared_by_company",
            f"The tenant {other.key} already carries the Pipedrive company "
            f"{config.pipedrive.company_domain} into the {client}: each deal would be booked twice.",
            "pipedrive.company_domain",
            f"Keep one of both tenants, or correct datev.client_number. To change the settings of "
            f'{other.key}, apply its file with key = "{other.key}".',
        )
    mine, theirs = _own_accounts(config.debtors), _own_accounts(other.debtors)
    overlap = range(max(mine.start, theirs.start), min(mine.stop, theirs.stop))
    if overlap and _may_clash(config.debtors, other.debtors):
        yield Problem(
            "client_shared_by_debtors",
            f"The tenant {other.key} gives out debtor accounts of the {client} as well: {_span(theirs)}; "
            f"this one {_span(mine)}. One account would carry two customers.",
            "debtors.first",
            "Give each tenant a range of its own with debtors.first and debtors.last, such as 10000 to 39999 "
            "and 40000 to 69999.",
        )
    creditors = range(
        max(config.debtors.creditor_first, other.debtors.creditor_first),
        min(config.debtors.creditor_last, other.debtors.creditor_last) + 1,
    )
    if creditors and _gives_creditors(config) and _gives_creditors(other):
        yield Problem(
            "client_shared_by_creditors",
            f"The tenant {other.key} gives out creditor accounts of the {client} as well; both may give "
            f"{_span(creditors)}. One account would carry two suppliers.",
            "debtors.creditor_first",
            "Give each tenant a range of its own with debtors.creditor_first and debtors.creditor_last.",
        )
    if _numbers_itself(config) and _numbers_itself(other) and _shape(config) == _shape(other):
        yield Problem(
            "client_shared_by_numbers",
            f"The tenant {other.key} makes its document numbers for the {client} as "
            f"{other.numbers.pattern}, this one as {config.numbers.pattern}: two invoices could get one "
            "number.",
            "numbers.pattern",
            'Give the pattern a prefix of its own, such as "B-{deal_id}".',
        )


def _own_accounts(debtors: DebtorConfig) -> range:
    """The accounts that we choose for this tenant; a number from a field is chosen by people."""
    if debtors.gives_accounts:
        return range(debtors.first, debtors.last + 1)
    if debtors.strategy is DebtorStrategy.COLLECTIVE and debtors.collective_account is not None:
        return range(debtors.collective_account, debtors.collective_account + 1)
    return range(0)


def _gives_creditors(config: TenantConfig) -> bool:
    return bool(config.debtors.creditor_labels) and not config.sale.fields.creditor_number


def _may_clash(mine: DebtorConfig, theirs: DebtorConfig) -> bool:
    """Two tenants may share a collective account: it carries many customers anyway."""
    return mine.gives_accounts or theirs.gives_accounts


def _span(accounts: range) -> str:
    return str(accounts[0]) if len(accounts) == 1 else f"{accounts[0]} to {accounts[-1]}"


def _numbers_itself(config: TenantConfig) -> bool:
    return config.numbers.source is not NumberSource.FIELD


def _shape(config: TenantConfig) -> str:
    """The pattern with its placeholders blanked: where these differ, a fixed text tells the numbers apart."""
    return _PLACEHOLDERS.sub("{}", config.numbers.pattern).casefold()
