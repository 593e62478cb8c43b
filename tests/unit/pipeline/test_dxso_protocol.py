"""What the end of a DXSO job means for a person."""

from datetime import UTC, datetime

from connector.datev.dxso_jobs import JobStatus, ProtocolEntry
from connector.pipeline.hand_over.ledger import problem_of

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_failure_without_an_error_line_does_not_ask_to_mend_what_nobody_named() -> None:
    problem = problem_of(JobStatus.FAILED, [], ["a.pdf"])

    assert problem is not None
    assert "names no reason" in problem.cure


def test_a_failure_with_an_error_line_does() -> None:
    entry = ProtocolEntry(AT, "The account is missing.", "", "Error", "a.pdf")

    problem = problem_of(JobStatus.FAILED, [entry], ["a.pdf"])

    assert problem is not None
    assert "The account is missing." in problem.message
    assert problem.cure.startswith("Mend what DATEV names")
