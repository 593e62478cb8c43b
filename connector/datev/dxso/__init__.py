"""DATEV XML interface online: document.xml v06.0 with ledger v060 files (Rechnungsdatenservice 1.0). Pure."""

from connector.datev.dxso.package import DxsoDocument, DxsoFile, DxsoPackage, PackageHeader
from connector.datev.dxso.render import render_package
from connector.datev.dxso.rules import check_package
from connector.datev.dxso.schemas import check_against_schemas

__all__ = [
    "DxsoDocument",
    "DxsoFile",
    "DxsoPackage",
    "PackageHeader",
    "check_against_schemas",
    "check_package",
    "render_package",
]
