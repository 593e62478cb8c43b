"""The chart tables, held against what is known of DATEV's charts, and against injected faults."""

import copy
import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from connector.accounting.chart import (
    AccountEntry,
    AccountFunction,
    Chart,
    creditor_range,
    debtor_range,
    scaled_account,
    standard_account,
)
from connector.errors import TableError
from tests.unit.accounting import samples

REFERENCE = Path(__file__).parents[4] / "shared/data/datev/tables/revenue_accounts_2026.csv"


@pytest.mark.parametrize(
    ("name", "account", "function"),
    [
        ("skr03", 8400, "AM"),
        ("skr03", 8419, "AM"),
        ("skr03", 8420, "R"),
        ("skr03", 8448, "R"),
        ("skr03", 8449, "AM"),
        ("skr03", 8200, "none"),
        ("skr03", 8195, "R"),
        ("skr03", 8192, "AM"),
        ("skr03", 1400, "S"),
        ("skr03", 1410, "F"),
        ("skr03", 9999, None),
        ("skr04", 4400, "AM"),
        ("skr04", 4185, "R"),
        ("skr04", 4184, "AM"),
        ("skr04", 1200, "S"),
        ("skr04", 8400, None),
    ],
)
def test_the_chart_knows_the_function_of_an_account(name, account, function):
    assert function == samples.chart(name).function_of(account)


def _rows_of_the_reference(column: str) -> Iterator[tuple[dict[str, str], int, int]]:
    """Each account or range of DATEV's charts, with the row that explains it."""
    with REFERENCE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for bounds in row[column].split(" / "):
                first, _, last = bounds.partition("-")
                yield row, int(first), int(last or first)


needs_reference = pytest.mark.skipif(
    not REFERENCE.exists(), reason="the reference table of revenue accounts is not on this machine"
)


@needs_reference
@pytest.mark.parametrize(("name", "number"), [("skr03", "03"), ("skr04", "04")])
def test_every_account_of_the_reference_table_is_in_the_chart_with_its_function(name, number):
    chart = samples.chart(name)
    wrong, seen = [], 0
    for row, first, last in _rows_of_the_reference(name):
        if row["function"] == "personal":
            ranges = {"debtors": debtor_range(4), "creditors": creditor_range(4)}
            assert ranges[row["meaning_own_words"].split()[0]] == range(first, last + 1)
            continue
        # S/AM accounts are fed by DATEV alone, which is what S says.
        function = row["function"].split("/")[0]
        seen += last - first + 1
        wrong += [
            (account, function)
            for account in range(first, last + 1)
            if str(chart.function_of(account)) != function
        ]

    assert [] == wrong
    assert seen > 140
    assert (number, 2026) == (chart.datev_number, chart.year)


@needs_reference
@pytest.mark.parametrize("name", ["skr03", "skr04"])
def test_every_account_of_the_reference_table_has_the_rate_and_needs_that_it_tells(name):
    chart = samples.chart(name)
    wrong = []
    for row, first, _ in _rows_of_the_reference(name):
        entry, meaning = chart.entry_of(first), row["meaning_own_words"]
        if entry is None:
            continue
        rates = {Decimal(rate) for rate in re.findall(r"(\d+) %", meaning)}
        if entry.function.is_automatic and not rates:
            rates = {Decimal(0)}
        needs = row["vat_id_or_country_needed"]
        told = "vat_id" if "VAT id" in needs else "country" if "country" in needs else ""
        checks = {
            "rate": entry.rate is None or entry.rate in rates,
            "needs": told == entry.needs,
            "key": not entry.key_required or row["booking_key_advice"] != "leave key empty",
            "obsolete": entry.obsolete == (row["booking_key_advice"] == "do not use"),
        }
        wrong += [(first, check) for check, right in checks.items() if not right]

    assert [] == wrong


@needs_reference
@pytest.mark.parametrize("name", ["skr03", "skr04"])
def test_the_chart_has_no_account_that_the_reference_table_does_not_have(name):
    known = {
        account
        for row, first, last in _rows_of_the_reference(name)
        if row["function"] != "personal"
        for account in range(first, last + 1)
    }
    ours = {
        account for entry in samples.chart(name).entries for account in range(entry.first, entry.last + 1)
    }

    assert set() == ours - known


