"""Our own rules and DATEV's schemas say the same of a thousand packages, right ones and broken ones."""

import pytest
from lxml import etree

from connector.datev.dxso.schemas import schema_findings
from connector.datev.dxso.shape_check import shape_findings
from connector.datev.dxso.shapes import ROOTS
from connector.datev.dxso.xml import parse_xml
from tests.unit.datev.dxso.generated import package
from tests.unit.datev.partner_files import partner_file

PACKAGES = 1000
SHARES = 4
"""Parts that run beside each other."""


def _verdicts(seed, xsd_dir):
    """Per file of one package: whether our rules take it, and whether DATEV's schema does."""
    made = package(seed)
    for content in (made.archive, *made.ledgers):
        root = parse_xml(content, "file")
        known = root.tag in ROOTS
        yield not shape_findings(root), known and not schema_findings(root, xsd_dir)


@pytest.mark.parametrize("share", range(SHARES))
def test_our_rules_and_datevs_schemas_agree(share):
    xsd_dir = partner_file("xsd")
    verdicts = {seed: list(_verdicts(seed, xsd_dir)) for seed in range(share, PACKAGES, SHARES)}

    assert {} == {
        seed: found for seed, found in verdicts.items() if any(ours != theirs for ours, theirs in found)
    }
    taken = sum(all(ours for ours, _ in found) for found in verdicts.values())
    assert 0.2 < taken / len(verdicts) < 0.8, "the packages prove nothing when nearly all are alike"


def test_the_generated_packages_are_the_same_every_time():
    assert package(7) == package(7)


def test_right_packages_and_broken_ones_are_made():
    broken = 0
    for seed in range(200):
        made = package(seed)
        broken += any(shape_findings(etree.fromstring(content)) for content in (made.archive, *made.ledgers))

    assert 50 < broken < 150
