"""What was found out about one file."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from connector.datev.findings import Finding, Severity

MOST_FINDINGS = 100_000
"""Told one by one; beyond it nobody reads on, and memory must not depend on what is wrong with a file."""


class Verdict(IntEnum):
    """How a file fared; of several files the highest counts."""

    CLEAN = 0
    """Nothing that DATEV would refuse; warnings are allowed."""
    ERRORS = 1
    UNREADABLE = 2
    """No file, or of no format that we know."""


@dataclass(slots=True)
class FileReport:
    """One file, filled while it is checked."""

    file: str
    format: str | None = None
    """``extf``, ``ledger``, ``document``, ``zip``; None while nothing is recognised."""
    category: int | None = None
    """Of an EXTF file."""
    version: str | None = None
    rows: int | None = None
    """Records; lines of all ledgers in a ZIP; documents of a document.xml."""
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    """What no rule looked at, one sentence each."""
    readable: bool = True

    def tell(self, findings: Iterable[Finding]) -> None:
        """Keep findings one by one, and of those beyond all measure only how many they are."""
        hidden: Counter[Severity] = Counter()
        for finding in findings:
            if len(self.findings) < MOST_FINDINGS:
                self.findings.append(finding)
            else:
                hidden[finding.severity] += 1
        if hidden:
            self.findings.append(
                Finding(
                    rule="more_problems",
                    message=f"There are {hidden.total()} more problems, which are not told one by one.",
                    cure="Mend those above first, then check the file again.",
                    severity=next(severity for severity in Severity if hidden[severity]),
                )
            )

    def refuse(self, rule: str, message: str, cure: str) -> "FileReport":
        """The file cannot be read at all."""
        self.readable = False
        self.findings.append(Finding(rule=rule, message=message, cure=cure))
        return self

    def leave_out(self, sentence: str) -> None:
        """Say once that something is not checked."""
        if sentence not in self.not_checked:
            self.not_checked.append(sentence)

    @property
    def verdict(self) -> Verdict:
        """How the file fared."""
        if not self.readable:
            return Verdict.UNREADABLE
        wrong = any(finding.severity is Severity.ERROR for finding in self.findings)
        return Verdict.ERRORS if wrong else Verdict.CLEAN

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: every key in every report."""
        return {
            "file": self.file,
            "format": self.format,
            "category": self.category,
            "version": self.version,
            "rows": self.rows,
            "verdict": self.verdict.name.lower(),
            "problems": [finding.as_dict() for finding in self.findings],
            "not_checked": self.not_checked,
        }


def worst(reports: Sequence[FileReport]) -> Verdict:
    """The verdict on all of them."""
    return max((report.verdict for report in reports), default=Verdict.CLEAN)
