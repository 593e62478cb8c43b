"""Numbers, dates and durations as people of each language write them, in Berlin time."""

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date, format_timedelta
from babel.numbers import format_currency, format_decimal

from connector.clock import BERLIN

_LOCALES = {"de": "de_DE", "en": "en_GB"}
"""British English: the day comes before the month, as it does in the German documents beside it."""


class Formats:
    """The formats of one language."""

    def __init__(self, language: str) -> None:
        self._locale = _LOCALES[language]

    def moment(self, given: datetime | None) -> str:
        """Day and minute."""
        if given is None:
            return ""
        local = given.astimezone(BERLIN)
        return f"{self.day(local.date())}, {local:%H:%M}"

    def login_end(self, given: datetime) -> str:
        """DD.MM.YYYY HH:MM in every language, as DATEV wants the end of a login shown."""
        return f"{given.astimezone(BERLIN):%d.%m.%Y %H:%M}"

    def day(self, given: date | None) -> str:
        """A calendar day."""
        if given is None:
            return ""
        return format_date(given, "dd.MM.yyyy" if self._locale == "de_DE" else "d MMM yyyy", self._locale)

    def month(self, given: date) -> str:
        """Month and year."""
        return format_date(given, "LLLL yyyy", self._locale)

    def age(self, since: datetime, now: datetime) -> str:
        """How long ago, in the largest unit that fits."""
        return format_timedelta(now - since, locale=self._locale)

    def money(self, amount: Decimal | None, currency: str | None) -> str:
        """An amount with its currency."""
        return "" if amount is None else format_currency(amount, currency or "EUR", locale=self._locale)

    def count(self, number: int) -> str:
        """A whole number."""
        return format_decimal(number, locale=self._locale)
