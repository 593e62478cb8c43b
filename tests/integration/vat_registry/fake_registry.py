"""Both registries behind one real socket: what they answer is laid ready, what they were asked is kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.integration.serving import served


class FakeRegistry:
    """A small server that answers every question with what was laid ready."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.url = ""
        self._answers: list[tuple[int, Any]] = []
        self.answer(200, {})

    def answer(self, status: int, body: Any) -> None:
        """What is answered from now on; a text is sent as it stands."""
        self._answers = [(status, body)]

    def answer_in_turn(self, *answers: tuple[int, Any]) -> None:
        """One answer after the other, the last one for ever."""
        self._answers = list(answers)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append((request.path, json.loads(request.get_data())))
        status, body = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status, content_type="application/json")(environ, start_response)


@contextmanager
def running_registry() -> Iterator[FakeRegistry]:
    """The server on a free port of this machine."""
    registry = FakeRegistry()
    with served(registry) as registry.url:
        yield registry
