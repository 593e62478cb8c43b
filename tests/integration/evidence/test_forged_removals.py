"""Rows that permit a removal are written by hand: no cut and no erasure is believed for its words alone."""

from datetime import timedelta
from typing import Any

import pytest

from connector.clock import berlin_date
from connector.pipeline.audit import current_heads, verify
from connector.pipeline.audit_findings import Head, Kind, Verified
from connector.pipeline.sealing import seal_journal
from connector.store import journal, runs
from tests.integration.evidence.conftest import Evidence

_DAY = "2015-01-01T00:00:00+00:00"
"""A moment whose ten years are over."""


def verified(evidence: Evidence, *expected: Head) -> Verified:
    (found,) = verify(evidence.services, "acme", expected=expected)
    return found


def broken(found: Verified) -> tuple[Kind, int, str]:
    assert found.broken is not None
    return found.broken.kind, found.broken.seq, found.broken.message


def sealed(evidence: Evidence, count: int = 4, **changes: Any) -> Evidence:
    """A sealed journal of so many more rows."""
    for number in range(1, count + 1):
        evidence.write(f"Row {number}.", **changes)
    seal_journal(evidence.services)
    return evidence


def cut_by_hand(evidence: Evidence, *, later: timedelta = timedelta(0), **details: Any) -> None:
    """The outside trial's attack: a row that tells of a cut, sealed by our own sealer, then the deletion."""
    (hashed,) = evidence.rows("SELECT encode(hash, 'hex') FROM journal_seal WHERE seq = 4")[0]
    told = {"through": 4, "hash": hashed, "rows": 4, "before": _DAY, **details}
    at = evidence.clock.now() + later
    evidence.write("", event="journal_cut", actor="retention", details=told, at=at)
    seal_journal(evidence.services)
    evidence.tamper("DELETE FROM journal WHERE id <= 4", "DELETE FROM journal_seal WHERE seq <= 4")


def since(evidence: Evidence, moment: str) -> None:
    """Whoever owns the database also moves the tenant's beginning."""
    evidence.tamper(
        f"UPDATE tenant SET created_at = '{moment}'",  # noqa: S608 - of this test
        f"UPDATE tenant_config SET applied_at = '{moment}'",  # noqa: S608 - of this test
    )


def test_a_cut_of_a_tenant_that_is_younger_than_ten_years_is_broken(evidence: Evidence) -> None:
    sealed(evidence)
    cut_by_hand(evidence)

    kind, seq, message = broken(verified(evidence))
    assert (Kind.DELETED, 1) == (kind, seq)
    assert f"although the tenant exists since {berlin_date(evidence.clock.now())} only" in message


@pytest.mark.parametrize("table", ["tenant.created_at", "tenant_config.applied_at"])
def test_moving_only_one_of_the_tenant_s_beginnings_does_not_help(evidence: Evidence, table: str) -> None:
    name, column = table.split(".")
    sealed(evidence)
    cut_by_hand(evidence)
    evidence.tamper(f"UPDATE {name} SET {column} = '2010-01-01'")  # noqa: S608 - of this test

    assert "exists since" in broken(verified(evidence))[2]


def test_a_cut_whose_ten_years_are_not_over_is_broken(evidence: Evidence) -> None:
    since(evidence, "2010-01-01")
    sealed(evidence)
    cut_by_hand(evidence, before=evidence.clock.now().isoformat())

    assert (
        "The rows before number 5 are gone. The journal row 5 says that rows were removed, "
        "although their ten years were not over."
    ) == broken(verified(evidence))[2]


def test_a_cut_that_claims_to_be_of_the_future_is_as_old_as_its_seal(evidence: Evidence) -> None:
    since(evidence, "2010-01-01")
    sealed(evidence)
    cut_by_hand(evidence, later=timedelta(days=365 * 20), before=evidence.clock.now().isoformat())

    assert "ten years were not over" in broken(verified(evidence))[2]


def test_a_noted_head_with_its_day_is_not_lost_to_a_cut(evidence: Evidence) -> None:
    since(evidence, "2010-01-01")
    (noted,) = current_heads(sealed(evidence).services)
    cut_by_hand(evidence)

    kind, seq, message = broken(verified(evidence, noted))
    assert (Kind.DELETED, 4) == (kind, seq)
    assert f"the noted head 4 of {noted.day} were removed, and their ten years are not over" in message


def test_a_noted_head_before_the_cut_is_not_lost_either(evidence: Evidence) -> None:
    since(evidence, "2010-01-01")
    (noted,) = current_heads(sealed(evidence, 3).services)
    sealed(evidence, 1)
    cut_by_hand(evidence)

    assert (Kind.DELETED, 3) == broken(verified(evidence, noted))[:2]


def test_a_head_noted_without_a_day_among_the_removed_rows_is_doubtful(evidence: Evidence) -> None:
    since(evidence, "2010-01-01")
    (noted,) = current_heads(sealed(evidence, 4).services)
    cut_by_hand(evidence)
    undated = Head("acme", noted.seq, noted.hash)

    found = verified(evidence, undated)
    assert (None, [4], True) == (found.broken, found.undated_heads, found.doubtful)
    assert verified(evidence, undated, noted).broken is not None


