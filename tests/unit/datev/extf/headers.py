"""Headers for the tests of EXTF files."""

from datetime import UTC, date, datetime

from connector.datev.extf import BatchHeader

HEADER = BatchHeader(
    consultant_number=455148,
    client_number=1,
    fiscal_year_start=date(2026, 1, 1),
    account_length=4,
    chart="skr03",
    created_at=datetime(2026, 11, 5, 9, 30, 15, 123456, tzinfo=UTC),
    date_from=date(2026, 11, 1),
    date_to=date(2026, 11, 30),
    label="Pipedrive 2026/11",
    dictation_mark="ML",
)
