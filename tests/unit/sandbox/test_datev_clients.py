"""accounting:clients: paging, filters and refusals."""

import pytest

from tests.unit.sandbox.driver import CLIENTS, Driver
from tests.unit.sandbox.partner import Partner


def test_clients_are_listed_in_pages_with_their_number(partner: Partner) -> None:
    for number in range(2, 6):
        partner.driver.control("/datev/clients", consultant_number=455148, client_number=number)
    answer = partner.get(f"{CLIENTS}/clients?skip=1&top=2")
    assert ["455148-2", "455148-3"] == [row["id"] for row in answer.json]
    assert "5" == answer.headers["Total-Items"]
    assert '<?skip=0&top=2>;rel="prev", <?skip=3&top=2>;rel="next"' == answer.headers["Link"]


def test_clients_are_filtered_by_both_numbers(partner: Partner) -> None:
    partner.driver.control("/datev/clients", consultant_number=455148, client_number=2)
    query = "filter=consultant_number eq 455148 and client_number eq 2"
    assert ["455148-2"] == [row["id"] for row in partner.get(f"{CLIENTS}/clients?{query}").json]


@pytest.mark.parametrize(
    "query", ["skip=-1", "skip=x", "top=0", "filter=name eq 1", "filter=client_number gt 1"]
)
def test_a_wrong_query_is_1008828(partner: Partner, query: str) -> None:
    answer = partner.get(f"{CLIENTS}/clients?{query}")
    assert (400, "http://www.datev.de/hilfe/1008828") == (answer.status_code, answer.json["type"])


def test_an_unknown_client_is_404_and_a_malformed_one_400(partner: Partner) -> None:
    paths = ("455148-9", "nonsense")
    assert [404, 400] == [partner.get(f"{CLIENTS}/clients/{path}").status_code for path in paths]


def test_a_user_without_rights_sees_no_client(datev: Driver) -> None:
    headers = datev.headers(datev.login(user="sandbox-bernd"))
    assert [] == datev.client.get(f"{CLIENTS}/clients", headers=headers).json
    assert 404 == datev.client.get(f"{CLIENTS}/clients/455148-1", headers=headers).status_code
