"""Check ledger files and document.xml of any origin."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from pathlib import Path

from lxml import etree

from connector.datev.dxso.archive_meaning import Link, archive_links, archive_meaning
from connector.datev.dxso.elements import MAX_FILE_BYTES
from connector.datev.dxso.ledger_meaning import ledger_meaning
from connector.datev.dxso.schemas import schema_findings
from connector.datev.dxso.shape_check import shape_differences
from connector.datev.dxso.shapes import ARCHIVE, LEDGER, ROOTS
from connector.datev.findings import Finding
from connector.datev.validation.ledger_rules import ledger_rule_findings
from connector.datev.validation.report import FileReport
from connector.errors import SettingsError

DOCUMENT, LEDGER_FILE = "document", "ledger"
FORMATS = {ARCHIVE.name: DOCUMENT, LEDGER.name: LEDGER_FILE}
VERSION = "6.0"

_NO_SCHEMAS = (
    "DATEV's own schemas: DATEV_XSD_DIR does not name a folder with them. Our rules ask for the same."
)
_OUTSIDE_THE_FILE = (
    "Whether accounts, debtors and ledger folders exist at DATEV, and the fiscal year: the file does not say."
)
_CHART_UNKNOWN = (
    "Whether accounts and keys (buCode) go together: ledger files do not name the client's chart."
)


def format_of(root: etree._Element) -> str | None:
    """``document`` or ``ledger``; None where the root element is no one of theirs."""
    shape = ROOTS.get(str(root.tag))
    return FORMATS[shape.name] if shape else None


def check_document(
    root: etree._Element, report: FileReport, xsd_dir: Path | None, member: str = ""
) -> list[Link]:
    """Check document.xml by itself; returns the files that it names."""
    _check(root, archive_meaning(root), report, xsd_dir, member)
    return archive_links(root)


def check_ledger(
    root: etree._Element, report: FileReport, xsd_dir: Path | None, link: Link | None = None, member: str = ""
) -> None:
    """Check a ledger file.

    :param link: what document.xml says of it, where that is known.
    """
    report.leave_out(_CHART_UNKNOWN)
    _check(root, ledger_meaning(root, link) + ledger_rule_findings(root), report, xsd_dir, member)


def records_of(root: etree._Element) -> int:
    """Lines of a ledger, documents of a document.xml."""
    return len(root[-1]) if len(root) else 0


def too_large(size: int, member: str = "") -> Finding:
    """DATEV takes single files of a limited size (in bytes)."""
    return Finding(
        rule="file_too_large",
        message=f"The file has {size} bytes, DATEV takes {MAX_FILE_BYTES}; it is not read.",
        cure="Split the data over several files.",
        file=member,
    )


def _check(
    root: etree._Element, meaning: list[Finding], report: FileReport, xsd_dir: Path | None, member: str
) -> None:
    report.leave_out(_OUTSIDE_THE_FILE)
    if xsd_dir is None:
        report.leave_out(_NO_SCHEMAS)
    differences = shape_differences(root)
    first = next(differences, None)
    if first is None:
        # What our own rules say in a sentence is not said again in the words of the schema.
        shape: Iterable[Finding] = _refused_by_schema(root, report, xsd_dir)
    else:
        shape = chain([first], differences)
    report.tell(replace(finding, file=member) for finding in chain(shape, meaning))


def _refused_by_schema(root: etree._Element, report: FileReport, xsd_dir: Path | None) -> list[Finding]:
    if xsd_dir is None:
        return []
    try:
        return schema_findings(root, xsd_dir)
    except SettingsError as error:
        report.leave_out(f"DATEV's own schemas: {error.problems[0].message}")
        return []
