"""Every rule takes and refuses what DATEV's schema takes and refuses at and beyond its limits."""

import copy
import random

import pytest
from lxml import etree

from connector.datev.dxso import LedgerKind, write_archive, write_ledger
from connector.datev.dxso.elements import (
    ARCHIVE_RULES,
    CONSOLIDATE_RULES,
    DATA_FILE_RULE,
    DOCUMENT_RULES,
    DOCUMENT_TEXT_RULES,
    FILE_RULE,
    HEADER_RULES,
    INTERN_PROPERTY_RULES,
    INVOICE_PROPERTY_RULES,
    LEDGER_PROPERTY_RULES,
    LEDGER_RULES,
    LEVEL_RULES,
)
from connector.datev.dxso.schemas import schema_findings
from connector.datev.dxso.shape_check import shape_findings
from connector.datev.dxso.shapes import LEDGER_LINES
from tests.unit.datev.dxso.generated import FAULTS, archive, ledger
from tests.unit.datev.partner_files import partner_file

LENGTHS = (
    1,
    2,
    3,
    4,
    9,
    10,
    11,
    12,
    13,
    15,
    16,
    19,
    20,
    30,
    31,
    34,
    35,
    36,
    37,
    40,
    41,
    50,
    51,
    60,
    61,
    120,
    121,
)
VALUES = tuple(
    dict.fromkeys(
        (
            *FAULTS,
            *(sign * length for sign in ("x", "1", "%") for length in (*LENGTHS, 255, 256)),
            *(
                f"{'9' * before}.{'9' * after}"
                for before in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13)
                for after in (2, 4, 6)
            ),
            *(f"0.{'0' * zeros}1" for zeros in range(6)),
            *("AA", "Aa", "XK", "DEM", "GENODEF1", "GENODEF1XX", "GENODEF1XXXX", "genodef1"),
            *(
                f"2026-11-05T{time}"
                for time in ("24:00:00.0", "24:00:00.1", "24:00:01", "23:60:00", "1:00:00")
            ),
            *("DE12" + "1" * length for length in (10, 11, 30, 31)),
            *("a.b", "a_b", "a b", "a/b", "-", "a\nb", " ", "  x", "1753-01", "9999-12-31", "0999-01-01"),
        )
    )
)
KNOWN_DEVIATION = {("version", "6x0")}
"""The schema's pattern 6.0 has a point for any character; nobody writes that."""


def _root(kind):
    """A right file in which every rule has a place."""
    if kind == "archive":
        r = random.Random(5)  # noqa: S311 - test data, the same every time
        return etree.fromstring(write_archive(archive(r, 1)))
    r = random.Random(1)  # noqa: S311 - test data, the same every time
    while (made := ledger(r)).kind is not kind:
        pass
    return etree.fromstring(write_ledger(made))


def _places():
    """(Name of the place, kind of file, rules, how to put a value there)."""
    for kind, rules in LEDGER_LINES.items():
        yield kind, LedgerKind(kind), rules, lambda root, rule, rules_: _element(root[0][0], rule, rules_)
    receivable = LedgerKind.RECEIVABLE
    yield "LedgerImport", receivable, LEDGER_RULES, lambda root, rule, _: (root, rule.name)
    yield "consolidate", receivable, CONSOLIDATE_RULES, lambda root, rule, _: (root[0], rule.name)
    yield "archive", "archive", ARCHIVE_RULES, lambda root, rule, _: (root, rule.name)
    yield "header", "archive", HEADER_RULES, lambda root, rule, rules_: _element(root[0], rule, rules_)
    yield "document", "archive", DOCUMENT_RULES, lambda root, rule, _: (root[1][0], rule.name)
    yield (
        "document texts",
        "archive",
        DOCUMENT_TEXT_RULES,
        lambda root, rule, rules_: _element(root[1][0], rule, rules_),
    )


def _element(parent, rule, rules):
    """The element of a rule, made at its place if it is not there."""
    namespace = f"{{{etree.QName(parent).namespace}}}"
    order = [namespace + one.name for one in rules]
    place = order.index(namespace + rule.name)
    for child in parent:
        if child.tag == namespace + rule.name:
            return child, None
        if child.tag not in order or order.index(child.tag) > place:
            made = etree.Element(namespace + rule.name)
            parent.insert(parent.index(child), made)
            return made, None
    return etree.SubElement(parent, namespace + rule.name), None


