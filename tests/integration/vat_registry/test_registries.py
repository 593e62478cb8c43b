"""VIES and eVatR over a real socket: the question as it is described, and what each answer means."""

from datetime import timedelta

import pytest

from connector.accounting.party import Address, Party
from connector.errors import ConfigurationError, TransientError
from connector.http import HttpClient
from connector.vat_registry import BzstRegistry, Match, VatAnswer, ViesRegistry
from tests.integration.vat_registry.fake_registry import FakeRegistry

PARTY = Party(
    key="organization:1",
    name="Beispiel GmbH",
    address=Address("Ring 1", "", "1010", "Wien", "AT"),
)
OWN = "DE136695976"


def http() -> HttpClient:
    return HttpClient("registry", connect_timeout=timedelta(seconds=5), call_deadline=timedelta(seconds=10))


def vies(registry: FakeRegistry, own_vat_id: str = OWN) -> ViesRegistry:
    return ViesRegistry(http(), base_url=registry.url, own_vat_id=own_vat_id)


def bzst(registry: FakeRegistry) -> BzstRegistry:
    return BzstRegistry(http(), base_url=registry.url, own_vat_id=OWN)


def test_vies_is_asked_with_our_own_number_and_the_customers_name(registry: FakeRegistry) -> None:
    registry.answer(200, {"valid": True, "userError": "VALID", "requestIdentifier": "WAPIAAAAY1"})

    answer = vies(registry).check("ATU13585627", PARTY)

    assert VatAnswer("vies", valid=True, status="VALID", reference="WAPIAAAAY1") == answer
    assert [
        (
            "/check-vat-number",
            {
                "countryCode": "AT",
                "vatNumber": "U13585627",
                "requesterMemberStateCode": "DE",
                "requesterNumber": "136695976",
                "traderName": "Beispiel GmbH",
                "traderStreet": "Ring 1",
                "traderPostalCode": "1010",
                "traderCity": "Wien",
            },
        )
    ] == registry.asked


def test_without_a_number_of_our_own_vies_is_asked_about_the_number_alone(registry: FakeRegistry) -> None:
    registry.answer(200, {"valid": True})

    assert VatAnswer("vies", valid=True, status="VALID") == vies(registry, "").check("EL094259216", PARTY)
    assert [("/check-vat-number", {"countryCode": "EL", "vatNumber": "094259216"})] == registry.asked


@pytest.mark.parametrize(
    ("said", "name", "address"),
    [
        ({"traderNameMatch": "VALID"}, Match.YES, Match.NOT_SAID),
        ({"traderNameMatch": "INVALID", "traderCityMatch": "VALID"}, Match.NO, Match.YES),
        ({"traderNameMatch": "NOT_PROCESSED"}, Match.NOT_SAID, Match.NOT_SAID),
        ({"traderCityMatch": "VALID", "traderStreetMatch": "INVALID"}, Match.NOT_SAID, Match.NO),
    ],
)
def test_what_vies_says_about_name_and_address(
    registry: FakeRegistry, said: dict[str, str], name: Match, address: Match
) -> None:
    registry.answer(200, {"valid": True, "userError": "VALID", **said})

    answer = vies(registry).check("ATU13585627", PARTY)

    assert (name, address) == (answer.name, answer.address)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, {"valid": False, "userError": "INVALID"}, "INVALID"),
        (200, {"valid": False}, "INVALID"),
        (400, {"actionSucceed": False, "errorWrappers": [{"error": "INVALID_INPUT"}]}, "INVALID_INPUT"),
    ],
)
def test_a_number_that_vies_does_not_know(
    registry: FakeRegistry, status: int, body: dict[str, object], code: str
) -> None:
    registry.answer(status, body)

    assert VatAnswer("vies", valid=False, status=code) == vies(registry).check("ATU13585627", PARTY)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"valid": False, "userError": "MS_UNAVAILABLE"}),
        (200, {"valid": False, "userError": "MS_MAX_CONCURRENT_REQ"}),
        (200, {"actionSucceed": False, "errorWrappers": [{"error": "GLOBAL_MAX_CONCURRENT_REQ"}]}),
        (200, {"valid": "yes", "userError": "VALID"}),
        (500, {"actionSucceed": False, "errorWrappers": [{"error": "TIMEOUT"}]}),
        (503, {}),
        (200, []),
        (502, "<html>Bad Gateway</html>"),
        (200, ""),
    ],
)
def test_trouble_at_vies_is_never_the_answer_that_a_number_is_wrong(
    registry: FakeRegistry, status: int, body: object
) -> None:
    registry.answer(status, body)

    with pytest.raises(TransientError):
        vies(registry).check("ATU13585627", PARTY)


