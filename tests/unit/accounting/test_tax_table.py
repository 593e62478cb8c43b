"""A wrong rule table is refused whole, with the place of every mistake."""

import copy
import re

import pytest

from connector.accounting.tax import TaxRules
from connector.errors import TableError
from tests.unit.accounting import samples


def booked(document):
    """What the first rule that books something books."""
    return next(rule["book"] for rule in document["rules"] if "book" in rule)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["rules"][0]["when"].update(colour=["red"]), "no fact is called 'colour'"),
        (lambda d: d["rules"][0]["when"].update(country=["FR"]), "country takes a list of its own values"),
        (lambda d: d["rules"][0]["when"].update(taxed=["yes"]), "taxed takes a list of its own values"),
        (lambda d: d["rules"][0].pop("source"), "rules[1].source: a text is wanted"),
        (lambda d: d["rules"][0].pop("park"), "either books or parks"),
        (lambda d: d["rules"][0].update(book={}), "either books or parks"),
        (lambda d: d["rules"][0].update(colour="red"), "rules[1].colour: nothing of this name"),
        (lambda d: d["rules"][0]["park"].update(reason="In {city}."), "can be filled into a sentence"),
        (
            lambda d: d["rules"][0]["park"].update(cure="Ask {line.__class__}."),
            "can be filled into a sentence",
        ),
        (lambda d: d["rules"][0]["park"].update(cure="Ask {line:>9999}."), "can be filled into a sentence"),
        (lambda d: d["rules"][0]["park"].update(cure="Ask {line!r}."), "can be filled into a sentence"),
        (lambda d: d["rules"][0]["park"].update(cure="Ask {line."), "can be filled into a sentence"),
        (lambda d: booked(d).update(because="at {0} %"), "can be filled into a sentence"),
        (lambda d: booked(d).update(charge=19.0), "a text is wanted"),
        (
            lambda d: booked(d).update(account={"skr03": 8400}),
            "an account of 4 digits for each of skr03, skr04",
        ),
        (lambda d: booked(d).update(eu_vat="city"), "only vat_id and country are known"),
        (lambda d: d["rules"].append(d["rules"][-1]), "two rules are called 'not_covered'"),
        (lambda d: d["rules"].pop(), "the last rule must have no conditions"),
        (lambda d: d.pop("version"), "tax_rules.version: a text is wanted"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place(change, complaint):
    document = copy.deepcopy(samples.document("tax_rules.toml"))
    change(document)

    with pytest.raises(TableError, match=re.escape(complaint)):
        TaxRules.parse(document, samples.eu_rates())


def test_a_wrong_table_lists_all_its_mistakes():
    document = copy.deepcopy(samples.document("tax_rules.toml"))
    document["rules"][0].pop("source")
    document["rules"][1].pop("source")

    with pytest.raises(TableError) as caught:
        TaxRules.parse(document, samples.eu_rates())

    assert 2 == len(caught.value.problems)
