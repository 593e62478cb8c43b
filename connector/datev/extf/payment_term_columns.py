"""Category 46 (Zahlungsbedingungen): its 31 columns of version 2.

Sources: headings and quoting as in DATEV's sample, whose irregular blanks are kept; lengths from
DATEV's format description as several open programs quote it. Percentages are hundredths without a
comma (300 is 3,00 %).
"""

from connector.datev.extf.columns import Column, number, text

_DAY_OF_MONTH = ("0?[0-9]|[12][0-9]|3[01]", "a day of the month, 0 to 31")
_MONTHS = ("0?[0-9]|1[0-2]", "a number of months, 0 to 12")


def _window(n: int, month_1: str = "Skonto 1 Monat") -> tuple[Column, ...]:
    """One of the three date windows; the third spells the month of the first discount without a blank."""
    return (
        number(f"Rechnung bis / Zeitraum {n}", 2, 0, *_DAY_OF_MONTH),
        number(f"Skonto1 Datum / Zeitraum {n}", 2, 0, *_DAY_OF_MONTH),
        number(f"{month_1} / Zeitraum {n}", 2, 0, *_MONTHS),
        number(f"Skonto 2 Datum / Zeitraum {n}", 2, 0, *_DAY_OF_MONTH),
        number(f"Skonto 2 Monat / Zeitraum {n}", 2, 0, *_MONTHS),
        number(f"Fällig Datum / Zeitraum {n}", 2, 0, *_DAY_OF_MONTH),
        number(f"Fällig Monat / Zeitraum {n}", 2, 0, *_MONTHS),
    )


PAYMENT_TERM_COLUMNS: tuple[Column, ...] = (
    number("Nummer", 3, 0, "[1-9][0-9]{1,2}", "a number from 10 to 999", required=True),
    text("Bezeichnung", 60, required=True),
    number("Fälligkeitstyp", 1, required=True),
    number("Skonto 1%", 4),
    number("Skonto 1 Tage", 3),
    number("Skonto 2 %", 4),
    number("Skonto 2 Tage", 3),
    number("Fällig Tage", 3),
    *_window(1),
    *_window(2),
    *_window(3, "Skonto1 Monat"),
    text("Leerfeld", 60),
    number("Verwendung", 1),
)
"""Version 2; column n of DATEV's numbering is ``PAYMENT_TERM_COLUMNS[n - 1]``."""
