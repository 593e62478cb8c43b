"""Recognise a file and have it checked."""

import re
import stat
from pathlib import Path
from typing import BinaryIO

from connector.datev.dxso.elements import MAX_FILE_BYTES
from connector.datev.dxso.xml import parse_xml
from connector.datev.validation import extf_files, xml_files, zips
from connector.datev.validation.chart_rules import Charts
from connector.datev.validation.recognition import (
    BEGINNING,
    looks_like_extf,
    looks_like_utf16_without_mark,
    looks_like_xml,
    looks_like_zip,
    other_separator,
)
from connector.datev.validation.report import FileReport
from connector.errors import DataError

_KNOWN = "Known are EXTF files, ledger XML (v060), document.xml (v06.0) and ZIPs of them."

_EXTF_NAME = re.compile(r"(?:EXTF|DTVF)_.+\.csv", re.IGNORECASE)
_NAME_NOT_CHECKED = (
    "Whether DATEV's import lists the file: it looks for names such as EXTF_….csv, and this one is another."
)


def check_path(path: Path, xsd_dir: Path | None = None, charts: Charts | None = None) -> FileReport:
    """Everything about one file; whatever it is, there is an answer and never an exception about it.

    :param xsd_dir: folder of DATEV's own schemas; without them our own rules stand alone.
    :param charts: the standard charts that accounts of posting batches are held against.
    """
    report = FileReport(printable(str(path)))
    try:
        # A pipe or a device would be waited for, maybe for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a folder" if path.is_dir() else "no regular file"
            return report.refuse("no_file", f"It is {kind}.", "Name a file.")
        with path.open("rb") as source:
            _check(source, path.stat().st_size, report, xsd_dir, charts or {})
    except OSError as error:
        why = error.strerror or "it cannot be opened"
        return report.refuse("no_file", f"The file cannot be read: {why}.", "Correct the name or the rights.")
    return report


def printable(text: str) -> str:
    """The text with everything that a screen would obey, or that no encoding holds, written out."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _check(source: BinaryIO, size: int, report: FileReport, xsd_dir: Path | None, charts: Charts) -> None:
    beginning = source.read(BEGINNING)
    source.seek(0)
    if not beginning:
        report.refuse("empty_file", "The file is empty.", "Export it again.")
    elif looks_like_zip(beginning):
        zips.check_zip(source, report, xsd_dir, charts)
    elif separator := other_separator(beginning):
        message = f"The cells are separated by {separator}; DATEV's format takes semicolons only."
        report.refuse("separator", message, "Write the file with semicolons; some programs ask when saving.")
    elif looks_like_extf(beginning):
        report.format = extf_files.FORMAT
        if not _EXTF_NAME.fullmatch(Path(report.file).name):
            report.leave_out(_NAME_NOT_CHECKED)
        extf_files.check_extf(source, report, charts=charts)
    elif looks_like_utf16_without_mark(beginning):
        message = "The file is UTF-16 without byte-order mark, so DATEV cannot tell what it is."
        report.refuse("bad_encoding", message, "Write it as cp1252 (Windows-1252), or with a mark.")
    elif looks_like_xml(beginning):
        _check_xml(source, size, report, xsd_dir)
    else:
        report.refuse("format_unknown", "The file is of no format that is known here.", _KNOWN)


def _check_xml(source: BinaryIO, size: int, report: FileReport, xsd_dir: Path | None) -> None:
    if size > MAX_FILE_BYTES:
        finding = xml_files.too_large(size)
        report.refuse(finding.rule, finding.message, finding.cure)
        return
    try:
        root = parse_xml(source.read(), "The file")
    except DataError as error:
        for problem in error.problems:
            report.refuse(problem.code, problem.message, problem.cure)
        return
    report.format = xml_files.format_of(root)
    if report.format is None:
        report.refuse("format_unknown", f"The file is XML of another kind: its root is {root.tag}.", _KNOWN)
        return
    report.version = xml_files.VERSION
    report.rows = xml_files.records_of(root)
    if report.format == xml_files.LEDGER_FILE:
        xml_files.check_ledger(root, report, xsd_dir)
        report.leave_out("The month of document.xml, which lies in another file.")
    else:
        xml_files.check_document(root, report, xsd_dir)
        report.leave_out("Whether the files that document.xml names are there: check the whole ZIP.")
