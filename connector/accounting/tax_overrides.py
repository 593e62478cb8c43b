"""What one tenant and its adviser decide otherwise than the standard tax rules."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.accounting.tables import TableReader
from connector.accounting.tax_table import TaxRule, read_rule


@dataclass(frozen=True, slots=True)
class TaxOverrides:
    """A tenant's own rules and keys."""

    rules: tuple[TaxRule, ...] = ()
    tax_keys: tuple[tuple[str, str], ...] = ()
    """Tax case → key on an account without function."""

    @classmethod
    def parse(
        cls,
        rows: Sequence[Mapping[str, Any]],
        *,
        chart: str,
        tax_keys: Sequence[tuple[str, str]] = (),
        version: str = "",
    ) -> "TaxOverrides":
        """Read ``[[tax_rules]]`` of a tenant's file.

        :param chart: the tenant's chart: the only one for which its rules must name accounts.
        :param version: the tenant's name for the state of its rules; empty: eight characters of their hash.

        Raises:
            TableError: with every mistake; the fields are paths from the top of the tenant's file.
        """
        if not rows:
            return cls(tax_keys=tuple(tax_keys))
        reader = TableReader("", {"tax_rules": list(rows)})
        table = f"the tenant's own, version {version or _fingerprint(rows)}"
        readers = reader.tables("tax_rules")
        rules = tuple(read_rule(row, table=table, charts=(chart,)) for row in readers)
        for row, rule, written in zip(readers, rules, rows, strict=True):
            if [other.name for other in rules].count(rule.name) > 1:
                row.wrong(f"two rules are called {rule.name!r}", "name")
            if not written.get("when"):
                row.wrong("without conditions it would decide every line", "when")
        reader.finish()
        return cls(rules=rules, tax_keys=tuple(tax_keys))


def _fingerprint(rows: Sequence[Mapping[str, Any]]) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:8]
