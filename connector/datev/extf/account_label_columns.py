"""Category 20 (Kontenbeschriftungen): its 4 columns of version 3; version 2 has the first three.

Sources: headings as in DATEV's sample of version 3; lengths and languages from DATEV's format
description as several open programs quote it.
"""

from connector.datev.extf.columns import Column, account, text

ACCOUNT_LABEL_COLUMNS: tuple[Column, ...] = (
    account("Konto", required=True),
    text("Kontobeschriftung", 40, required=True),
    text("SprachId", 5, "de-DE|en-GB", "de-DE or en-GB"),
    text("Kontenbeschriftung lang", 300),
)
"""Version 3; column n of DATEV's numbering is ``ACCOUNT_LABEL_COLUMNS[n - 1]``."""
