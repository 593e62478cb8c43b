"""Check an EXTF file of any origin and size, row by row."""

import codecs
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import BinaryIO, cast

from connector.datev.extf.limits import MAX_BYTES, file_name_problems
from connector.datev.extf.problems import FileProblem
from connector.datev.extf.reader import ENCODING, ExtfReader, Row
from connector.datev.extf.rules import Rule
from connector.datev.extf.validator import check_rows
from connector.datev.findings import Finding, Severity
from connector.datev.validation.chart_rules import Charts, chart_of, chart_rule, is_posting_batch
from connector.datev.validation.empty_end import WithoutEmptyEnd
from connector.datev.validation.file_rules import file_rules
from connector.datev.validation.header_rules import header_rule_problems
from connector.datev.validation.report import FileReport
from connector.errors import DataError, Problem

FORMAT = "extf"

_NAME_BEGINS = "EXTF_"

_CHART_UNKNOWN = "Whether accounts and keys go together: header field 27 names no chart known here (03, 04)."
_INDIVIDUAL_CHART = (
    "Accounts beyond our table of {chart.name} {chart.year}, and the client's individual accounts: the file "
    "does not say what they do."
)

_UNKNOWN_CATEGORY = "category_unknown"
_OUTSIDE_THE_FILE = (
    "Whether accounts, debtors, cost centres and document links exist at DATEV: the file does not say."
)


def check_extf(source: BinaryIO, report: FileReport, member: str = "", charts: Charts | None = None) -> None:
    """Check the file and write down what is found.

    :param source: at its beginning.
    :param member: its name, where it lies inside a ZIP.
    :param charts: the standard charts that accounts are held against.
    """
    report.leave_out(_OUTSIDE_THE_FILE)
    report.tell(_name_findings(PurePath(member or report.file).name, member))
    watched = _Watched(source)
    before = len(report.findings)
    report.tell(_findings(watched, report, member, charts or {}))
    if watched.looks_like_utf8:
        # All that an encoding spoils is told cell by cell; what spoils it comes before.
        report.findings.insert(before, _utf8_finding(member))
    if any(finding.rule == _UNKNOWN_CATEGORY for finding in report.findings):
        report.leave_out("Headings and rows: the columns of this category are not known here.")
    if any(finding.line == 1 and finding.severity is Severity.ERROR for finding in report.findings):
        report.leave_out(
            "Headings and rows: what they mean is told by the header record, so mend that first."
        )


def _findings(watched: "_Watched", report: FileReport, member: str, charts: Charts) -> Iterator[Finding]:
    rows, ended = _Counted(()), WithoutEmptyEnd(())
    try:
        reader = ExtfReader(cast("BinaryIO", watched))
        if not member:
            report.category = int(reader.category) if reader.category.isdecimal() else None
            report.version = reader.version
        ended = WithoutEmptyEnd(reader)
        rows = _Counted(ended)
        yield from (_finding(problem, member) for problem in header_rule_problems(reader.header))
        for problem in check_rows(reader.header, reader.headings, rows, _more_rules(reader, report, charts)):
            # The record in the headings' place is one more.
            rows.count += problem.code == "headings_missing"
            yield _finding(problem, member)
        # A file whose category is unknown was not read on; its lines and bytes are looked at all the same.
        for _ in rows:
            pass
    except DataError as error:
        yield from (_finding(problem, member) for problem in error.problems)
    report.rows = (report.rows or 0) + rows.count
    yield from ended.findings(member)
    if watched.size > MAX_BYTES:
        yield _too_large(watched.size, member)
    if watched.bare_line_feeds:
        yield _line_end_finding(watched.bare_line_feeds, "LF", member)
    if watched.bare_returns:
        yield _line_end_finding(watched.bare_returns, "CR", member)


def _name_findings(name: str, member: str) -> Iterator[Finding]:
    """A name that is meant for DATEV, but not as its online service takes it."""
    if name.upper().startswith(_NAME_BEGINS):
        yield from (_finding(problem, member) for problem in file_name_problems(name))


def _more_rules(reader: ExtfReader, report: FileReport, charts: Charts) -> list[Rule]:
    return [*file_rules(reader.category), *_chart_rules(reader, report, charts)]


def _chart_rules(reader: ExtfReader, report: FileReport, charts: Charts) -> list[Rule]:
    if not is_posting_batch(reader.category):
        return []
    chart = chart_of(reader.header, charts)
    if chart is None:
        report.leave_out(_CHART_UNKNOWN)
        return []
    report.leave_out(_INDIVIDUAL_CHART.format(chart=chart))
    return [chart_rule(chart)]


def _finding(problem: Problem, member: str) -> Finding:
    if not isinstance(problem, FileProblem):
        return Finding(
            rule=problem.code, message=problem.message, cure=problem.cure, field=problem.field, file=member
        )
    unknown = problem.code == _UNKNOWN_CATEGORY
    return Finding(
        rule=problem.code,
        message=problem.message,
        cure=problem.cure,
        severity=Severity.INFO if unknown else Severity(str(problem.severity)),
        file=member,
        line=problem.line,
        row=problem.row,
        column=problem.column,
        field=problem.heading,
    )


def _too_large(size: int, member: str) -> Finding:
    return Finding(
        rule="file_too_large",
        message=f"The file has {size} bytes, DATEV takes {MAX_BYTES}.",
        cure="Split the records over several files.",
        file=member,
    )


def _utf8_finding(member: str) -> Finding:
    return Finding(
        rule="utf8_without_mark",
        message=f"The file is UTF-8 without byte-order mark, which DATEV reads as {ENCODING}.",
        cure=f"Write the file as {ENCODING} (Windows-1252), or as UTF-8 with byte-order mark.",
        file=member,
    )


def _line_end_finding(count: int, end: str, member: str) -> Finding:
    return Finding(
        rule="line_ends",
        message=f"{count} lines end with {end} alone; DATEV's format ends every line with CR LF.",
        cure="Export the file again; an editor or a transfer as text may have changed it.",
        severity=Severity.WARNING,
        file=member,
    )


class _Counted:
    """Rows that can be asked how many they were; a second loop goes on where the first ended."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = iter(rows)
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


class _Watched:
    """A stream that notes what the reader of rows does not: UTF-8 without mark, and line ends."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._possible = True
        self._beyond_ascii = False
        self.size = 0
        self.bare_line_feeds = 0
        self.bare_returns = 0
        self._wide = False
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        block = self._source.read(size)
        if self.size == 0 and block.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._possible = False
            self._wide = not block.startswith(codecs.BOM_UTF8)
        self.size += len(block)
        if not self._wide:
            whole = (self._last + block).count(b"\r\n")
            self.bare_line_feeds += block.count(b"\n") - whole
            self.bare_returns += block.count(b"\r") - whole
            self._last = block[-1:]
        if self._possible and (self._beyond_ascii or not block.isascii()):
            self._beyond_ascii = True
            try:
                self._decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                self._possible = False
        return block

    @property
    def looks_like_utf8(self) -> bool:
        """Whether there are characters beyond ASCII and all of them are UTF-8."""
        return self._possible and self._beyond_ascii
