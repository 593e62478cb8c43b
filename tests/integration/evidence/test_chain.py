"""The journal's chain: it grows under any number of writers, and whatever is done to it later shows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from connector.pipeline import sealing
from connector.pipeline.audit import current_heads, verify
from connector.pipeline.audit_findings import Head, Kind, Verified
from connector.pipeline.sealing import seal_journal
from connector.store import journal, journal_seals
from tests.integration.evidence.conftest import Evidence


def verified(evidence: Evidence, *expected: Head) -> Verified:
    (found,) = verify(evidence.services, "acme", expected=expected)
    return found


def sealed(evidence: Evidence, count: int = 6) -> Evidence:
    """A sealed journal of so many rows, with the ids 1 to ``count``."""
    for number in range(1, count + 1):
        evidence.write(f"Row {number}.")
    seal_journal(evidence.services)
    return evidence


def test_an_untouched_journal_holds(evidence: Evidence) -> None:
    found = verified(sealed(evidence))

    assert (6, None, 0, []) == (found.rows, found.broken, found.unsealed, found.late)
    assert found.head == current_heads(evidence.services)[0]


def test_an_empty_journal_holds_and_has_no_head(evidence: Evidence) -> None:
    assert Verified("acme") == verified(evidence)
    assert [] == current_heads(evidence.services)


def test_sixteen_writers_and_four_sealers_at_once_make_one_chain_without_gaps(evidence: Evidence) -> None:
    other = evidence.another_tenant()

    def write(number: int) -> None:
        for turn in range(10):
            evidence.write(f"{number}/{turn}", tenant_id=other if number % 4 == 0 else None)

    with ThreadPoolExecutor(16) as pool:
        writing = [pool.submit(write, number) for number in range(16)]
        for done in [pool.submit(seal_journal, evidence.services) for _sealer in range(4)] + writing:
            done.result(60)
    seal_journal(evidence.services)

    acme, beta = verify(evidence.services)
    assert (120, 40) == (acme.rows, beta.rows)
    assert (None, None) == (acme.broken, beta.broken)
    assert (0, 0) == (acme.unsealed, beta.unsealed)


def test_a_row_that_is_committed_after_later_ones_is_sealed_behind_them(evidence: Evidence) -> None:
    with evidence.services.database.transaction() as slow:
        journal.write(
            slow,
            tenant_id=evidence.tenant_id,
            at=evidence.clock.now(),
            event="moved",
            actor="slow",
            message="First, but last.",
        )
        sealed(evidence, 2)
    seal_journal(evidence.services)

    order = [row[0] for row in evidence.rows("SELECT journal_id FROM journal_seal ORDER BY seq")]
    assert [2, 3, 1] == order
    assert verified(evidence).broken is None


def test_a_backlog_of_any_length_is_sealed_in_pieces(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "AT_ONCE", 2)
    for number in range(5):
        evidence.write(f"Row {number}.")

    assert 5 == seal_journal(evidence.services)
    assert 5 == verified(evidence).rows


def test_a_sealer_that_dies_leaves_the_chain_as_it_was(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(evidence, 2)
    evidence.write("Third.")

    def dies(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(journal_seals, "add", dies)
        with pytest.raises(KeyboardInterrupt):
            seal_journal(evidence.services)

    assert (2, 1) == ((found := verified(evidence)).rows, found.unsealed)
    assert 1 == seal_journal(evidence.services)
    assert 3 == verified(evidence).rows


@pytest.mark.parametrize(
    "change",
    [
        "message = 'Another sentence.'",
        """details = '{"n": 1.25}'""",
        "at = at - interval '1 microsecond'",
        "event = 'cancelled'",
        "from_state = 'posted'",
        "to_state = 'done'",
        "actor = 'nobody'",
        "message = '', details = '{}'",
    ],
)
def test_a_changed_row_is_named(evidence: Evidence, change: str) -> None:
    sealed(evidence).tamper(f"UPDATE journal SET {change} WHERE id = 4")  # noqa: S608 - of this test

    broken = verified(evidence).broken
    assert broken is not None
    assert (Kind.CHANGED, 4, 4) == (broken.kind, broken.seq, broken.journal_id)


def test_a_text_taken_out_with_its_salt_is_no_erasure_unless_one_names_it(evidence: Evidence) -> None:
    sealed(evidence).tamper(
        "UPDATE journal SET message = '', details = '{}' WHERE id = 4",
        "UPDATE journal_seal SET salt = NULL WHERE journal_id = 4",
    )

    broken = verified(evidence).broken
    assert broken is not None
    assert (Kind.CHANGED, 4) == (broken.kind, broken.journal_id)
    assert "no erasure names it" in broken.message


@pytest.mark.parametrize("row", [1, 4, 6])
def test_a_deleted_row_is_named(evidence: Evidence, row: int) -> None:
    sealed(evidence).tamper(f"DELETE FROM journal WHERE id = {row}")  # noqa: S608 - of this test

    broken = verified(evidence).broken
    assert broken is not None
    assert (Kind.DELETED, row, row) == (broken.kind, broken.seq, broken.journal_id)


@pytest.mark.parametrize("row", [1, 4])
def test_a_row_deleted_together_with_its_seal_leaves_a_gap(evidence: Evidence, row: int) -> None:
    sealed(evidence).tamper(
        f"DELETE FROM journal WHERE id = {row}",  # noqa: S608 - of this test
        f"DELETE FROM journal_seal WHERE journal_id = {row}",  # noqa: S608 - of this test
    )

    broken = verified(evidence).broken
    assert broken is not None
    assert (Kind.DELETED, row) == (broken.kind, broken.seq)


def test_closing_the_gap_does_not_help(evidence: Evidence) -> None:
    sealed(evidence).tamper(
        "DELETE FROM journal WHERE id = 4",
        "DELETE FROM journal_seal WHERE journal_id = 4",
        "UPDATE journal_seal SET seq = seq - 1 WHERE seq = 5",
        "UPDATE journal_seal SET seq = seq - 1 WHERE seq = 6",
    )

    broken = verified(evidence).broken
    assert broken is not None
    assert (Kind.CHANGED, 4, 5) == (broken.kind, broken.seq, broken.journal_id)
    assert "a row before it was removed" in broken.message


_PUT_IN = """
INSERT INTO journal (tenant_id, at, event, actor, message) SELECT tenant_id, at, 'moved', 'x', 'Never.'
    FROM journal WHERE id = 3;
