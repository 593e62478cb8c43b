"""Check a ZIP for Belegtransfer or a DXSO job: flat, with document.xml and all that it names.

Nothing is ever unpacked to a disk. Members are read into memory one at a time, and never more of one than
DATEV would take.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lxml import etree

from connector.datev.dxso.archive_meaning import Link, link_findings
from connector.datev.dxso.elements import MAX_FILE_BYTES
from connector.datev.dxso.package import DOCUMENT_XML
from connector.datev.dxso.xml import parse_xml
from connector.datev.file_names import clean_file_name, media_type
from connector.datev.findings import Finding, Severity
from connector.datev.validation import xml_files
from connector.datev.validation.chart_rules import Charts
from connector.datev.validation.extf_files import check_extf
from connector.datev.validation.recognition import looks_like_extf
from connector.datev.validation.report import FileReport
from connector.errors import DataError

FORMAT = "zip"

MOST_MEMBERS = 20_000
"""Twice what a full package of DATEV's holds."""
MOST_BYTES = 512 * 1024 * 1024
"""Of XML and CSV read from one ZIP; a small file that unpacks to more is an attack."""

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What ``zipfile`` raises for members that are damaged, encrypted or packed in an unknown way."""

_PDF_MARK = b"%PDF-"
_MARK_WITHIN = 1024
"""Readers accept the mark anywhere in the first 1,024 bytes (ISO 32000, implementation notes)."""


def check_zip(
    source: BinaryIO, report: FileReport, xsd_dir: Path | None, charts: Charts | None = None
) -> None:
    """Check the package and write down what is found."""
    try:
        archive = zipfile.ZipFile(source)
    except _BROKEN as error:
        report.refuse("zip_unreadable", f"The ZIP cannot be read: {error}.", "Pack the files again.")
        return
    report.format = FORMAT
    report.leave_out("Pictures and PDFs beyond their first bytes.")
    with archive:
        if len(archive.infolist()) > MOST_MEMBERS:
            message = f"The ZIP has {len(archive.infolist())} files, of which none is read."
            cure = "Pack at most 4,999 documents into one ZIP."
            report.findings.append(Finding(rule="too_many_files", message=message, cure=cure))
            return
        _Package(archive, report, xsd_dir, charts or {}).check()


class _Package:
    """The check of one ZIP."""

    def __init__(
        self, archive: zipfile.ZipFile, report: FileReport, xsd_dir: Path | None, charts: Charts
    ) -> None:
        self._archive = archive
        self._report = report
        self._xsd_dir = xsd_dir
        self._charts = charts
        self._left = MOST_BYTES
        self._files = [info for info in archive.infolist() if not info.is_dir()]

    def check(self) -> None:
        """Names first, then document.xml, then what it names."""
        self._report.tell(_name_findings(self._archive.infolist()))
        self._report.rows = 0
        if not self._files:
            self._find("zip_empty", "The ZIP holds no files.", "Pack document.xml and what it names.")
            return
        links = self._check_document()
        named = {link.file: link for link in links}
        for info in self._files:
            if info.filename != DOCUMENT_XML:
                self._check_member(info, named.get(info.filename))

    def _check_document(self) -> list[Link]:
        found = next((info for info in self._files if info.filename == DOCUMENT_XML), None)
        if found is None:
            cure = "Put document.xml at the top level of the ZIP; it links data and pictures."
            self._find("document_xml_missing", "The ZIP holds no document.xml.", cure)
            return []
        content = self._content(found)
        root = self._parsed(content, DOCUMENT_XML) if content is not None else None
        if root is None:
            return []
        links = xml_files.check_document(root, self._report, self._xsd_dir, DOCUMENT_XML)
        others = [info.filename for info in self._files if info.filename != DOCUMENT_XML]
        self._report.findings += [
            finding if finding.file else replace(finding, file=DOCUMENT_XML)
            for finding in link_findings(links, others)
        ]
        return links

    def _check_member(self, info: zipfile.ZipInfo, link: Link | None) -> None:
        suffix = PurePosixPath(info.filename).suffix.lower()
        if suffix == ".xml":
            self._check_xml(info, link)
        elif suffix == ".csv":
            self._check_csv(info)
        elif suffix == ".pdf":
            self._check_pdf(info)
        elif media_type(info.filename) is None:
            message = "Belege online does not take files of this kind."
            cure = "Convert it to PDF, or leave it out."
            self._find("file_type", message, cure, info.filename, Severity.WARNING)

    def _check_xml(self, info: zipfile.ZipInfo, link: Link | None) -> None:
        content = self._content(info)
        root = self._parsed(content, info.filename) if content is not None else None
        if root is None:
            return
        if xml_files.format_of(root) == xml_files.LEDGER_FILE:
            xml_files.check_ledger(root, self._report, self._xsd_dir, link, info.filename)
            self._report.rows = (self._report.rows or 0) + xml_files.records_of(root)
        elif link and link.is_ledger:
            message = f"document.xml calls it {link.kind}, but its root element is {root.tag}."
            self._find("wrong_root", message, "Export it as ledger, version 6.0.", info.filename)
        else:
            self._report.leave_out(f"{info.filename}: it is neither a ledger nor document.xml.")

    def _check_csv(self, info: zipfile.ZipInfo) -> None:
        content = self._content(info)
        if content is None:
            return
        if looks_like_extf(content[:64]):
            check_extf(io.BytesIO(content), self._report, info.filename, self._charts)
        else:
            self._report.leave_out(f"{info.filename}: it is no EXTF file.")

    def _check_pdf(self, info: zipfile.ZipInfo) -> None:
        if not self._readable(info):
            return
        try:
            with self._archive.open(info) as file:
                beginning = file.read(_MARK_WITHIN)
        except _BROKEN as error:
            self._broken(info, error)
            return
        if _PDF_MARK not in beginning:
            message = "The file is no PDF, whatever its name says."
            self._find("pdf_unreadable", message, "Put the PDF in again.", info.filename)

    def _content(self, info: zipfile.ZipInfo) -> bytes | None:
        """The member's bytes; None where it cannot or must not be read, which is noted."""
        if not self._readable(info):
            return None
        if info.file_size > self._left:
            message = f"The ZIP unpacks to more than {MOST_BYTES} bytes; this file is not read."
            self._find("zip_too_large", message, "Split the data over several ZIPs.", info.filename)
            return None
        try:
            content = self._archive.read(info)
        except _BROKEN as error:
            self._broken(info, error)
            return None
        self._left -= len(content)
        return content

    def _readable(self, info: zipfile.ZipInfo) -> bool:
        if info.flag_bits & 1:
            message = "The file is encrypted, so DATEV cannot read it."
            self._find("encrypted", message, "Pack the files without a password.", info.filename)
            return False
        if info.file_size > MAX_FILE_BYTES:
            self._report.findings.append(xml_files.too_large(info.file_size, info.filename))
            return False
        return True

    def _parsed(self, content: bytes, name: str) -> etree._Element | None:
        try:
            return parse_xml(content, name)
        except DataError as error:
            for problem in error.problems:
                self._find(problem.code, problem.message, problem.cure, name)
            return None

    def _broken(self, info: zipfile.ZipInfo, error: Exception) -> None:
        message = f"The file is damaged inside the ZIP: {error}."
        self._find("member_unreadable", message, "Pack the files again.", info.filename)

    def _find(
        self, rule: str, message: str, cure: str, file: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        self._report.findings.append(
            Finding(rule=rule, message=message, cure=cure, file=file, severity=severity)
        )


def _name_findings(members: list[zipfile.ZipInfo]) -> Iterator[Finding]:
    seen: set[str] = set()
    for info in members:
        name = info.filename
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            message = f"The name {name!r} leads out of the ZIP; nothing is ever written there."
            yield _name_finding("unsafe_name", message, "Pack the files by their plain names.", name)
        elif len(parts) > 1:
            message = f"{name!r} lies in a folder, DATEV takes flat ZIPs only."
            yield _name_finding("zip_folder", message, "Pack all files at the top level.", name)
        elif clean_file_name(name) != name:
            message = f"The name {name!r} has characters that DATEV replaces."
            cure = f"Call it {clean_file_name(name)!r}, in document.xml as well."
            yield _name_finding("file_name", message, cure, name, Severity.WARNING)
        if name.lower() in seen:
            message = f"There are two files called {name!r}."
            yield _name_finding("file_name_twice", message, "Give every file its own name.", name)
        seen.add(name.lower())


def _name_finding(
    rule: str, message: str, cure: str, name: str, severity: Severity = Severity.ERROR
) -> Finding:
    return Finding(rule=rule, message=message, cure=cure, severity=severity, file=name, field="file name")
