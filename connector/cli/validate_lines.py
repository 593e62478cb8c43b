"""A checked file as a page for people."""

from collections.abc import Iterator

from connector.datev.findings import Finding, Severity
from connector.datev.validation import FileReport, Verdict
from connector.datev.validation.files import printable

_HEADS = {Verdict.CLEAN: "clean", Verdict.ERRORS: "errors", Verdict.UNREADABLE: "unreadable"}
_FORMATS = {"extf": "EXTF", "ledger": "ledger XML", "document": "document.xml", "zip": "ZIP"}
_RECORDS = {"document": "document", "ledger": "line", "zip": "line"}


def validate_lines(report: FileReport) -> Iterator[str]:
    """The verdict, then every finding with its place and cure, then what was not checked."""
    counts = [
        f"{count} {severity}{'s' if count > 1 and severity is not Severity.INFO else ''}"
        for severity in Severity
        if (count := report.count(severity))
    ]
    what = f" ({', '.join(_facts(report))})" if report.format else ""
    told = f", {', '.join(counts)}" if counts and report.readable else ""
    yield f"{report.file}{what}: {_HEADS[report.verdict]}{told}"
    for finding in report.findings:
        message = finding.message.removeprefix(f"Row {finding.row}: ")
        yield printable(f"  {finding.severity}: {_place(finding)}{message} [{finding.rule}]")
        if finding.cure:
            yield printable(f"    → {finding.cure}")
    if report.not_checked:
        yield "  Not checked:"
        yield from (printable(f"    {sentence}") for sentence in report.not_checked)


def _facts(report: FileReport) -> Iterator[str]:
    yield _FORMATS[report.format or ""]
    if report.category is not None:
        yield f"category {report.category}"
    if report.version:
        yield f"version {report.version}"
    if report.rows is not None:
        word = _RECORDS.get(report.format or "", "row")
        yield f"{report.rows} {word}{'' if report.rows == 1 else 's'}"


def _place(finding: Finding) -> str:
    name = f" ({finding.field})" if finding.field else ""
    column = f"column {finding.column}{name}" if finding.column else ""
    parts = [
        finding.file,
        f"line {finding.line}" if finding.line else "",
        f"row {finding.row}" if finding.row else "",
        "" if finding.column and column in finding.message else column or finding.path,
    ]
    said = ", ".join(part for part in parts if part)
    return f"{said}: " if said else ""
