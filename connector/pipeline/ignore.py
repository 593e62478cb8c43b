"""Go-live and the ignore rules: asked on every way in, and again when the deal has been read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connector.tenants.config import IgnoreBy, IgnoreRule, TenantConfig

BEFORE_GO_LIVE = "won before go-live"
"""Name of the rule that every tenant has."""


@dataclass(frozen=True, slots=True)
class DealFacts:
    """What the rules look at; None where the source does not tell."""

    first_won_at: datetime | None = None
    won_at: datetime | None = None
    pipeline_id: int | None = None
    label_ids: tuple[int, ...] | None = None
    currency: str | None = None
    value: Decimal | None = None


def ignoring_rule(config: TenantConfig, facts: DealFacts, *, despite: str = "") -> str | None:
    """The name of the first rule by which this deal is left alone; None if it is to be booked.

    A fact that is not known matches no rule here: the deal is read before anything is booked,
    and then the rules are asked again with every fact.

    :param despite: the rule that a person has set aside for this deal; only that of go-live can be.
    """
    first_won_at = facts.first_won_at or facts.won_at
    early = first_won_at is not None and first_won_at < config.go_live_at
    if early and despite != BEFORE_GO_LIVE:
        return BEFORE_GO_LIVE
    return next((rule.name for rule in config.ignore if _MATCHES[rule.by](rule, facts)), None)


def _pipeline(rule: IgnoreRule, facts: DealFacts) -> bool:
    return facts.pipeline_id is not None and str(facts.pipeline_id) in rule.values


def _label(rule: IgnoreRule, facts: DealFacts) -> bool:
    return any(str(label) in rule.values for label in facts.label_ids or ())


def _currency(rule: IgnoreRule, facts: DealFacts) -> bool:
    return facts.currency is not None and facts.currency in rule.values


def _value_zero(_rule: IgnoreRule, facts: DealFacts) -> bool:
    return facts.value is not None and facts.value == 0


_MATCHES: Mapping[IgnoreBy, Callable[[IgnoreRule, DealFacts], bool]] = {
    IgnoreBy.PIPELINE: _pipeline,
    IgnoreBy.LABEL: _label,
    IgnoreBy.CURRENCY: _currency,
    IgnoreBy.VALUE_ZERO: _value_zero,
}
