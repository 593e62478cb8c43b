"""Running a command as a person does, with an environment of its own."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

import structlog
from click.testing import CliRunner, Result

from connector.cli import main

OUR_VARIABLES = ("MLC_", "DATEV_", "PIPEDRIVE_", "DATABASE_URL", "REDIS_URL")


def command(*arguments: str, environ: Mapping[str, str] | None = None, stdin: str | None = None) -> Result:
    """Run one command; of our own variables it sees only the given ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OUR_VARIABLES)}
    with patch.dict(os.environ, {**kept, **(environ or {})}, clear=True), logging_as_before():
        return CliRunner().invoke(main, list(arguments), input=stdin)


@contextmanager
def logging_as_before() -> Iterator[None]:
    """Undo what the command does to the logging of this process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