def _verdicts(root, spot, xsd_dir):
    element, attribute = spot
    for value in VALUES:
        if attribute is None:
            element.text = value
        else:
            element.set(attribute, value)
        yield value, not shape_findings(root), not schema_findings(root, xsd_dir)


def _differences(root, rule, spot, xsd_dir):
    return [
        f"{rule.name} {value!r}: ours {'takes' if ours else 'refuses'} it"
        for value, ours, theirs in _verdicts(root, spot, xsd_dir)
        if ours != theirs and (rule.name, value) not in KNOWN_DEVIATION
    ]


@pytest.mark.parametrize(
    ("kind", "rules", "spot"), [place[1:] for place in _places()], ids=[p[0] for p in _places()]
)
def test_every_rule_agrees_with_datevs_schema_on_its_limits(kind, rules, spot):
    xsd_dir = partner_file("xsd")
    root = _root(kind)
    assert [] == schema_findings(root, xsd_dir)
    found = []
    for rule in rules:
        changed = copy.deepcopy(root)
        found += _differences(changed, rule, spot(changed, rule, rules), xsd_dir)

    assert [] == found


_INVOICE_PROPERTY = '<property value="Incoming" key="InvoiceType"/>'
_SNIPPETS = [
    ('<extension xsi:type="File" name="x"/>', ".", (FILE_RULE,)),
    ('<extension xsi:type="SEPAFile" name="x"/>', ".", (FILE_RULE,)),
    *(
        (
            f'<extension xsi:type="{kind}" datafile="x"><property value="2026-11" key="1"/></extension>',
            place,
            rules,
        )
        for kind in ("accountsReceivableLedger", "accountsPayableLedger", "cashLedger")
        for place, rules in ((".", (DATA_FILE_RULE,)), ("{*}property", LEDGER_PROPERTY_RULES))
    ),
    *(
        (
            f'<extension xsi:type="Invoice" datafile="x">{_INVOICE_PROPERTY}</extension>',
            place,
            rules,
        )
        for place, rules in ((".", (DATA_FILE_RULE,)), ("{*}property", INVOICE_PROPERTY_RULES))
    ),
]


@pytest.mark.parametrize(("snippet", "place", "rules"), _SNIPPETS)
def test_every_rule_of_an_extension_agrees_with_datevs_schema_on_its_limits(snippet, place, rules):
    xsd_dir = partner_file("xsd")
    space = 'xmlns="http://xml.datev.de/bedi/tps/document/v06.0"'
    instance = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    text = (
        f'<archive {space} {instance} version="6.0"><header><date>2026-11-05T10:00:00</date></header>'
        f"<content><document>{snippet}</document></content></archive>"
    )
    found = []
    for rule in rules:
        root = etree.fromstring(text)
        extension = root[1][0][0]
        element = extension if place == "." else extension.find(place)
        found += _differences(root, rule, (element, rule.name), xsd_dir)

    assert [] == found


@pytest.mark.parametrize(
    ("snippet", "rules"),
    [
        ('<repository><level id="1" name="x"/></repository>', LEVEL_RULES),
        ('<documentintern><property value="x" key="x"/></documentintern>', INTERN_PROPERTY_RULES),
    ],
)
def test_every_rule_below_a_document_agrees_with_datevs_schema_on_its_limits(snippet, rules):
    xsd_dir = partner_file("xsd")
    space = 'xmlns="http://xml.datev.de/bedi/tps/document/v06.0"'
    instance = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    text = (
        f'<archive {space} {instance} version="6.0"><header><date>2026-11-05T10:00:00</date></header>'
        f'<content><document><extension xsi:type="File" name="x"/>{snippet}</document></content></archive>'
    )
    found = []
    for rule in rules:
        root = etree.fromstring(text)
        found += _differences(root, rule, (root[1][0][1][0], rule.name), xsd_dir)

    assert [] == found
