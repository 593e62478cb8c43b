"""The rates of the member states: which hold where and when."""

import copy
from datetime import date
from decimal import Decimal

import pytest

from connector.accounting.eu_vat_rates import EuVatRates
from connector.accounting.party import Address, CustomerStatus
from connector.errors import TableError
from tests.unit.accounting import samples

TODAY = date(2026, 11, 20)


def rates(country: str, postal_code: str = "", day: date = TODAY) -> str | None:
    found = samples.eu_rates().rates_at(Address(postal_code=postal_code, country=country), day)
    return found.listed() if found else None


@pytest.mark.parametrize(
    ("country", "postal_code", "listed"),
    [
        ("AT", "1010", "20, 13, 10, 4.9 %"),
        ("GR", "10557", "24, 13, 6 %"),
        ("GR", "83100", "24, 17, 13, 9, 6, 4 %"),
        ("PT", "1000-001", "23, 13, 6 %"),
        ("PT", "9000-001", "22, 12, 4 %"),
        ("PT", "9500-001", "16, 9, 4 %"),
        ("FR", "20000", "20, 13, 10, 5.5, 2.1, 0.9 %"),
        ("DK", "", "25 %"),
        ("GB", "BT1 5GS", "20, 5 %"),
        ("GB", "SW1A 1AA", None),
        ("CH", "8001", None),
        ("", "", None),
    ],
)
def test_an_address_has_the_rates_of_its_state_or_region(country, postal_code, listed):
    assert listed == rates(country, postal_code)


@pytest.mark.parametrize(
    ("country", "day", "listed"),
    [
        ("EE", date(2025, 6, 30), "22, 13, 9, 5 %"),
        ("EE", date(2025, 7, 1), "24, 13, 9 %"),
        ("RO", date(2025, 7, 31), "19, 9, 5 %"),
        ("RO", date(2025, 8, 1), "21, 11, 9 %"),
        ("RO", date(2026, 8, 1), "21, 11 %"),
        ("FI", date(2025, 12, 31), "25.5, 14, 10 %"),
        ("FI", date(2026, 1, 1), "25.5, 13.5, 10 %"),
        ("LT", date(2026, 1, 1), "21, 12, 5 %"),
    ],
)
def test_a_rate_holds_from_its_day_on(country, day, listed):
    assert listed == rates(country, day=day)


@pytest.mark.parametrize(
    ("rate", "kind"),
    [("20", "standard"), ("20.00", "standard"), ("10", "reduced"), ("19", "none"), ("0", "none")],
)
def test_a_stated_rate_is_standard_reduced_or_none_of_the_state(rate, kind):
    found = samples.eu_rates().rates_at(Address(country="AT"), TODAY)

    assert kind == found.kind_of(Decimal(rate))


def test_the_rate_is_that_of_the_day_of_the_supply():
    buyer = samples.buyer("EE", status=CustomerStatus.CONSUMER, postal_code="10111")
    line = samples.line(rate="24")

    def kind(**dates):
        sale = samples.sale(line, buyer=buyer, document_date=date(2025, 7, 15), **dates)
        return samples.facts(line, sale).values["member_rate"]

    assert "standard" == kind()
    assert "none" == kind(service_date=date(2025, 6, 15))
    assert "standard" == kind(service_date=date(2025, 6, 15), service_period_end=date(2025, 7, 14))


def test_every_member_state_has_its_rates():
    states = {state.country for state in samples.eu_rates().states}

    assert 28 == len(states)
    assert {"DE", "EL", "XI"} < states
    assert all(15 <= state.standard <= 27 for state in samples.eu_rates().states)
    assert all(max(state.reduced, default=Decimal(0)) < 20 for state in samples.eu_rates().states)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["states"].pop(), "eu_vat_rates: the rates of XI are missing."),
        (
            lambda d: d["states"][0].update(standard="0"),
            'eu_vat_rates.states[1].standard: rates above 0 in quotes are wanted, such as "20".',
        ),
        (
            lambda d: d["states"][0].update(reduced=["10 %"]),
            'eu_vat_rates.states[1].reduced: rates above 0 in quotes are wanted, such as "20".',
        ),
        (
            lambda d: d["states"][0].update(country="GR"),
            (
                "eu_vat_rates.states[1].country: "
                "the prefix of a member state's VAT ids is wanted, EL for Greece."
            ),
        ),
        (
            lambda d: d["states"][0].update(region="Tyrol"),
            "eu_vat_rates.states[1].region: a region has a name and postal codes.",
        ),
        (
            lambda d: d["states"][1].update({"from": "2026-07-01"}),
            "eu_vat_rates.states[2].from: a date without quotes is wanted, such as 2026-01-01.",
        ),
        (
            lambda d: d["states"].append(d["states"][0]),
            "eu_vat_rates: two rows hold for AT from 0001-01-01.",
        ),
    ],
)
def test_a_wrong_table_of_rates_is_refused_with_the_place(change, complaint):
    document = copy.deepcopy(samples.document("eu_vat_rates.toml"))
    change(document)

    with pytest.raises(TableError) as caught:
        EuVatRates.parse(document)

    assert complaint in [problem.message for problem in caught.value.problems]
