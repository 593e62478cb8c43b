"""Go-live and the ignore rules: the first that matches names itself, and what is unknown matches none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connector.pipeline.ignore import BEFORE_GO_LIVE, DealFacts, ignoring_rule
from connector.tenants.config import IgnoreBy, IgnoreRule, TenantConfig
from tests.integration.webapp.world import tenant_config

GO_LIVE = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)

CONFIG: TenantConfig = replace(
    tenant_config(),
    go_live_at=GO_LIVE,
    ignore=(
        IgnoreRule("tests", IgnoreBy.PIPELINE, ("3", "4")),
        IgnoreRule("internal", IgnoreBy.LABEL, ("12",)),
        IgnoreRule("foreign money", IgnoreBy.CURRENCY, ("USD", "CHF")),
        IgnoreRule("for nothing", IgnoreBy.VALUE_ZERO),
    ),
)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (DealFacts(), None),
        (DealFacts(first_won_at=GO_LIVE - SECOND, won_at=GO_LIVE + SECOND), BEFORE_GO_LIVE),
        (DealFacts(first_won_at=GO_LIVE), None),
        (DealFacts(won_at=GO_LIVE - SECOND), BEFORE_GO_LIVE),
        (DealFacts(won_at=GO_LIVE), None),
        (DealFacts(pipeline_id=3), "tests"),
        (DealFacts(pipeline_id=33), None),
        (DealFacts(label_ids=(5, 12)), "internal"),
        (DealFacts(label_ids=()), None),
        (DealFacts(currency="CHF"), "foreign money"),
        (DealFacts(currency="EUR"), None),
        (DealFacts(value=Decimal("0.00")), "for nothing"),
        (DealFacts(value=Decimal("0.01")), None),
        (DealFacts(pipeline_id=4, currency="USD"), "tests"),
        (DealFacts(first_won_at=GO_LIVE - SECOND, pipeline_id=3), BEFORE_GO_LIVE),
    ],
)
def test_the_first_rule_that_matches_is_named(facts: DealFacts, rule: str | None) -> None:
    assert rule == ignoring_rule(CONFIG, facts)
