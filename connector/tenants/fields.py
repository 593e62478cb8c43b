"""Kinds of values in a tenant's file: marshmallow fields that say what is wrong and the cure.

marshmallow's own fields convert (``"12"`` becomes 12) and speak to programmers; these take a value
of the right TOML type only and speak to the person who wrote the file.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

from marshmallow import Schema, ValidationError, fields

from connector.clock import BERLIN
from connector.tenants.findings import Fault
from connector.tenants.secret_sources import SecretSource

GO_LIVE_YEARS = range(2000, 2200)
"""Others are slips of the keyboard, and at the calendar's ends (1 and 9999) a time zone leads out of it."""

Choice = TypeVar("Choice", bound=StrEnum)


def refuse(code: str, says: str, cure: str) -> ValidationError:
    """The error that marshmallow collects; its message is a :class:`Fault`."""
    faults: list[Any] = [Fault(code, says, cure)]
    return ValidationError(faults)


class Value(fields.Field[Any]):
    """Base: an example for the file stands with every field and is shown where the key is missing."""

    def __init__(
        self, example: str, *, required: bool = False, check: Callable[[Any], None] | None = None
    ) -> None:
        super().__init__(required=required)
        self.example = example
        self.check = check
        missing: Any = Fault("key_missing", "is missing.", f"Add a line such as: {example}")
        self.error_messages = {**self.error_messages, "required": missing}

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        taken = self.take(value)
        if self.check:
            self.check(taken)
        return taken

    def take(self, value: Any) -> Any:
        """The value in the product's type.

        :raises ValidationError: if it is of another TOML type or out of its limits.
        """
        raise NotImplementedError

    def wrong_type(self, value: Any, wanted: str) -> ValidationError:
        """``is the text "x"; it must be a whole number.``"""
        return refuse(
            "wrong_type", f"is {_shown(value)}; it must be {wanted}.", f"Write it such as: {self.example}"
        )