def test_a_cut_with_another_hash_than_the_noted_one_is_broken(evidence: Evidence) -> None:
    since(evidence, "2010-01-01")
    sealed(evidence)
    cut_by_hand(evidence)

    kind, seq, message = broken(verified(evidence, Head("acme", 4, "ab" * 32)))
    assert (Kind.CHANGED, 4, "The cut gives another hash for number 4 than the noted one.") == (
        kind,
        seq,
        message,
    )


def test_a_cut_of_rows_that_are_there_is_broken(evidence: Evidence) -> None:
    since(evidence, "2010-01-01")
    sealed(evidence)
    told = {"through": 3, "hash": "ab" * 32, "rows": 3, "before": _DAY}
    evidence.write("", event="journal_cut", actor="retention", details=told)
    seal_journal(evidence.services)

    assert "up to number 3 were removed, and they are there" in broken(verified(evidence))[2]


def test_a_run_whose_rows_a_cut_took_although_it_is_young_is_told(evidence: Evidence) -> None:
    since(evidence, "2010-01-01")
    run_id = begun(evidence)
    sealed(evidence, 3)
    cut_by_hand(evidence)

    found = verified(evidence)
    assert (None, [run_id], True) == (found.broken, found.untold_runs, found.doubtful)


def begun(evidence: Evidence) -> int:
    """A run with its first row, as intake writes both."""
    with evidence.services.database.transaction() as tx:
        run_id = runs.create(
            tx, tenant_id=evidence.tenant_id, deal_id=7, kind="invoice", now=evidence.clock.now()
        )
        assert run_id is not None
        journal.write(
            tx,
            tenant_id=evidence.tenant_id,
            run_id=run_id,
            at=evidence.clock.now(),
            event="received",
            actor="webhook",
        )
    return run_id


@pytest.mark.parametrize(
    "details",
    [
        '{"through": 1, "hash": "zz"}',
        '{"through": 1}',
        '{"through": "1", "hash": "00"}',
        '{"through": true, "hash": 5, "before": 7}',
        '{"through": 1e400, "hash": null}',
        '{"through": 1, "hash": "' + "00" * 32 + '", "before": "yesterday"}',
        '{"through": 99, "hash": "' + "00" * 32 + f'", "before": "{_DAY}"}}',
        "[1, 2]",
        "17",
        "null",
    ],
)
@pytest.mark.parametrize("deleted", [True, False])
def test_a_malformed_cut_is_broken_and_the_other_tenants_are_verified(
    evidence: Evidence, details: str, deleted: bool
) -> None:
    other = evidence.another_tenant()
    sealed(evidence)
    sealed(evidence, 2, tenant_id=other)
    evidence.tamper(
        "INSERT INTO journal (tenant_id, at, event, actor, details) "  # noqa: S608 - of this test
        f"SELECT tenant_id, at, 'journal_cut', 'retention', '{details}' FROM journal WHERE id = 4"
    )
    seal_journal(evidence.services)
    if deleted:
        evidence.tamper("DELETE FROM journal WHERE id = 1", "DELETE FROM journal_seal WHERE journal_id = 1")

    acme, beta = verify(evidence.services)
    kind, _seq, message = broken(acme)
    assert (Kind.DELETED if deleted else Kind.INSERTED) == kind
    assert "says that rows were removed, in words that retention never writes." in message
    assert (None, 2) == (beta.broken, beta.rows)


@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "20000-01-01"), ("at", "4000-01-01 BC"), ("details", '{"n": ' + "1" * 5000 + "}")],
)
def test_a_row_that_cannot_be_read_is_broken_and_the_other_tenants_are_verified(
    evidence: Evidence, column: str, value: str
) -> None:
    other = evidence.another_tenant()
    sealed(evidence)
    sealed(evidence, 2, tenant_id=other)
    evidence.tamper(f"UPDATE journal SET {column} = '{value}' WHERE id = 3")  # noqa: S608 - of this test

    acme, beta = verify(evidence.services)
    assert "cannot be read" in broken(acme)[2]
    assert (None, 2) == (beta.broken, beta.rows)


@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "20000-01-01"), ("details", '{"n": ' + "1" * 5000 + "}"), ("details", "[" * 3000 + "]" * 3000)],
)
def test_a_row_that_cannot_be_read_stops_no_other_row_s_sealing_and_is_broken(
    evidence: Evidence, column: str, value: str
) -> None:
    other = evidence.another_tenant()
    for _row in range(3):
        evidence.write()
    evidence.tamper(f"UPDATE journal SET {column} = '{value}' WHERE id = 2")  # noqa: S608 - of this test
    evidence.write(tenant_id=other)

    assert 3 == seal_journal(evidence.services)
    assert [("acme", 2), ("beta", 1)] == [
        (head.tenant, head.seq) for head in current_heads(evidence.services)
    ]
    acme, beta = verify(evidence.services)
    assert "cannot be read" in broken(acme)[2]
    assert (None, 1) == (beta.broken, beta.rows)


