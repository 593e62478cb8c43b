"""The hashes of the journal never change: an auditor must be able to reckon old ones anew."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from connector.store.journal_hash import GENESIS, JournalFacts, row_hash, text_digest

ROW = JournalFacts(
    id=17,
    tenant_id=1,
    run_id=4,
    batch_id=None,
    at=datetime(2026, 11, 3, 12, 0, 0, 250, tzinfo=UTC),
    event="moved",
    from_state="received",
    to_state="resolved",
    actor="resolve",
    message="Grüße",
    details={"b": [1, 2.5, None], "a": {"ü": True}},
)
SALT = bytes(range(16))


def test_the_digest_of_a_text_is_what_the_description_says() -> None:
    written = '["Grüße",{"a":{"ü":true},"b":[1,2.5,null]}]'

    assert hashlib.sha256(SALT + written.encode()).digest() == text_digest(SALT, ROW.message, ROW.details)


def test_the_hash_of_a_row_is_what_the_description_says() -> None:
    digest = text_digest(SALT, ROW.message, ROW.details)
    written = (
        '[1,1,9,17,4,null,"2026-11-03T12:00:00.000250+00:00","moved","received","resolved","resolve",'
        f'"{digest.hex()}"]'
    )

    assert hashlib.sha256(bytes(32) + written.encode()).digest() == row_hash(GENESIS, 9, ROW, digest)


def test_the_hash_does_not_depend_on_the_zone_in_which_a_moment_is_read() -> None:
    elsewhere = replace(ROW, at=ROW.at.astimezone(timezone(timedelta(hours=2))))

    assert row_hash(GENESIS, 1, ROW, SALT) == row_hash(GENESIS, 1, elsewhere, SALT)


@pytest.mark.parametrize(
    "change",
    [
        {"id": 18},
        {"tenant_id": 2},
        {"run_id": None},
        {"batch_id": 4},
        {"at": ROW.at + timedelta(microseconds=1)},
        {"event": "waits"},
        {"from_state": ""},
        {"to_state": "done"},
        {"actor": "operator"},
    ],
)
def test_every_column_counts(change: dict[str, Any]) -> None:
    assert row_hash(GENESIS, 1, ROW, SALT) != row_hash(GENESIS, 1, replace(ROW, **change), SALT)
