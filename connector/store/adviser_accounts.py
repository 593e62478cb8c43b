"""The adviser's list of personal accounts, as it was last imported."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.accounting.adviser_list import AdviserAccount, name_key, vat_id_sought
from connector.accounting.party import Party
from connector.store import tables as t
from connector.store.engine import Transaction

_STORED = ("account", "name", "vat_id", "postal_code", "city", "country")
_COLUMNS = [t.adviser_account.c[name] for name in _STORED]

_AT_ONCE = 1000
"""Rows per statement: a list of tens of thousands of accounts is a few dozen round trips."""


def all_of(tx: Transaction, tenant_id: int) -> list[AdviserAccount]:
    """The whole list, by account."""
    chosen = (
        sa.select(*_COLUMNS)
        .where(t.adviser_account.c.tenant_id == tenant_id)
        .order_by(t.adviser_account.c.account)
    )
    return [AdviserAccount(*row) for row in tx.execute(chosen)]


def candidates(
    tx: Transaction, tenant_id: int, party: Party, accounts: range, number: int | None = None
) -> list[AdviserAccount]:
    """The accounts that a party may be: with its number, its VAT id or its name.

    :param accounts: only accounts among these, which tells debtors from creditors.
    """
    table = t.adviser_account
    signs: list[sa.ColumnElement[bool]] = []
    if number is not None:
        signs.append(table.c.account == number)
    vat_id, key = vat_id_sought(party), name_key(party.name)
    if vat_id:
        signs.append(table.c.vat_id == vat_id)
    if key:
        signs.append(table.c.name_key == key)
    if not signs:
        return []
    chosen = (
        sa.select(*_COLUMNS)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.account.between(accounts.start, accounts.stop - 1),
            sa.or_(*signs),
        )
        .order_by(table.c.account)
    )
    return [AdviserAccount(*row) for row in tx.execute(chosen)]


def is_empty(tx: Transaction, tenant_id: int) -> bool:
    """Whether no list was imported."""
    one = sa.select(t.adviser_account.c.account).where(t.adviser_account.c.tenant_id == tenant_id).limit(1)
    return tx.execute(one).first() is None


def clash_of(tx: Transaction, tenant_id: int, account: int) -> str:
    """The party of ours that has this account although the list gives it to another; empty: none."""
    table = t.adviser_account
    found = tx.execute(
        sa.select(table.c.clash).where(table.c.tenant_id == tenant_id, table.c.account == account)
    ).scalar_one_or_none()
    return found or ""


def clashes_of(tx: Transaction, tenant_id: int) -> dict[int, str]:
    """Account → the party of ours that has it although the list gives it to another."""
    table = t.adviser_account
    chosen = sa.select(table.c.account, table.c.clash).where(
        table.c.tenant_id == tenant_id, table.c.clash != ""
    )
    return {row.account: row.clash for row in tx.execute(chosen)}


def replace_all(
    tx: Transaction,
    tenant_id: int,
    entries: Sequence[AdviserAccount],
    clashes: Mapping[int, str],
    *,
    now: datetime,
) -> None:
    """Put these entries in the place of the whole list.

    :param clashes: account → the party of ours that has it.
    """
    tx.execute(t.adviser_account.delete().where(t.adviser_account.c.tenant_id == tenant_id))
    for start in range(0, len(entries), _AT_ONCE):
        rows = _rows(tenant_id, entries[start : start + _AT_ONCE], clashes, now)
        tx.execute(t.adviser_account.insert(), rows)


def _rows(
    tenant_id: int, entries: Iterable[AdviserAccount], clashes: Mapping[int, str], now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(entry, name) for name in _STORED},
            "tenant_id": tenant_id,
            "name_key": name_key(entry.name),
            "clash": clashes.get(entry.account, ""),
            "imported_at": now,
        }
        for entry in entries
    ]
