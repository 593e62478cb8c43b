"""The German page for the procedure documentation says what the table of rules says."""

import re
from pathlib import Path

from connector.pipeline.retention_rules import JOURNAL, RULES, Years
from connector.settings import load

PAGE = Path(__file__).parents[3] / "docs" / "aufbewahrung.md"

_ROW = re.compile(r"\| [^|]+ \| `([^`]+)` \| (\d+) (Jahre|Tage?) \|")


def test_the_page_lists_every_rule_with_its_period() -> None:
    settings = load({}).retention
    periods = {rule.name: rule.period(settings) for rule in RULES}
    expected = {
        name: (period.number, "Jahre" if isinstance(period, Years) else "Tage")
        for name, period in {**periods, JOURNAL: Years(settings.book_years)}.items()
    }

    shown = {
        name: (int(number), "Jahre" if unit == "Jahre" else "Tage")
        for name, number, unit in _ROW.findall(PAGE.read_text("utf-8"))
    }

    assert expected == shown


def test_no_period_is_shorter_than_its_law() -> None:
    least = {name: int(number) for name, number in _least()}

    assert least
    assert all(rule.period(load({}).retention).number >= least[rule.name] for rule in RULES if rule.lawful)


def _least() -> list[tuple[str, str]]:
    return [
        (rule.name, found[1])
        for rule in RULES
        if rule.lawful and (found := re.search(r": (\d+) years$", rule.source))
    ]
