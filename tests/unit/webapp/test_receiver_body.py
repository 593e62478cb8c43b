"""A body that cannot be read is the client's fault, whatever the WSGI server calls it."""

from io import RawIOBase
from typing import cast

import pytest
from flask import Flask

from connector.pipeline.services import Services
from webapp.receiver import receiver


class BrokenBody(RawIOBase):
    """A body on which the server stumbles."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise self._error


@pytest.mark.parametrize(
    "error", [OSError("Invalid chunk size: b'zz'"), ValueError("no hex"), RuntimeError("chunk without end")]
)
def test_a_body_that_cannot_be_read_is_incomplete_and_closes_the_connection(error: Exception) -> None:
    app = Flask(__name__)
    untouched = cast(Services, object())
    app.register_blueprint(receiver(untouched, wake=lambda *_ids: None))

    answer = app.test_client().post(
        "/webhooks/pipedrive/acme",
        environ_overrides={
            "wsgi.input": BrokenBody(error),
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
        },
    )

    assert (400, "incomplete", "close") == (
        answer.status_code,
        answer.get_json()["error"],
        answer.headers["Connection"],
    )