@pytest.mark.parametrize("name", ["skr03", "skr04"])
@pytest.mark.parametrize("tax_key", ["2", "3", "9", "20", "231"])
def test_no_key_passes_on_any_automatic_account(name, tax_key):
    chart = samples.chart(name)
    automatic = [entry for entry in chart.entries if entry.function.is_automatic and not entry.obsolete]

    found = {
        problem.code
        for entry in automatic
        for account in (entry.first, entry.last)
        for problem in chart.check_ledger_account(account, tax_key, account_length=4)
    }

    assert {"key_on_automatic_account"} == found
    assert [] == [e for e in automatic if chart.check_ledger_account(e.first, "", account_length=4)]


def test_key_40_lifts_the_automatic_of_an_account():
    assert () == samples.chart().check_ledger_account(8400, "40", account_length=4)


@pytest.mark.parametrize("account", [8200, 8320, 8331, 8700, 8510])
def test_a_plain_account_wants_a_key(account):
    chart = samples.chart()

    assert ["key_missing_on_plain_account"] == [
        problem.code for problem in chart.check_ledger_account(account, "", account_length=4)
    ]
    assert () == chart.check_ledger_account(account, "3", account_length=4)


def test_a_plain_account_carries_every_case_unless_it_names_some_or_wants_a_country():
    plain = AccountEntry(8200, 8200, AccountFunction.NONE, "plain", key_required=True)

    assert plain.carries("domestic_19")
    assert not replace(plain, needs="country").carries("domestic_19")
    assert not replace(plain, tax_cases=("oss_goods",)).carries("domestic_19")
    assert not replace(plain, key_required=False).carries("domestic_19")


@pytest.mark.parametrize("function", [f for f in AccountFunction if f != "AM"])
def test_another_function_of_the_account_changes_the_verdict(function):
    """Mutation: were 8400 anything but automatic, key 3 on it would be judged otherwise."""
    document = copy.deepcopy(samples.document("charts/skr03.toml"))
    (row,) = [row for row in document["accounts"] if row["first"] == 8400]
    row["function"] = function.value

    problems = Chart.parse(document).check_ledger_account(8400, "3", account_length=4)

    expected = {"AV": "key_on_automatic_account", "S": "account_collective", "R": "account_reserved"}
    assert expected.get(function, "") == "".join(problem.code for problem in problems)


@pytest.mark.parametrize(
    ("length", "account", "scaled"),
    [(4, 8400, 8400), (5, 8400, 84000), (6, 4336, 433600), (8, 8300, 83000000)],
)
def test_accounts_are_scaled_with_zeros_on_the_right(length, account, scaled):
    assert scaled == scaled_account(account, length)
    assert account == standard_account(scaled, length)


def test_a_further_account_of_an_automatic_range_is_automatic():
    assert 8400 == standard_account(84001, 5)
    assert () == samples.chart().check_ledger_account(84001, "", account_length=5)


@pytest.mark.parametrize("length", [3, 9])
def test_other_account_lengths_do_not_exist(length):
    with pytest.raises(ValueError, match="4 to 8 digits"):
        scaled_account(8400, length)


@pytest.mark.parametrize(
    ("length", "first", "last"), [(4, 10000, 69999), (5, 100000, 699999), (8, 100000000, 699999999)]
)
def test_debtors_are_one_digit_longer(length, first, last):
    debtors = debtor_range(length)

    assert (first, last) == (debtors[0], debtors[-1])
    assert last + 1 == creditor_range(length)[0]
    assert length + 1 == len(str(creditor_range(length)[-1]))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["accounts"].append(dict(d["accounts"][0])), "overlap"),
        (lambda d: d["accounts"][0].update(function="AX"), "'AX' is none of AM, AV, S, F, R, none"),
        (lambda d: d["accounts"][0].update(last=1), "ends before it begins"),
        (lambda d: d["accounts"][0].update(first="1400"), "a whole number is wanted"),
        (lambda d: d["accounts"][0].update(obsolete="no"), "true or false is wanted"),
        (lambda d: d["accounts"][0].update(tax_cases="x"), "a list of texts is wanted"),
        (lambda d: d["accounts"][0].update(rate="x"), "a number in quotes is wanted"),
        (lambda d: d["accounts"][0].update(colour="red"), "nothing of this name is known"),
        (lambda d: d.update(accounts=[]), "a list of tables is wanted"),
    ],
)
def test_a_wrong_chart_is_refused(change, complaint):
    document = copy.deepcopy(samples.document("charts/skr03.toml"))
    change(document)

    with pytest.raises(TableError, match=re.escape(complaint)):
        Chart.parse(document)
