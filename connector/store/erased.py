"""What stands where a person's data stood."""

from typing import Any

import sqlalchemy as sa

from connector.store import tables as t

ERASED = "erased"
"""In place of a hash: it tells blanked master data from any that is real."""

_BLANK_RECORD = {
    **dict.fromkeys(
        (
            "name",
            "first_name",
            "last_name",
            "short_name",
            "vat_id",
            "email",
            "phone",
            "contact",
            "customer_number",
            "name_rest",
        ),
        "",
    ),
    "address": dict.fromkeys(("street", "extra", "postal_code", "city", "country", "region"), ""),
}
"""Of a debtor's record: all but the account and whether it is a company; a test compares the two."""


def blank_debtor() -> dict[str, Any]:
    """The columns of a debtor whose master data is gone. It counts as transferred: nothing is sent of it."""
    return {
        "record": t.debtor.c.record.concat(sa.cast(_BLANK_RECORD, t.debtor.c.record.type)),
        "record_hash": ERASED,
        "transferred_hash": ERASED,
    }
