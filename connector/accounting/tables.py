"""Reading a parsed table of ``config/`` with all its mistakes at once.

The files are parsed elsewhere (no I/O here); what arrives are plain mappings from TOML.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from connector.errors import Problem, TableError

Choice = TypeVar("Choice", bound=StrEnum)


class TableReader:
    """Takes typed values out of one mapping, notes what is wrong, and complains once at the end."""

    def __init__(self, path: str, values: Mapping[str, Any], problems: list[Problem] | None = None) -> None:
        self.path = path
        self._values = values
        self._problems: list[Problem] = [] if problems is None else problems
        self._known: set[str] = set()
        self._inner: list[TableReader] = []

    def wrong(self, message: str, key: str = "") -> None:
        """Note a mistake; ``finish`` raises it."""
        where = self._at(key) if key else self.path
        self._problems.append(
            Problem("table_wrong", f"{where}: {message}.", field=where, cure="Correct the table.")
        )

    def text(self, key: str, *, default: str | None = None) -> str:
        """A string; without a default it must be there and not be empty."""
        value = self._take(key, default)
        if not isinstance(value, str) or (default is None and not value):
            self.wrong("a text is wanted", key)
            return ""
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty if absent."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            self.wrong("a list of texts is wanted", key)
            return ()
        return tuple(value)

    def integer(self, key: str, *, default: int | None = None) -> int:
        """A whole number; without a default it must be there."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong("a whole number is wanted", key)
            return 0
        return value

    def flag(self, key: str) -> bool:
        """True or false, false if absent."""
        value = self._take(key, False)
        if not isinstance(value, bool):
            self.wrong("true or false is wanted", key)
            return False
        return value

    def decimal(self, key: str) -> Decimal | None:
        """A number written as text, because TOML's own numbers with a point are binary floats."""
        value = self._take(key, None)
        if value is None:
            return None
        number = self.as_decimal(value)
        if not number.is_finite():
            self.wrong('a number in quotes is wanted, such as "19"', key)
            return None
        return number

    @staticmethod
    def as_decimal(value: object) -> Decimal:
        """The number that a text holds, not-a-number if it holds none."""
        try:
            return Decimal(value) if isinstance(value, str) else Decimal("NaN")
        except InvalidOperation:
            return Decimal("NaN")

    def day(self, key: str, *, default: date) -> date:
        """A date, which TOML writes without quotes."""
        value = self._take(key, default)
        if not isinstance(value, date) or isinstance(value, datetime):
            self.wrong("a date without quotes is wanted, such as 2026-01-01", key)
            return default
        return value

    def choice(self, key: str, choices: type[Choice], *, default: Choice) -> Choice:
        """One of the values of an enumeration."""
        value = self._take(key, default.value)
        try:
            return choices(value)
        except ValueError:
            self.wrong(f"{value!r} is none of {', '.join(choices)}", key)
            return default

    def table(self, key: str) -> "TableReader | None":
        """An inner table, None if absent."""
        value = self._take(key, None)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.wrong("a table is wanted", key)
            return None
        return self._within(self._at(key), value)

    def mapping(self, key: str) -> Mapping[str, Any]:
        """An inner table as it stands, for the caller to check; empty if absent."""
        value = self._take(key, {})
        if not isinstance(value, Mapping):
            self.wrong("a table is wanted", key)
            return {}
        return value

    def tables(self, key: str) -> "list[TableReader]":
        """A list of inner tables; at least one."""
        value = self._take(key, [])
        if not isinstance(value, list) or not value or not all(isinstance(v, Mapping) for v in value):
            self.wrong("a list of tables is wanted", key)
            return []
        return [self._within(f"{self._at(key)}[{n}]", inner) for n, inner in enumerate(value, start=1)]

    def finish(self) -> None:
        """Complain about everything that was noted, and about keys that nobody asked for.

        Raises:
            TableError: with all mistakes of the whole table.
        """
        self._complain_about_strangers()
        if self._problems:
            raise TableError(self._problems)

    def _complain_about_strangers(self) -> None:
        for key in sorted(self._values.keys() - self._known):
            self.wrong("nothing of this name is known", key)
        for inner in self._inner:
            inner._complain_about_strangers()  # noqa: SLF001 - same class

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _within(self, path: str, values: Mapping[str, Any]) -> "TableReader":
        inner = TableReader(path, values, self._problems)
        self._inner.append(inner)
        return inner

    def _take(self, key: str, default: Any) -> Any:
        self._known.add(key)
        return self._values.get(key, default)
