"""Revenue accounts and cost centres in a tenant's file."""

from typing import Any

from connector.accounting.sale_checks import COST_CENTRE_LENGTH, cost_centre_problems
from connector.tenants.fields import Pairs, Text, Value, Whole, refuse

ACCOUNTS = (1000, 99_999_999)
"""Accounts of 4 to 8 digits; that they fit the client's length is a rule between keys."""


class Accounts(Value):
    """``8401``, or a table of tax cases: ``{ domestic_19 = 8401, eu_service = 8336 }``."""

    def __init__(self, example: str) -> None:
        super().__init__(example)
        self._account = Whole(example, *ACCOUNTS)
        self._by_tax_case = Pairs(example, self._account)

    def take(self, value: Any) -> tuple[tuple[str, int], ...]:
        """Tax case and account; the case is empty for an account of every case."""
        if not isinstance(value, dict):
            return (("", self._account.take(value)),)
        if not value:
            raise self.wrong_type(value, "an account, or a table of accounts by tax case")
        return self._by_tax_case.take(value)


class CostCentre(Text):
    """The number of a cost centre, which must arrive in DATEV sign by sign."""

    def __init__(self, example: str) -> None:
        super().__init__(example, longest=COST_CENTRE_LENGTH, check=_refuse_strange_signs)


def _refuse_strange_signs(text: str) -> None:
    for problem in cost_centre_problems(text):
        raise refuse(problem.code, f"will not do: {problem.message}", problem.cure)
