"""The result of a login on its way in a cookie."""

from datetime import UTC, datetime

import pytest

from connector.errors import PartnerAnswer, PartnerRefusedError, TransientError
from connector.vault import Vault, generate_key
from webapp import login_results
from webapp.login_results import ConnectedTexts, LoginResult, ProblemTexts

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
VAULT = Vault([generate_key()])
MOST_COOKIE_BYTES = 4096
"""RFC 6265, section 6.1: what a browser keeps at least, name and attributes included."""


def carried(result: LoginResult) -> LoginResult | None:
    return login_results.unsealed(VAULT, login_results.sealed(VAULT, result, now=NOW), now=NOW)


def test_a_kept_login_arrives_as_it_left() -> None:
    kept = ConnectedTexts("Grün & Söhne", "datev", "Acme GmbH (455148/1)", "Anna Muster", NOW)
    assert LoginResult(connected=kept) == carried(LoginResult(connected=kept))


def test_a_refusal_arrives_with_what_the_partners_support_asks_for() -> None:
    answer = PartnerAnswer("DATEV", "token", request_id="4711", help_link="https://help.example/1")
    error = PartnerRefusedError("No.", code="no", cure="Ask.", answer=answer)
    expected = ProblemTexts(400, "no", "No.", "Ask.", "DATEV 4711", "https://help.example/1")
    assert LoginResult(problem=expected) == carried(login_results.of_error(error))


def test_trouble_that_passes_is_no_fault_of_the_one_who_asked() -> None:
    assert 503 == login_results.problem_of(TransientError("Away.")).status


@pytest.mark.parametrize("letter", ["a", "ü", "\N{GRINNING FACE}", '"', "\x00", "\ud800"])
def test_the_longest_texts_still_fit_into_a_cookie(letter: str) -> None:
    long = letter * 100_000
    answer = PartnerAnswer(long, long, request_id=long, help_link=f"https://help.example/{long}")
    result = login_results.of_error(PartnerRefusedError(long, code="no", cure=long, answer=answer))
    assert result.problem is not None
    assert result.problem.message.endswith("…")
    assert "" == result.problem.help_link, "half an address leads nowhere"
    value = login_results.sealed(VAULT, result, now=NOW)
    assert len(value) < MOST_COOKIE_BYTES - len("mlc_result=; Expires=Thu, 01 Jan 1970 00:00:00 GMT") - 100
    assert result == carried(result)
