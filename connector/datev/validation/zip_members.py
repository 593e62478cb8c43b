"""The files inside a ZIP, read with limits: nothing is unpacked to a disk, nothing grows without end."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from connector.datev.dxso.elements import MAX_FILE_BYTES
from connector.datev.file_names import clean_file_name
from connector.datev.findings import Finding, Severity
from connector.datev.validation import xml_files
from connector.datev.validation.report import FileReport

MOST_MEMBERS = 20_000
"""Of a ZIP and of all ZIPs in it together; twice what a full package of DATEV's holds."""
MOST_BYTES = 512 * 1024 * 1024
"""Of data (XML, CSV, ZIPs inside), and as much again of pictures, read from one ZIP; a small file that
unpacks to more is an attack."""
MOST_INNER_BYTES = 64 * 1024 * 1024
"""Of one ZIP inside another, which is held in memory while it is checked."""

_BLOCK = 1 << 16
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

_ENTRY_MARK = b"PK\x01\x02"
"""Every file in the directory of a ZIP begins so."""

_PICTURES_UNREAD = (
    "Whether pictures and PDFs beyond the first {megabytes} MB of the ZIP are whole: they are not read."
)


@dataclass(slots=True)
class Budget:
    """What may still be read of one ZIP and the ZIPs in it; without it a ZIP of ZIPs would start afresh."""

    members: int
    data: int
    pictures: int

    @classmethod
    def full(cls) -> "Budget":
        """At the beginning."""
        return cls(MOST_MEMBERS, MOST_BYTES, MOST_BYTES)


