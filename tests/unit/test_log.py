"""What a log line holds, and what it never holds."""

import ast
import io
import json
import logging
import string
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from connector import log

SECRET = "s3cr3t-v4lue"


class Lines:
    """The JSON lines written so far."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def only(self) -> dict[str, object]:
        (line,) = self.text.splitlines()
        return dict(json.loads(line))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Logging as in production, written into memory; put back as it was afterwards."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure(level="INFO", fmt="json")
    yield Lines(stream)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_one_json_object_with_event_and_fields(lines: Lines) -> None:
    log.get_logger("connector.test").info("run_claimed", run=7, name="Müller")

    line = lines.only()
    assert (line["event"], line["run"], line["name"]) == ("run_claimed", 7, "Müller")
    assert (line["level"], line["logger"]) == ("info", "connector.test")
    assert str(line["timestamp"]).endswith("Z")
    assert "Müller" in lines.text


def test_lines_of_libraries_look_the_same(lines: Lines) -> None:
    logging.getLogger("some.library").warning("retry %s of %s", 1, 3)

    line = lines.only()
    assert (line["event"], line["level"], line["logger"]) == ("retry 1 of 3", "warning", "some.library")


def test_the_typefaces_library_tells_warnings_only(lines: Lines) -> None:
    logging.getLogger("fontTools.subset").info("glyf subsetted")
    assert "" == lines.text
    logging.getLogger("fontTools.subset").warning("no such table")
    assert "no such table" == lines.only()["event"]


def test_tenant_run_and_step_are_bound_for_a_block_of_work(lines: Lines) -> None:
    with log.bound_contextvars(tenant="muster", run=7):
        logging.getLogger("some.library").warning("inside")
        log.get_logger("x").info("inside")
    log.get_logger("x").info("outside")

    bound = ["tenant" in json.loads(line) for line in lines.text.splitlines()]
    assert bound == [True, True, False]


def test_the_level_is_obeyed(lines: Lines) -> None:
    log.get_logger("x").debug("quiet")

    assert lines.text == ""


@pytest.mark.parametrize(
    "field",
    [
        "access_token",
        "refreshToken",
        "client_secret",
        "PASSWORD",
        "Authorization",
        "set-cookie",
        "code_verifier",
        "api_key",
    ],
)
def test_a_secret_field_is_blacked_out_whoever_passes_it(lines: Lines, field: str) -> None:
    log.get_logger("x").info("login", **{field: SECRET}, headers={field: SECRET}, all=[{field: [SECRET]}])

    assert SECRET not in lines.text
    assert lines.only()[field] == "***"


def test_yes_no_and_nothing_stay_legible_in_a_secret_field(lines: Lines) -> None:
    log.get_logger("x").info("login", token_stored=True, token=None)

    line = lines.only()
    assert (line["token_stored"], line["token"]) == (True, None)


@pytest.mark.parametrize(
    "text",
    [
        f"GET /v1/x?api_token={SECRET}&limit=1",
        f"https://host/cb?state=1&code={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"authorization: basic {SECRET}",
        f"postgresql://mlc:{SECRET}@db:5432/mlc",
        f"redis://:{SECRET}@127.0.0.1:6379/0",
        f"refresh_token={SECRET}",
        f'{{"access_token": "{SECRET}", "expires_in": 900}}',
        f"{{'refresh_token': '{SECRET}'}}",
        f"client_secret: {SECRET}",
        f"x-api-token: {SECRET}",
        f"refresh_token = {SECRET}",
        f"the password:  {SECRET}",
    ],
)
def test_a_secret_inside_a_text_is_blacked_out(lines: Lines, text: str) -> None:
    log.get_logger("x").info("call_failed", reason=text, nested={"deep": [text]})
    logging.getLogger("some.library").warning("failed: %s", text)

    assert SECRET not in lines.text
    assert "***" in lines.text


def refuse_token() -> None:
    raise ValueError(f"bad answer to /token?refresh_token={SECRET}")


def test_a_secret_in_an_exception_is_blacked_out(lines: Lines) -> None:
    try:
        refuse_token()
    except ValueError:
        log.get_logger("x").exception("refresh_failed")
        logging.getLogger("some.library").exception("refresh failed")

    assert lines.text.count("in refuse_token") == 2
    assert SECRET not in lines.text


def book(name: str) -> int:
    return int(name)


def refuse(name: str) -> None:
    try:
        book(name)
    except ValueError as e:
        raise RuntimeError(f"no number: {name}") from e


def test_an_exception_tells_kind_and_line_and_not_the_data_it_failed_on(lines: Lines) -> None:
    name = "Erika " + "Muster"
    try:
        refuse(name)
    except RuntimeError:
        log.get_logger("x").exception("step_crashed")

    told = str(lines.only()["exception"])
    assert name not in lines.text
    assert told.endswith("\nRuntimeError")
    assert told.index("return int(name)\n") < told.index("\nValueError\n") < told.index("raise RuntimeError(")


def test_an_exception_about_code_keeps_its_message(lines: Lines) -> None:
    try:
        len(None)  # type: ignore[arg-type]
    except TypeError:
        log.get_logger("x").exception("step_crashed")

    assert str(lines.only()["exception"]).endswith("TypeError: object of type 'NoneType' has no len()")


@dataclass
class Login:
    """Something whose repr shows what it should not."""

    url: str


def test_a_secret_in_an_object_that_is_logged_as_it_is_is_blacked_out(lines: Lines) -> None:
    login = Login(f"redis://:{SECRET}@127.0.0.1/0")

    log.get_logger("x").info(
        "started", login=login, error=ValueError(f"code={SECRET}"), amount=Decimal("1.10")
    )

    assert SECRET not in lines.text
    assert lines.only()["amount"] == "1.10"


@pytest.mark.parametrize(
    "text",
    ["The code of the product is A-1; see https://example.com/a?b=1", "barcode=4711", "tokens are renewed"],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert text == log.redact_text(text)


@given(
    st.sampled_from(
        [
            "token=",
            "token = ",
            "api_token: ",
            "secret: ",
            '"password": "',
            "api_key=",
            "Bearer ",
            "basic ",
            "code=",
        ]
    ),
    st.text(string.ascii_letters + string.digits + "-._~+/=", min_size=16, max_size=80),
)
def test_any_long_token_after_a_telling_word_is_blacked_out(before: str, token: str) -> None:
    assert f"it said {before}*** and more" == log.redact_text(f"it said {before}{token} and more")


@pytest.mark.parametrize("before", ["token=", "'password': '", "api_key=", "Authorization: Basic "])
def test_a_short_secret_is_blacked_out_where_only_a_value_can_stand(before: str) -> None:
    assert f"{before}***" == log.redact_text(f"{before}abc")


def test_a_short_password_in_a_sentence_is_known_by_its_digit() -> None:
    assert "wrong password: ***" == log.redact_text("wrong password: hunter2")


@pytest.mark.parametrize("before", ["Bearer ", "basic "])
@pytest.mark.parametrize("token", ["dXNlcjpwYXNz", "abcdefg=", "abc.defgh", "abcdefg1"])
def test_a_short_credential_is_known_by_what_no_word_has(before: str, token: str) -> None:
    assert f"{before}***" == log.redact_text(before + token)


def sentences_in(source: str) -> Iterator[str]:
    """The texts in a module's code, docstrings too; what is filled into an f-string is left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{ }" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_sentence_of_ours_is_damaged() -> None:
    """Cures name secrets by their settings: an operator must be able to read what to write.

    The two that show an address with the word password in it lose that word alone.
    """
    ours = [
        text
        for folder in ("connector", "tasks")
        for path in sorted((Path(__file__).parents[2] / folder).rglob("*.py"))
        for text in sentences_in(path.read_text("utf-8"))
        if " " in text and ":password@" not in text
    ]

    assert len(ours) > 1000
    assert [] == [text for text in ours if log.redact_text(text) != text]


@pytest.mark.parametrize(
    "text",
    [
        'Name its source instead: api_token = { env = "MUSTER_PIPEDRIVE_TOKEN" }.',
        "Then change the secret: others may have read it.",
        "DATEV_CLIENT_SECRET is not set, but DATEV_CLIENT_AUTH=basic needs it.",
        "The hook carries HTTP Basic authentication.",
    ],
)
def test_a_cure_stays_legible(text: str) -> None:
    assert text == log.redact_text(text)


def test_a_long_text_is_searched_quickly() -> None:
    assert log.redact_text("token" * 20_000) == "token" * 20_000


@pytest.mark.usefixtures("lines")
def test_a_terminal_gets_text(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(level="INFO", fmt="text")

    log.get_logger("x").info("run_claimed", password=SECRET)

    text = capsys.readouterr().err
    assert "run_claimed" in text
    assert "password=***" in text
    assert not text.startswith("{")