UPDATE journal_seal SET seq = 7 WHERE seq = 6;
UPDATE journal_seal SET seq = 6 WHERE seq = 5;
UPDATE journal_seal SET seq = 5 WHERE seq = 4;
INSERT INTO journal_seal SELECT tenant_id, 4, 7, salt, text_digest, hash, sealed_at FROM journal_seal
    WHERE seq = 3
"""


def test_a_row_put_in_between_is_named(evidence: Evidence) -> None:
    sealed(evidence).tamper(_PUT_IN)

    broken = verified(evidence).broken
    assert broken is not None
    assert (Kind.INSERTED, 4, 7) == (broken.kind, broken.seq, broken.journal_id)


@pytest.mark.parametrize(("one", "other"), [(3, 4), (2, 5)])
def test_exchanged_rows_are_named(evidence: Evidence, one: int, other: int) -> None:
    sealed(evidence).tamper(
        f"UPDATE journal_seal SET seq = 99 WHERE seq = {one}",  # noqa: S608 - of this test
        f"UPDATE journal_seal SET seq = {one} WHERE seq = {other}",  # noqa: S608 - of this test
        f"UPDATE journal_seal SET seq = {other} WHERE seq = 99",  # noqa: S608 - of this test
    )

    broken = verified(evidence).broken
    assert broken is not None
    assert (Kind.REORDERED, one, other) == (broken.kind, broken.seq, broken.journal_id)


def test_rows_exchanged_under_their_seals_are_named(evidence: Evidence) -> None:
    sealed(evidence).tamper(
        "UPDATE journal_seal SET journal_id = 99 WHERE seq = 3",
        "UPDATE journal_seal SET journal_id = 3 WHERE seq = 4",
        "UPDATE journal_seal SET journal_id = 4 WHERE seq = 3",
    )

    broken = verified(evidence).broken
    assert broken is not None
    assert (Kind.REORDERED, 3, 4) == (broken.kind, broken.seq, broken.journal_id)


CUT_OFF = ("DELETE FROM journal WHERE id > 4", "DELETE FROM journal_seal WHERE seq > 4")


def test_a_cut_off_end_shows_against_a_noted_head_only(evidence: Evidence) -> None:
    sealed(evidence)
    (noted,) = current_heads(evidence.services)
    evidence.tamper(*CUT_OFF)

    assert verified(evidence).broken is None
    broken = verified(evidence, noted).broken
    assert broken is not None
    assert (Kind.TRUNCATED, 6) == (broken.kind, broken.seq)


def test_an_end_cut_off_and_written_anew_shows_against_a_noted_head(evidence: Evidence) -> None:
    sealed(evidence)
    (noted,) = current_heads(evidence.services)
    evidence.tamper(*CUT_OFF)
    sealed(evidence, 3)

    broken = verified(evidence, noted).broken
    assert broken is not None
    assert (Kind.CHANGED, 6) == (broken.kind, broken.seq)
    assert "written anew" in broken.message


def test_a_noted_head_holds_while_the_chain_grows(evidence: Evidence) -> None:
    sealed(evidence)
    (noted,) = current_heads(evidence.services)
    sealed(evidence, 3)

    assert verified(evidence, noted).broken is None


def test_a_whole_tenant_that_is_gone_shows_against_a_noted_head(evidence: Evidence) -> None:
    found = verify(evidence.services, expected=[Head("gone", 3, "00")])

    assert [("acme", None), ("gone", Kind.TRUNCATED)] == [
        (one.tenant, one.broken.kind if one.broken else None) for one in found
    ]


def test_rows_that_nobody_has_sealed_yet_are_counted(evidence: Evidence) -> None:
    sealed(evidence, 2)
    evidence.write("Third.")

    found = verified(evidence)

    assert (2, 1) == (found.rows, found.unsealed)


def test_a_row_that_claims_to_be_older_than_those_before_it_is_told(evidence: Evidence) -> None:
    sealed(evidence)
    evidence.write("Entered late.", at=evidence.clock.now() - timedelta(days=3))

    assert [7] == verified(evidence).late
    seal_journal(evidence.services)
    assert [7] == verified(evidence).late
    assert verified(evidence).broken is None


@pytest.mark.parametrize(
    "statement",
    ["UPDATE journal_seal SET seq = 9", "DELETE FROM journal_seal", "UPDATE journal_seal SET salt = NULL"],
)
def test_seals_are_only_ever_added(evidence: Evidence, statement: str) -> None:
    sealed(evidence)

    with pytest.raises(Exception, match="journal_seal is append-only"):
        evidence.rows(statement)


def test_not_even_retention_removes_a_young_row(evidence: Evidence) -> None:
    sealed(evidence)

    with (
        pytest.raises(DBAPIError, match="journal is append-only"),
        evidence.services.database.transaction() as tx,
    ):
        journal_seals.remove_through(tx, evidence.tenant_id, 3)


def test_not_even_erasure_puts_another_text_there(evidence: Evidence) -> None:
    sealed(evidence)

    with pytest.raises(Exception, match="journal is append-only"):
        evidence.rows("SET LOCAL mlc.erasure = 'on'; UPDATE journal SET message = 'Other.'")