class Members:
    """The files of one ZIP; all that is found goes to the report under their place."""

    def __init__(
        self, archive: zipfile.ZipFile, report: FileReport, budget: Budget, inner_name: str = ""
    ) -> None:
        """``inner_name``: of the ZIP inside the one that is checked; empty for the outer one."""
        self._archive = archive
        self._report = report
        self._budget = budget
        self._inner_name = inner_name
        self.infos = archive.infolist()
        self.files = [info for info in self.infos if not info.is_dir()]

    def place(self, name: str = "") -> str:
        """The path of a file: ``2026-12.zip/document.xml``; of the ZIP itself where no name is given."""
        return "/".join(part for part in (self._inner_name, name) if part)

    def find(
        self, rule: str, message: str, cure: str, name: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """Note something about a file, or about the ZIP itself."""
        found = Finding(rule=rule, message=message, cure=cure, file=self.place(name), severity=severity)
        self._report.findings.append(found)

    def too_many(self) -> bool:
        """Whether there are more files than may be looked at, which is noted; else they are counted."""
        if len(self.infos) > self._budget.members:
            message = f"The ZIP has {len(self.infos)} files, of which none is read."
            self.find("too_many_files", message, "Pack at most 4,999 documents into one ZIP.")
            return True
        self._budget.members -= len(self.infos)
        return False

    def content(self, info: zipfile.ZipInfo) -> bytes | None:
        """The bytes of a data file; None where it cannot or must not be read, which is noted."""
        if not self._readable(info):
            return None
        if info.file_size > MAX_FILE_BYTES:
            self._report.tell([xml_files.too_large(info.file_size, self.place(info.filename))])
            return None
        return self._data(info)

    def inner_zip(self, info: zipfile.ZipInfo) -> BinaryIO | None:
        """A ZIP inside this one; None as for :meth:`content`.

        Its directory is counted before ``zipfile`` builds it: packed, a million entries are a small file.
        """
        if not self._readable(info):
            return None
        if info.file_size > MOST_INNER_BYTES:
            message = f"The ZIP inside has {info.file_size} bytes; more than {MOST_INNER_BYTES} are not read."
            self.find("zip_too_large", message, "Unpack it and check it by itself.", info.filename)
            return None
        content = self._data(info)
        if content is None:
            return None
        if content.count(_ENTRY_MARK) > self._budget.members:
            message = f"The ZIP inside has more than {self._budget.members} files, of which none is read."
            self.find("too_many_files", message, "Pack at most 4,999 documents into one ZIP.", info.filename)
            return None
        return io.BytesIO(content)

    def peek(self, info: zipfile.ZipInfo, size: int) -> bytes:
        """The first bytes of a file, to tell its kind by; empty where it cannot be read."""
        if info.flag_bits & 1:
            return b""
        try:
            with self._archive.open(info) as file:
                return file.read(size)
        except _BROKEN:
            return b""

    def ends_of_whole(self, info: zipfile.ZipInfo, size: int) -> tuple[bytes, bytes | None] | None:
        """The first and the last bytes of a picture that was read to its end; None as for :meth:`content`.

        At the end ``zipfile`` compares the check sum. Beyond all measure only the first bytes are read, which
        is said; the last ones are None then.
        """
        if not self._readable(info):
            return None
        if info.file_size > MAX_FILE_BYTES:
            self._report.tell([xml_files.too_large(info.file_size, self.place(info.filename))])
            return None
        whole = info.file_size <= self._budget.pictures
        if not whole:
            self._report.leave_out(_PICTURES_UNREAD.format(megabytes=MOST_BYTES // 1024**2))
        try:
            with self._archive.open(info) as file:
                beginning = end = file.read(size)
                while whole and (block := file.read(_BLOCK)):
                    end = (end + block)[-size:]
        except _BROKEN as error:
            self._broken(info, error)
            return None
        self._budget.pictures -= info.file_size if whole else 0
        return beginning, end if whole else None

    def _data(self, info: zipfile.ZipInfo) -> bytes | None:
        if info.file_size > self._budget.data:
            message = f"The ZIP unpacks to more than {MOST_BYTES} bytes; this file is not read."
            self.find("zip_too_large", message, "Split the data over several ZIPs.", info.filename)
            return None
        self._budget.data -= info.file_size
        try:
            return self._archive.read(info)
        except _BROKEN as error:
            self._broken(info, error)
            return None

    def _readable(self, info: zipfile.ZipInfo) -> bool:
        if not info.flag_bits & 1:
            return True
        message = "The file is encrypted, so DATEV cannot read it."
        self.find("encrypted", message, "Pack the files without a password.", info.filename)
        return False

    def _broken(self, info: zipfile.ZipInfo, error: Exception) -> None:
        message = f"The file is damaged inside the ZIP: {error}."
        self.find("member_unreadable", message, "Pack the files again.", info.filename)


def open_zip(source: BinaryIO) -> zipfile.ZipFile | str:
    """The ZIP, or why it cannot be read."""
    try:
        return zipfile.ZipFile(source)
    except _BROKEN as error:
        return f"The ZIP cannot be read: {error}."


def name_findings(members: Members, *, flat: bool) -> Iterator[Finding]:
    """What is wrong with the names in a ZIP.

    :param flat: whether DATEV gets the ZIP itself, which it takes without folders and with plain names only.
    """
    seen: set[str] = set()
    for info in members.infos:
        name = info.filename
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            message = f"The name {name!r} leads out of the ZIP; nothing is ever written there."
            yield _name_finding(members, "unsafe_name", message, "Pack the files by their plain names.", name)
        elif flat and len(parts) > 1:
            message = f"{name!r} lies in a folder, DATEV takes flat ZIPs only."
            yield _name_finding(members, "zip_folder", message, "Pack all files at the top level.", name)
        elif flat and clean_file_name(name) != name:
            message = f"The name {name!r} has characters that DATEV replaces."
            cure = f"Call it {clean_file_name(name)!r}, in document.xml as well."
            yield _name_finding(members, "file_name", message, cure, name, Severity.WARNING)
        if name.lower() in seen:
            message = f"There are two files called {name!r}."
            yield _name_finding(members, "file_name_twice", message, "Give every file its own name.", name)
        seen.add(name.lower())


def suffix_of(info: zipfile.ZipInfo) -> str:
    """``.pdf``: what the name says of the kind."""
    return PurePosixPath(info.filename).suffix.lower()


def _name_finding(
    members: Members, rule: str, message: str, cure: str, name: str, severity: Severity = Severity.ERROR
) -> Finding:
    return Finding(
        rule=rule,
        message=message,
        cure=cure,
        severity=severity,
        file=members.place(name),
        field="file name",
    )
