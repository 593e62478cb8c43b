"""DATEV XML interface online: document.xml v06.0 with ledger v060 files (Rechnungsdatenservice 1.0). Pure."""

from connector.datev.dxso.model import Archive, ArchiveDocument, Extension, Ledger, LedgerKind, LedgerLine
from connector.datev.dxso.package import DxsoDocument, DxsoFile, DxsoPackage, PackageHeader
from connector.datev.dxso.reader import read_archive, read_ledger
from connector.datev.dxso.render import render_package
from connector.datev.dxso.rules import check_package
from connector.datev.dxso.schemas import check_against_schemas
from connector.datev.dxso.writer import write_archive, write_ledger

__all__ = [
    "Archive",
    "ArchiveDocument",
    "DxsoDocument",
    "DxsoFile",
    "DxsoPackage",
    "Extension",
    "Ledger",
    "LedgerKind",
    "LedgerLine",
    "PackageHeader",
    "check_against_schemas",
    "check_package",
    "read_archive",
    "read_ledger",
    "render_package",
    "write_archive",
    "write_ledger",
]
