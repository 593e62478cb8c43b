"""Every alert asks for a measure that exists and leads to a section of the runbook that exists, and back."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from connector.store.measures import LoginEnd, Measures, Watched
from tests.unit.test_readme import anchors_of
from webapp.metrics import exposition

REPOSITORY = Path(__file__).parents[3]
RUNBOOK = REPOSITORY / "docs" / "runbook.md"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MEASURE = re.compile(r"\bmlc_[a-z_]+")
SELECTOR = re.compile(r"(mlc_[a-z_]+)\{([^}]*)\}")

ONLY_INFORMS = {"mlc_access_token_expiry_seconds"}
"""Access tokens are renewed by themselves; where that fails, ``mlc_login_connected`` tells."""


def rules() -> list[dict[str, Any]]:
    """All alerts."""
    read = yaml.safe_load((REPOSITORY / "config" / "prometheus-alerts.yml").read_text("utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def labels_by_measure() -> dict[str, set[str]]:
    """The names of all measures in ``/metrics``, and the labels of each."""
    read = Measures(
        runs={("acme", "needs_attention"): 1},
        batches={("acme", "needs_attention"): 1},
        oldest_due_run=NOW,
        oldest_due_batch=NOW,
        unreconciled=1,
        parked={"acme": True},
        logins=[LoginEnd("acme", "datev", "long", "connected", NOW, NOW)],
        refused={"acme": 1},
        refused_logins={"password": 1},
        watched=[Watched("acme", "deals", NOW, 1, True), Watched("acme", "hooks", NOW, 1, True)],
    )
    families = text_string_to_metric_families(exposition(read, NOW).decode())
    samples = [sample for family in families for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples if not sample.name.endswith("_created")}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_measures_and_labels_that_exist(rule: dict[str, Any]) -> None:
    known = labels_by_measure()
    asked = set(MEASURE.findall(rule["expr"]))

    assert asked
    assert set() == asked - set(known)
    for measure, selectors in SELECTOR.findall(rule["expr"]):
        assert set() == set(re.findall(r"(\w+)!?=", selectors)) - known[measure]
    shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert all(shown <= known[measure] for measure in asked)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_leads_to_its_section_of_the_runbook(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")

    assert "docs/runbook.md" == page
    assert anchor in anchors_of(RUNBOOK.read_text("utf-8"))
    assert f"| `{rule['alert']}` |" in RUNBOOK.read_text("utf-8")
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_every_measure_has_an_alert_or_only_informs() -> None:
    alerted = {measure for rule in rules() for measure in MEASURE.findall(rule["expr"])}

    assert set(labels_by_measure()) - ONLY_INFORMS == alerted


def test_no_alert_has_the_name_of_another() -> None:
    names = [rule["alert"] for rule in rules()]

    assert sorted(set(names)) == sorted(names)


def test_the_runbook_names_only_measures_that_exist() -> None:
    named = set(MEASURE.findall(RUNBOOK.read_text("utf-8")))

    assert set() == named - set(labels_by_measure())
