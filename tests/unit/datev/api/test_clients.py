"""accounting-clients v2."""

import pytest

from connector.datev.clients import DatevClient, carries_service, get_client, list_clients
from connector.errors import ConfigurationError, TransientError
from connector.tenants.config import DatevFormat
from tests.unit.datev.api.fake_http import FakeHttp, Script, api_with

MUSTERHOLZ = {
    "client_number": 55003,
    "consultant_number": "29098",
    "id": "29098-55003",
    "name": "Musterholz",
    "services": [
        {"name": "Belegbilderservice", "scopes": ["accounting:documents"]},
        {"name": "Buchungsdatenservice", "scopes": ["datev:accounting:extf-files-import"]},
    ],
    "something_new": True,
}
EXPECTED = DatevClient(
    "29098-55003", 29098, 55003, "Musterholz", ("Belegbilderservice", "Buchungsdatenservice")
)


def test_a_client_is_read_with_its_services():
    assert EXPECTED == get_client(api_with(FakeHttp(Script(200, MUSTERHOLZ))), "29098-55003")


def test_a_client_without_services_has_none():
    item = {key: value for key, value in MUSTERHOLZ.items() if key != "services"}
    assert () == list_clients(api_with(FakeHttp(Script(200, [item]))))[0].services


def test_another_client_than_asked_for_is_no_answer():
    with pytest.raises(TransientError, match="another client"):
        get_client(api_with(FakeHttp(Script(200, MUSTERHOLZ))), "29098-1")


@pytest.mark.parametrize("strange", ["../../x", "", 7, None, ["29098-55003"]])
def test_a_client_whose_id_no_path_can_carry_is_no_answer(strange):
    with pytest.raises(TransientError, match="not as described"):
        list_clients(api_with(FakeHttp(Script(200, [{**MUSTERHOLZ, "id": strange}]))))


def test_a_lasting_login_that_lists_clients_is_told_what_to_do():
    with pytest.raises(ConfigurationError) as caught:
        list_clients(api_with(FakeHttp(Script(403, {"title": "Forbidden"}))))
    assert "client_list_not_allowed" == caught.value.code
    assert "type the client's number" in caught.value.cure


def test_the_service_of_the_format_is_there():
    assert carries_service(EXPECTED, DatevFormat.EXTF) is None


def test_a_missing_service_is_named_with_its_cure():
    problem = carries_service(EXPECTED, DatevFormat.DXSO)
    assert "datev_service_missing" == problem.code
    assert "Rechnungsdatenservice 1.0" in problem.message
    assert "29098/55003" in problem.message
    assert "order Rechnungsdatenservice 1.0" in problem.cure


def test_rechnungsdatenservice_two_is_not_one():
    client = DatevClient("1001-1", 1001, 1, "M", ("Rechnungsdatenservice 2.0",))
    assert carries_service(client, DatevFormat.DXSO) is not None
