"""The DXSO package: what goes into it and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connector.accounting.debtor import DebtorRecord
from connector.accounting.posting import Posting

DOCUMENT_XML = "document.xml"


@dataclass(frozen=True, slots=True)
class DxsoDocument:
    """One invoice on its way into a package."""

    guid: str
    """GUID of the document: DATEV stores the PDF under it."""
    number: str
    date: date
    debtor: DebtorRecord
    postings: tuple[Posting, ...]
    """Every row of this invoice and no other's."""


@dataclass(frozen=True, slots=True)
class PackageHeader:
    """What all documents of a package share."""

    month: date
    """Any day of the booking month."""
    folder_name: str
    """Ledger folder, one of ``ledger_folder_names`` in DATEV's answer to the new job."""
    sender: str
    """``generator_info``: the company that issues the invoices; shown to the bookkeeper as sender."""
    generating_system: str
    created_at: datetime
    """With a time zone; written as the time on the wall in Germany."""
    consultant_number: int
    client_number: int
    own_vat_id: str = ""
    """Needed for distance sales (``ownVatId``)."""
    home_country: str = "DE"


@dataclass(frozen=True, slots=True)
class DxsoFile:
    """One file for the job."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class DxsoPackage:
    """Everything but the PDFs themselves, whose names are laid down here."""

    document_xml: DxsoFile
    ledgers: tuple[DxsoFile, ...]
    pdf_names: tuple[tuple[str, str], ...]
    """(GUID of the document, name of its PDF in the package)."""

    def pdf_name(self, guid: str) -> str:
        """The name under which the PDF of this document must be uploaded."""
        return dict(self.pdf_names)[guid]


@dataclass(frozen=True, slots=True)
class FileNames:
    """Names of the two files of one document."""

    ledger: str
    pdf: str


def file_names(numbers: Sequence[str]) -> list[FileNames]:
    """Safe and unique file names, one pair per document number, in order.

    Characters that are harmless in Belegfeld 1 but not in a file name become ``-``; where two
    numbers then look alike (also on a disk that ignores case), the later one gets a counter.
    """
    taken: set[str] = set()
    names = []
    for number in numbers:
        base = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in number)
        name, counter = base, 1
        while name.lower() in taken:
            counter += 1
            name = f"{base}-{counter}"
        taken.add(name.lower())
        names.append(FileNames(f"Rechnungsdaten_RA_{name}.xml", f"Rechnungsbild_RA_{name}.pdf"))
    return names
