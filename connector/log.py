"""Structured logs: constant event names, identifiers as fields, never payloads.

One JSON object a line in production (``MLC_LOG_FORMAT=json``), coloured text on a terminal.
Tenant, run and step are bound once per unit of work and appear on every line below it.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import ExcInfo

SECRET_FIELD = re.compile(r"token|secret|password|authorization|cookie|code_verifier|api_key", re.IGNORECASE)
"""Field names whose values never reach a log line, whoever passed them."""

_NAME = r"(?:token|secret|password|code_verifier|api_key)"
_VALUE = r"[^\s&\"',}]"

SECRET_IN_TEXT = re.compile(
    r"(?i)("
    # As machines write it: name=value, "name": "value", a header. Whatever stands there is the value.
    rf"(?:\bcode=|{_NAME}[\"']?(?:\s*[:=]\s*[\"']|[:=])|authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic)\s+)"
    rf"(?!\{{[\s\"'])(?={_VALUE})"
    # As people write it, with a blank: only what is long or has a digit, as a secret, and no { env = … }.
    rf"|{_NAME}\s*[:=]\s+(?!\{{)(?={_VALUE}{{8}}|{_VALUE}*?[0-9])"
    # "basic needs it" and "Basic authentication" are sentences; these are credentials.
    rf"|(?:bearer|basic)\s+(?={_VALUE}{{16}}|(?={_VALUE}{{8}}){_VALUE}*?(?-i:[0-9=]|\.\w|[a-z]{_VALUE}*?[A-Z]))"
    rf"){_VALUE}+"
)
"""Secrets as they appear inside free text, such as a library's exception message with a URL in it.

Values only: a sentence of ours about a token must still be legible, for it is the cure.
"""

_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@/\s]+(@)")


def redact_text(text: str) -> str:
    """The text with passwords in URLs, bearer tokens and secret parameters blacked out."""
    return SECRET_IN_TEXT.sub(r"\1***", _URL_PASSWORD.sub(r"\1***\2", text))


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: black out secret fields and secrets in texts, at any depth."""
    return {
        # Keys with an underscore are structlog's own and are taken out before the line is written.
        key: value if key.startswith("_") else _redact(key, value)
        for key, value in event.items()
    }


def _redact(key: str, value: Any) -> Any:
    if SECRET_FIELD.search(key) and value is not None and not isinstance(value, bool):
        return "***"
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {name: _redact(str(name), inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redact(key, inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact_text(str(value))


_TELLS_NO_DATA = (AttributeError, ImportError, NameError, RecursionError, TypeError)
"""Exceptions whose message names code, not the values it worked on."""


def _traceback_text(exc_info: ExcInfo) -> str:
    """Where it happened and what kind of error it was, causes first, as Python writes it.

    The message is left out where it may quote data: that of ``int("Erika Muster")`` names her, and so does
    PostgreSQL's detail about a row it refuses. Kind and line are what a programmer needs.
    """
    error: BaseException | None = exc_info[1]
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{_kind(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhich led to:\n\n".join(reversed(parts))


def _kind(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f"{name}: {error}" if type(error) in _TELLS_NO_DATA else name


def configure(*, level: str = "INFO", fmt: str = "json") -> None:
    """Set up structlog and the standard library's logging to write the same lines to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.ExceptionRenderer(_traceback_text),
        redact_event,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if fmt == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        # First, so that a line that nobody wants costs nothing but the question.
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Cutting the letters of one invoice out of a typeface tells dozens of lines about tables.
    logging.getLogger("fontTools").setLevel(logging.WARNING)


def get_logger(name: str) -> Any:
    """A bound logger; call it with a constant event name and fields."""
    return structlog.stdlib.get_logger(name)


bound_contextvars = structlog.contextvars.bound_contextvars
"""Bind tenant, run, batch and step for a block of work."""


def bound_values() -> dict[str, Any]:
    """What is bound at this moment: the tenant, run or batch and step on whose behalf the code runs."""
    return dict(structlog.contextvars.get_contextvars())
