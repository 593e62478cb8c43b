"""What a registry says about a VAT id, in the words that all registries share."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from connector.accounting.party import Party
from connector.errors import ConfigurationError, TransientError
from connector.http import Answer


class Match(StrEnum):
    """Whether the customer's name or address is the one that the registry has."""

    YES = "yes"
    NO = "no"
    NOT_SAID = ""
    """Not asked for, or the member state does not tell."""


@dataclass(frozen=True, slots=True)
class VatAnswer:
    """A definite answer: the registry knows the number, or it does not."""

    provider: str
    """``vies`` or ``bzst``."""
    valid: bool
    status: str
    """The registry's own code: ``INVALID``, ``evatr-2001``."""
    reference: str = ""
    """Consultation number or id of the request: what a tax office takes as proof."""
    name: Match = Match.NOT_SAID
    address: Match = Match.NOT_SAID


class VatRegistry(Protocol):
    """One registry."""

    def check(self, vat_id: str, party: Party) -> VatAnswer:
        """Ask about a VAT id (with prefix) of a customer.

        :raises TransientError: no answer now: the registry, or the member state behind it, is away or busy.
        :raises ConfigurationError: the registry does not serve us: our own VAT id is wrong, say.
        """


def read_object(answer: Answer, registry: str) -> dict[str, Any]:
    """The answer's JSON object.

    :raises TransientError: it is none (a proxy's page, say).
    """
    body = answer.json()
    if not isinstance(body, dict):
        raise no_answer(registry, f"HTTP {answer.status}")
    return body


def no_answer(registry: str, status: str) -> TransientError:
    """The registry cannot say now."""
    return TransientError(
        f"{registry} cannot answer now ({status}).",
        code="vat_registry_unavailable",
        cure="Nothing to do: it is asked again. If it lasts, set vat_check.when_unavailable or provider.",
    )


def not_served(registry: str, status: str) -> ConfigurationError:
    """The registry refuses us, not the customer's number."""
    return ConfigurationError(
        f"{registry} does not serve our requests ({status}).",
        code="vat_registry_refuses",
        field="booking.home_vat_id",
        cure="Check the tenant's own VAT id (seller.vat_id, booking.home_vat_id) or vat_check.provider.",
    )