@pytest.mark.parametrize("error", ["INVALID_REQUESTER_INFO", "IP_BLOCKED", "VAT_BLOCKED"])
def test_vies_refusing_us_is_a_setting(registry: FakeRegistry, error: str) -> None:
    registry.answer(400, {"errorWrappers": [{"error": error}]})

    with pytest.raises(ConfigurationError, match=error):
        vies(registry).check("ATU13585627", PARTY)


def test_the_bzst_is_asked_for_a_qualified_confirmation(registry: FakeRegistry) -> None:
    registry.answer(
        200,
        {
            "id": "a1b2",
            "anfrageZeitpunkt": "2026-11-22T20:00:00+01:00",
            "status": "evatr-0000",
            "ergFirmenname": "A",
            "ergStrasse": "B",
            "ergPlz": "A",
            "ergOrt": "A",
        },
    )

    answer = bzst(registry).check("ATU13585627", PARTY)

    assert VatAnswer("bzst", True, "evatr-0000", "a1b2", Match.YES, Match.NO) == answer
    assert [
        (
            "/abfrage",
            {
                "anfragendeUstid": OWN,
                "angefragteUstid": "ATU13585627",
                "firmenname": "Beispiel GmbH",
                "ort": "Wien",
                "strasse": "Ring 1",
                "plz": "1010",
            },
        )
    ] == registry.asked


@pytest.mark.parametrize(
    ("http_status", "status"),
    [(404, "evatr-2001"), (200, "evatr-2002"), (200, "evatr-2006"), (400, "evatr-0012"), (400, "evatr-2003")],
)
def test_a_number_that_the_bzst_does_not_confirm(
    registry: FakeRegistry, http_status: int, status: str
) -> None:
    registry.answer(http_status, {"status": status})

    assert VatAnswer("bzst", valid=False, status=status) == bzst(registry).check("ATU13585627", PARTY)


@pytest.mark.parametrize(
    ("http_status", "body"),
    [
        (503, {"status": "evatr-0011"}),
        (500, {"status": "evatr-1002"}),
        (403, {"status": "evatr-0008"}),
        (200, {"status": "evatr-9999"}),
        (500, {}),
        (504, "upstream"),
    ],
)
def test_trouble_at_the_bzst_is_never_the_answer_that_a_number_is_wrong(
    registry: FakeRegistry, http_status: int, body: object
) -> None:
    registry.answer(http_status, body)

    with pytest.raises(TransientError):
        bzst(registry).check("ATU13585627", PARTY)


@pytest.mark.parametrize("status", ["evatr-0004", "evatr-0006", "evatr-2005"])
def test_the_bzst_refusing_us_is_a_setting(registry: FakeRegistry, status: str) -> None:
    registry.answer(404, {"status": status})

    with pytest.raises(ConfigurationError, match=status):
        bzst(registry).check("ATU13585627", PARTY)


def test_a_registry_that_is_away_is_asked_later() -> None:
    away = ViesRegistry(http(), base_url="http://127.0.0.1:1", own_vat_id=OWN)

    with pytest.raises(TransientError, match="cannot be reached"):
        away.check("ATU13585627", PARTY)
