"""What the HTTP client decides without a network."""

import io
from datetime import timedelta
from decimal import Decimal

import pytest
import requests
from freezegun import freeze_time

from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    DataError,
    PartnerRefusedError,
    TransientError,
)
from connector.http import Answer, HttpClient, StepBudget, new_session


class FakePartner(requests.adapters.BaseAdapter):
    """Answers by address, remembers what it was asked."""

    def __init__(self, answers: dict[str, tuple[int, dict[str, str]]]) -> None:
        super().__init__()
        self.answers = answers
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_kwargs: object) -> requests.Response:
        self.asked.append(request)
        response = requests.Response()
        response.status_code, headers = self.answers[str(request.url)]
        response.headers.update(headers)
        response.request = request
        response.url = str(request.url)
        response.raw = io.BytesIO(b"body")
        return response

    def close(self) -> None:
        """Nothing is open."""


def client_of(partner: FakePartner) -> HttpClient:
    session = new_session()
    session.mount("https://", partner)
    session.mount("http://", partner)
    second = timedelta(seconds=1)
    return HttpClient("Partner", connect_timeout=second, call_deadline=second, session=session)


def answer_with(body: bytes, *, safe: bool) -> Answer:
    return Answer(200, {}, body, "https://api.example.com/x?secret=1", safe)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "http://10.0.0.1/", "http://localhost.example.com/", "ftp://127.0.0.1/", "/path"],
)
def test_an_address_without_tls_is_refused_beyond_this_machine(url: str) -> None:
    partner = FakePartner({})

    with pytest.raises(ConfigurationError) as caught:
        client_of(partner).send("GET", url)

    assert caught.value.code == "plain_http_refused"
    assert partner.asked == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80/", "http://localhost/", "http://[::1]/", "https://a.de/"]
)
def test_this_machine_and_tls_are_allowed(url: str) -> None:
    partner = FakePartner({url: (204, {})})

    assert client_of(partner).send("GET", url).status == 204


def test_money_on_the_wire_becomes_decimal() -> None:
    value = answer_with(b'{"value": 1190.10}', safe=True).json()["value"]

    assert (type(value), str(value)) == (Decimal, "1190.10")


def test_an_answer_that_is_not_json_is_transient_or_in_doubt() -> None:
    with pytest.raises(
        TransientError, match=r"^api\.example\.com answered 200 with something that is not JSON"
    ):
        answer_with(b"<html>", safe=True).json()
    with pytest.raises(AmbiguousError):
        answer_with(b"\xff", safe=False).json()


def test_the_body_does_not_show_in_the_repr() -> None:
    assert "private" not in repr(answer_with(b"private", safe=True))


def test_a_download_is_never_sent_from_https_to_plain_http() -> None:
    partner = FakePartner(
        {
            "https://api.example.com/file": (302, {"Location": "http://127.0.0.1:6379/"}),
        }
    )

    with pytest.raises(PartnerRefusedError, match="not https"):
        client_of(partner).download("https://api.example.com/file")
    assert len(partner.asked) == 1


def test_a_download_may_move_to_another_host_but_the_token_stays() -> None:
    partner = FakePartner(
        {
            "https://api.example.com/file": (302, {"Location": "https://storage.example.net/f"}),
            "https://storage.example.net/f": (200, {}),
        }
    )

    answer = client_of(partner).download("https://api.example.com/file", headers={"x-api-token": "t"})

    assert (answer.status, answer.body) == (200, b"body")
    assert ["x-api-token" in request.headers for request in partner.asked] == [True, False]


def test_a_step_budget_runs_down_and_stays_at_zero() -> None:
    with freeze_time("2027-01-01") as clock:
        budget = StepBudget(timedelta(seconds=10))
        clock.tick(4)
        assert budget.remaining() == pytest.approx(6)
        clock.tick(60)
        assert budget.remaining() == 0


def test_a_call_without_time_is_not_made() -> None:
    partner = FakePartner({})
    client = HttpClient(
        "Partner",
        connect_timeout=timedelta(seconds=1),
        call_deadline=timedelta(seconds=1),
        session=new_session(),
        budget=StepBudget(timedelta(0)),
    )

    with pytest.raises(TransientError) as caught:
        client.send("POST", "https://api.example.com/")

    assert caught.value.code == "step_budget_used_up"
    assert partner.asked == []


@pytest.mark.parametrize(
    "number",
    [b"1e99999999999999999999", b"-1e999999999", b"1e-999999999", b"NaN", b"-Infinity", b"9" * 4000],
)
def test_a_number_beyond_all_reason_is_refused_with_its_name_and_the_answer_s_address(number: bytes) -> None:
    body = b'{"data": [{"id": 1, "item_price": ' + number + b"}]}"

    with pytest.raises(DataError) as caught:
        answer_with(body, safe=True).json()

    [problem] = caught.value.problems
    assert ("number_beyond_reason", "item_price") == (problem.code, problem.field)
    assert problem.message == (
        f"api.example.com answered /x with the number {number.decode():.30} as 'item_price', "
        "which no amount, quantity or id can be."
    )
    assert problem.cure == (
        "Correct the number where it was entered (in Pipedrive, say), then retry the run."
    )


def test_after_an_unsafe_call_a_number_beyond_all_reason_leaves_its_outcome_unknown() -> None:
    with pytest.raises(AmbiguousError, match=r"with the number 1e9999999, which"):
        answer_with(b"[1e9999999]", safe=False).json()


@pytest.mark.parametrize("number", ["1.7976931348623157e308", "5e-324", "0E-7", "1190.10", "-0.0"])
def test_every_number_that_a_double_holds_is_read(number: str) -> None:
    assert Decimal(number) == answer_with(number.encode(), safe=True).json()


def test_an_answer_nested_without_end_is_no_json() -> None:
    with pytest.raises(TransientError, match="something that is not JSON"):
        answer_with(b"[" * 100_000, safe=True).json()