_ERASE = (
    "SET LOCAL mlc.erasure = 'on'",
    "UPDATE journal SET message = '', details = '{}' WHERE id = 3",
    "UPDATE journal_seal SET salt = NULL WHERE journal_id = 3",
)
"""What any role that may write can do: no superuser is needed."""


def erased_by_hand(evidence: Evidence, rows: Any, *, demand: bool) -> None:
    told: dict[str, Any] = {"actor": "operator anna", "at": evidence.clock.now()}
    evidence.write("", event="journal_texts_erased", details={"rows": rows}, **told)
    if demand:
        evidence.write("Data of person:5 was erased on demand.", event="person_erased", **told)
    seal_journal(evidence.services)
    evidence.rows("; ".join((*_ERASE, "SELECT 1")))


def test_an_erasure_without_a_person_s_demand_beside_it_is_broken_and_names_the_rows(
    evidence: Evidence,
) -> None:
    begun(evidence)
    sealed(evidence)
    erased_by_hand(evidence, [3], demand=False)

    kind, seq, message = broken(verified(evidence))
    assert (Kind.INSERTED, 6) == (kind, seq)
    assert (
        "the texts of the journal rows 3 were erased, and no demand of a person stands beside it" in message
    )


def test_the_demand_of_another_hour_is_none(evidence: Evidence) -> None:
    sealed(evidence)
    evidence.write("Data of person:5 was erased on demand.", event="person_erased", actor="operator anna")
    evidence.clock.offset += timedelta(seconds=1)
    erased_by_hand(evidence, [3], demand=False)

    assert "no demand of a person" in broken(verified(evidence))[2]


def test_a_text_of_no_deal_is_never_erased(evidence: Evidence) -> None:
    sealed(evidence)
    erased_by_hand(evidence, [3], demand=True)

    assert "the journal rows 3 are of no deal, or of one that was booked" in broken(verified(evidence))[2]


def test_a_text_of_a_booked_deal_is_never_erased(evidence: Evidence) -> None:
    run_id = begun(evidence)
    sealed(evidence, run_id=run_id)
    evidence.tamper(
        "INSERT INTO document (tenant_id, run_id, guid, document_number, document_date, origin, file_name, "
        "content, sha256, created_at) SELECT tenant_id, id, gen_random_uuid(), 'A1', now(), 'made', 'a.pdf', "
        "'x', 's', created_at - interval '1 hour' FROM run"
    )
    erased_by_hand(evidence, [3], demand=True)

    assert "of one that was booked" in broken(verified(evidence))[2]


def test_an_erasure_with_its_demand_holds_and_is_told_with_its_rows(evidence: Evidence) -> None:
    run_id = begun(evidence)
    sealed(evidence, run_id=run_id)
    erased_by_hand(evidence, [3], demand=True)

    found = verified(evidence)
    assert (None, 1) == (found.broken, found.erased)
    assert [("operator anna", "Data of person:5 was erased on demand.", (3,))] == [
        (one.actor, one.demand, one.rows) for one in found.erasures
    ]


@pytest.mark.parametrize("rows", [7, "3", [[3]], ["3"], [True], None])
def test_a_malformed_erasure_is_broken(evidence: Evidence, rows: Any) -> None:
    sealed(evidence)
    evidence.write("", event="journal_texts_erased", details={"rows": rows})
    seal_journal(evidence.services)

    assert "in words that no erasure writes" in broken(verified(evidence))[2]


def test_seals_deleted_and_made_anew_are_told(evidence: Evidence) -> None:
    sealed(evidence)
    evidence.clock.offset += timedelta(hours=1)
    evidence.tamper(
        "DELETE FROM journal_seal WHERE tenant_id = 1", "UPDATE journal SET actor = 'x' WHERE id = 2"
    )
    seal_journal(evidence.services)

    found = verified(evidence)
    assert (None, 4, True) == (found.broken, found.sealed_late, found.doubtful)


def test_what_a_noted_head_covers_is_not_told_again(evidence: Evidence) -> None:
    """Nobody sealed for an hour; somebody has looked into it, and noted the head."""
    for _row in range(3):
        evidence.write()
    evidence.clock.offset += timedelta(hours=1)
    (noted,) = current_heads(evidence.services)
    assert 3 == verified(evidence).sealed_late

    found = verified(evidence, noted)
    assert (0, False) == (found.sealed_late, found.doubtful)


def test_seals_made_anew_behind_a_noted_head_are_told(evidence: Evidence) -> None:
    (noted,) = current_heads(sealed(evidence, 2).services)
    sealed(evidence, 2)
    evidence.clock.offset += timedelta(hours=1)
    evidence.tamper("DELETE FROM journal_seal WHERE seq > 2")
    seal_journal(evidence.services)

    assert 2 == verified(evidence, noted).sealed_late


def test_a_run_that_no_row_tells_of_is_named(evidence: Evidence) -> None:
    run_id = begun(evidence)
    seal_journal(evidence.services)
    assert not verified(evidence).doubtful
    evidence.tamper("DELETE FROM journal", "DELETE FROM journal_seal")

    found = verified(evidence)
    assert (0, None, [run_id], True) == (found.rows, found.broken, found.untold_runs, found.doubtful)