class Text(Value):
    """A text without line breaks, blanks around it dropped."""

    def __init__(
        self,
        example: str,
        *,
        required: bool = False,
        may_be_empty: bool = True,
        longest: int = 200,
        pattern: str = "",
        wanted: str = "",
        check: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(example, required=required, check=check)
        self.may_be_empty = may_be_empty and not required
        self.longest = longest
        self.pattern = re.compile(pattern)
        self.wanted = wanted

    def take(self, value: Any) -> str:
        """The text without blanks around it."""
        if not isinstance(value, str):
            raise self.wrong_type(value, "a text in quotes")
        text = value.strip()
        if not text and not self.may_be_empty:
            raise refuse("text_empty", "is empty.", f"Fill it in, such as: {self.example}")
        if not text.isprintable():
            raise refuse(
                "text_characters", "holds a line break or another control character.", "Write it in one line."
            )
        if len(text) > self.longest:
            raise refuse(
                "text_too_long",
                f"has {len(text)} characters; at most {self.longest} fit.",
                f"Shorten it to {self.longest} characters.",
            )
        if text and self.pattern.pattern and not self.pattern.fullmatch(text):
            raise refuse(
                "text_invalid", f"is {text!r}; it must be {self.wanted}.", f"Write it such as: {self.example}"
            )
        return text


class Flag(Value):
    """True or false."""

    def take(self, value: Any) -> bool:
        """The value, if it is a TOML boolean."""
        if not isinstance(value, bool):
            raise self.wrong_type(value, "true or false, without quotes")
        return value


class Whole(Value):
    """A whole number within limits."""

    def __init__(self, example: str, lowest: int, highest: int, *, required: bool = False) -> None:
        super().__init__(example, required=required)
        self.lowest = lowest
        self.highest = highest

    def take(self, value: Any) -> int:
        """The number, if it is within the limits."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong_type(value, "a whole number, without quotes")
        if not self.lowest <= value <= self.highest:
            raise refuse(
                "number_out_of_range",
                f"is {value}; it must be between {self.lowest} and {self.highest}.",
                f"Write it such as: {self.example}",
            )
        return value


class Amount(Value):
    """A decimal amount from 0 up to a limit; the TOML is parsed with ``parse_float=Decimal``."""

    def __init__(self, example: str, highest: int) -> None:
        super().__init__(example)
        self.highest = highest

    def take(self, value: Any) -> Decimal:
        """The amount, exactly as it is written."""
        if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
            raise self.wrong_type(value, "a number, without quotes")
        amount = Decimal(value)
        if not amount.is_finite() or not 0 <= amount <= self.highest:
            raise refuse(
                "number_out_of_range",
                f"is {value}; it must be between 0 and {self.highest}.",
                f"Write it such as: {self.example}",
            )
        return amount


class ExchangeRate(Value):
    """A rate as DATEV can hold it (EXTF field 4): 4 digits and 6 decimals, not zero."""

    def take(self, value: Any) -> Decimal:
        """The rate, exactly as it is written."""
        if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
            raise self.wrong_type(value, "a number, without quotes")
        rate = Decimal(value)
        if not rate.is_finite() or not 0 < rate < 10_000 or rate != round(rate, 6):
            raise refuse(
                "number_out_of_range",
                f"is {value}; it must be above 0, below 10000 and have at most 6 decimals.",
                f"Write how many units of the currency are 1 EUR, such as: {self.example}",
            )
        return rate


class Day(Value):
    """A calendar day."""

    def take(self, value: Any) -> date:
        """The day, if it is a TOML date without a time."""
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.wrong_type(value, "a date, without quotes")
        return value


class Month(Value):
    """A month as ``"2026-11"``: TOML knows no months of its own."""

    def take(self, value: Any) -> date:
        """The first day of the month."""
        if not isinstance(value, str) or not re.fullmatch(r"(19|2[01])\d\d-(0[1-9]|1[0-2])", value, re.ASCII):
            raise self.wrong_type(value, "a month in quotes")
        return date.fromisoformat(f"{value}-01")


class OneOf(Value, Generic[Choice]):
    """One of an enum's values."""

    def __init__(self, example: str, choices: type[Choice], *, required: bool = False) -> None:
        super().__init__(example, required=required)
        self.choices = choices

    def take(self, value: Any) -> Choice:
        """The enum's member."""
        try:
            return self.choices(value)
        except ValueError as e:
            raise _not_a_choice(value, self.choices) from e


class OneOfTexts(Value):
    """One of a few texts."""

    def __init__(self, example: str, choices: Iterable[str], *, required: bool = False) -> None:
        super().__init__(example, required=required)
        self.choices = tuple(choices)

    def take(self, value: Any) -> str:
        """The text itself."""
        if not isinstance(value, str) or value not in self.choices:
            raise _not_a_choice(value, self.choices)
        return value


class GoLive(Value):
    """A moment with a time zone; a bare date is midnight in Berlin."""

    def take(self, value: Any) -> datetime:
        """The moment in UTC."""
        if isinstance(value, date) and value.year not in GO_LIVE_YEARS:
            raise refuse(
                "date_out_of_range",
                f"is {value.isoformat()}; it must lie between the years {GO_LIVE_YEARS[0]} "
                f"and {GO_LIVE_YEARS[-1]}.",
                f"Write it such as: {self.example}",
            )
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise refuse(
                    "time_zone_missing",
                    f"is {value.isoformat(sep=' ')} without a time zone, so the moment is not certain.",
                    f"Add the offset, such as {value.replace(tzinfo=BERLIN).isoformat()}, "
                    "or write the date alone, which means midnight in Berlin.",
                )
            return value.astimezone(UTC)
        if isinstance(value, date):
            return datetime.combine(value, time(), BERLIN).astimezone(UTC)
        raise self.wrong_type(value, "a date or a date with time and offset, without quotes")


class HourOfDay(Value):
    """A time of day in Berlin."""

    def take(self, value: Any) -> time:
        """The time; TOML knows ``06:00:00``, and ``"06:00"`` as a text is taken as well."""
        if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            return time.fromisoformat(value)
        if not isinstance(value, time):
            raise self.wrong_type(value, 'a time of day between "00:00" and "23:59"')
        return value


class Secret(Value):
    """Where a secret is read from; the secret itself never stands in the file."""

    def take(self, value: Any) -> SecretSource:
        """The source, unread."""
        if isinstance(value, dict) and len(value) == 1:
            ((kind, place),) = value.items()
            if kind in ("env", "file") and isinstance(place, str) and place.strip():
                return SecretSource(kind, place.strip())
        if isinstance(value, str):
            raise refuse(
                "secret_in_file",
                "is written into the file itself; secrets do not belong there.",
                f"Name its source instead: {self.example}. Then change the secret: others may have read it.",
            )
        raise refuse(
            "secret_source_invalid",
            "must name one source of the secret, an environment variable or a file.",
            f"Write it such as: {self.example}",
        )


class Texts(Value):
    """A list of texts or whole numbers, all taken as texts."""

    def take(self, value: Any) -> tuple[str, ...]:
        """The elements in their order."""
        if not isinstance(value, list) or not all(
            isinstance(element, (str, int)) and not isinstance(element, bool) for element in value
        ):
            raise self.wrong_type(value, "a list of texts or whole numbers")
        return tuple(str(element).strip() for element in value)


class Pairs(Value):
    """A table whose keys the tenant chooses; each value is checked by one field."""

    def __init__(self, example: str, inner: Value) -> None:
        super().__init__(example)
        self.inner = inner

    def take(self, value: Any) -> tuple[tuple[str, Any], ...]:
        """The pairs in the order of the file."""
        if not isinstance(value, dict):
            raise self.wrong_type(value, "a table")
        pairs, faults = [], {}
        for key, element in value.items():
            try:
                pairs.append((key, self.inner.deserialize(element)))
            except ValidationError as e:
                faults[key] = e.messages
        if faults:
            # The right ones go on to the rules between the keys, so that all mistakes are told at once.
            raise ValidationError(faults, valid_data=pairs)
        return tuple(pairs)


class Tables(Value):
    """A list of tables whose shape is another's business, such as ``[[tax_rules]]``."""

    def take(self, value: Any) -> tuple[dict[str, Any], ...]:
        """The tables as they stand."""
        if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
            raise self.wrong_type(value, "a list of tables")
        return tuple(value)


class Section(fields.Nested):
    """A table of the file."""

    def __init__(
        self,
        schema: type[Schema],
        name: str,
        *,
        required: bool = False,
        many: bool = False,
        data_key: str | None = None,
        attribute: str | None = None,
    ) -> None:
        super().__init__(schema, required=required, many=many, data_key=data_key, attribute=attribute)
        heading = f"[[{name}]]" if many else f"[{name}]"
        missing: Any = Fault("section_missing", "is missing.", f"Add the section {heading}.")
        no_table: Any = Fault(
            "wrong_type", "must be a section of its own.", f"Begin it with a line {heading}."
        )
        self.error_messages = {**self.error_messages, "required": missing, "type": no_table}


def _not_a_choice(value: Any, choices: Iterable[str]) -> ValidationError:
    listed = ", ".join(f'"{choice}"' for choice in choices if choice)
    return refuse("not_a_choice", f"is {_shown(value)}, which is not a choice.", f"Use one of: {listed}.")


def _shown(value: Any) -> str:
    """A TOML value in a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, (datetime, date, time)):
        return f"the date or time {value.isoformat()}"
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else str(value)
