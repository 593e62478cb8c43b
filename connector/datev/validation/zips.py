"""Check a ZIP: a package for Belegtransfer or a DXSO job, or a collection of files that are sent one by one.

A package is flat, with document.xml and all that it names. A collection, such as the posting batches of
several months or their packages, goes to nobody as a whole; each file in it is checked by itself, ZIPs one
level deep.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from connector.datev.dxso.archive_meaning import Link, link_findings
from connector.datev.dxso.package import DOCUMENT_XML
from connector.datev.dxso.xml import parse_xml
from connector.datev.file_names import MEDIA_TYPES, media_type
from connector.datev.findings import Severity
from connector.datev.validation import xml_files
from connector.datev.validation.chart_rules import Charts
from connector.datev.validation.extf_files import check_extf
from connector.datev.validation.recognition import BEGINNING, looks_like_extf, looks_like_package_xml
from connector.datev.validation.report import FileReport
from connector.datev.validation.zip_members import Budget, Members, name_findings, open_zip, suffix_of
from connector.errors import DataError
from connector.pdf_ends import END_WITHIN, MARKS_WITHIN, PDF_MARK, ends_as_pdf

FORMAT = "zip"

_COLLECTION_NOT_SENT = (
    "The ZIP as a whole: it is a collection of files that DATEV takes one by one; each is checked by itself."
)


def check_zip(
    source: BinaryIO, report: FileReport, xsd_dir: Path | None, charts: Charts | None = None
) -> None:
    """Check the ZIP and write down what is found."""
    archive = open_zip(source)
    if isinstance(archive, str):
        report.refuse("zip_unreadable", archive, "Pack the files again.")
        return
    report.format = FORMAT
    report.rows = 0
    report.leave_out(
        "What pictures and PDFs show: it is checked that the ZIP holds them undamaged and PDFs have an end."
    )
    budget = Budget.full()
    checks = _Checks(report, xsd_dir, charts or {})
    with archive:
        members = Members(archive, report, budget)
        if members.too_many():
            return
        if not _is_collection(members):
            _Package(members, checks).check()
            return
        report.leave_out(_COLLECTION_NOT_SENT)
        _check_collection(members, checks, lambda info: _check_inner(members, info, budget, checks))


def _is_collection(members: Members) -> bool:
    """Whether the files are sent one by one; one that is no part of it, such as a readme, changes nothing.

    document.xml and ledgers are of packages, and so are pictures beside CSV files; other XML is of neither.
    """
    kinds = {suffix_of(info) for info in members.files} - {".xml"}
    if any(_is_of_package(members, info) for info in members.files if suffix_of(info) == ".xml"):
        return False
    return ".zip" in kinds or (".csv" in kinds and kinds.isdisjoint(MEDIA_TYPES))


def _is_of_package(members: Members, info: zipfile.ZipInfo) -> bool:
    return info.filename == DOCUMENT_XML or looks_like_package_xml(members.peek(info, BEGINNING))


def _check_collection(
    members: Members, checks: "_Checks", check_zip_inside: Callable[[zipfile.ZipInfo], None]
) -> None:
    checks.report.tell(name_findings(members, flat=False))
    for info in members.files:
        suffix = suffix_of(info)
        if suffix == ".csv":
            checks.check_csv(members, info, must_be_extf=True)
        elif suffix == ".zip":
            check_zip_inside(info)
        else:
            message = "The file is neither in DATEV's format (EXTF) nor a ZIP; it is not checked."
            members.find("stray_file", message, "Leave it out.", info.filename, Severity.WARNING)


def _check_inner(outer: Members, info: zipfile.ZipInfo, budget: Budget, checks: "_Checks") -> None:
    """A ZIP in a collection: a package, or posting batches; ZIPs in it are not opened."""
    source = outer.inner_zip(info)
    if source is None:
        return
    archive = open_zip(source)
    if isinstance(archive, str):
        outer.find("zip_unreadable", archive, "Pack the files again.", info.filename)
        return
    with archive:
        members = Members(archive, checks.report, budget, info.filename)
        if members.too_many():
            return
        if not _is_collection(members):
            _Package(members, checks).check()
            return
        _check_collection(members, checks, lambda inner: _too_deep(members, inner))


def _too_deep(members: Members, info: zipfile.ZipInfo) -> None:
    message = "ZIPs are opened one level deep; this one lies deeper and is not read."
    members.find("zip_too_deep", message, "Unpack it and check it by itself.", info.filename)


class _Checks:
    """What is the same for every file of a ZIP and of the ZIPs in it."""

    def __init__(self, report: FileReport, xsd_dir: Path | None, charts: Charts) -> None:
        self.report = report
        self.xsd_dir = xsd_dir
        self._charts = charts

    def check_csv(self, members: Members, info: zipfile.ZipInfo, *, must_be_extf: bool) -> None:
        """An EXTF file; in a package other tables are none of our business."""
        content = members.content(info)
        if content is None:
            return
        place = members.place(info.filename)
        if looks_like_extf(content[:64]):
            check_extf(io.BytesIO(content), self.report, place, self._charts)
        elif must_be_extf:
            message = "The file is of no format that is known here."
            members.find("format_unknown", message, "Write it in DATEV's format (EXTF).", info.filename)
        else:
            self.report.leave_out(f"{place}: it is no EXTF file.")


class _Package:
    """The check of one ZIP for Belegtransfer or a DXSO job."""

    def __init__(self, members: Members, checks: _Checks) -> None:
        self._members = members
        self._checks = checks
        self._report = checks.report

    def check(self) -> None:
        """Names first, then document.xml, then what it names."""
        self._report.tell(name_findings(self._members, flat=True))
        if not self._members.files:
            message = "The ZIP holds no files."
            self._members.find("zip_empty", message, "Pack document.xml and what it names.")
            return
        links = self._check_document()
        named = {link.file: link for link in links}
        for info in self._members.files:
            if info.filename != DOCUMENT_XML:
                self._check_member(info, named.get(info.filename))

    def _check_document(self) -> list[Link]:
        files = self._members.files
        found = next((info for info in files if info.filename == DOCUMENT_XML), None)
        if found is None:
            cure = "Put document.xml at the top level of the ZIP; it links data and pictures."
            self._members.find("document_xml_missing", "The ZIP holds no document.xml.", cure)
            return []
        root = self._parsed(found)
        if root is None:
            return []
        place = self._members.place(DOCUMENT_XML)
        links = xml_files.check_document(root, self._report, self._checks.xsd_dir, place)
        others = [info.filename for info in files if info.filename != DOCUMENT_XML]
        self._report.tell(
            replace(finding, file=self._members.place(finding.file or DOCUMENT_XML))
            for finding in link_findings(links, others)
        )
        return links

    def _check_member(self, info: zipfile.ZipInfo, link: Link | None) -> None:
        suffix = suffix_of(info)
        if suffix == ".xml":
            self._check_xml(info, link)
        elif suffix == ".csv":
            self._checks.check_csv(self._members, info, must_be_extf=False)
        else:
            self._check_picture(info, suffix)

    def _check_xml(self, info: zipfile.ZipInfo, link: Link | None) -> None:
        root = self._parsed(info)
        if root is None:
            return
        place = self._members.place(info.filename)
        if xml_files.format_of(root) == xml_files.LEDGER_FILE:
            xml_files.check_ledger(root, self._report, self._checks.xsd_dir, link, place)
            self._report.rows = (self._report.rows or 0) + xml_files.records_of(root)
        elif link and link.is_ledger:
            message = f"document.xml calls it {link.kind}, but its root element is {root.tag}."
            self._members.find("wrong_root", message, "Export it as ledger, version 6.0.", info.filename)
        else:
            self._report.leave_out(f"{place}: it is neither a ledger nor document.xml.")

    def _check_picture(self, info: zipfile.ZipInfo, suffix: str) -> None:
        if media_type(info.filename) is None:
            message = "Belege online does not take files of this kind."
            cure = "Convert it to PDF, or leave it out."
            self._members.find("file_type", message, cure, info.filename, Severity.WARNING)
        ends = self._members.ends_of_whole(info, END_WITHIN)
        if ends is None or suffix != ".pdf":
            return
        beginning, end = ends
        if PDF_MARK not in beginning[:MARKS_WITHIN]:
            message = "The file is no PDF, whatever its name says."
            self._members.find("pdf_unreadable", message, "Put the PDF in again.", info.filename)
        elif end is not None and not ends_as_pdf(end, info.file_size):
            # DATEV refuses what it cannot read (DCO01245).
            message = "The PDF has no end (startxref and %%EOF): it was cut off."
            self._members.find("pdf_cut_off", message, "Put the whole PDF in again.", info.filename)

    def _parsed(self, info: zipfile.ZipInfo) -> etree._Element | None:
        content = self._members.content(info)
        if content is None:
            return None
        try:
            return parse_xml(content, info.filename)
        except DataError as error:
            for problem in error.problems:
                self._members.find(problem.code, problem.message, problem.cure, info.filename)
            return None
