"""Invoices to a DXSO package: all of it or none of it."""

from collections.abc import Sequence

from connector.datev.dxso.archive import archive_of_package
from connector.datev.dxso.elements import (
    ARCHIVE_RULES,
    DOCUMENT_RULES,
    FOLDER_RULE,
    LEDGER_RULES,
    Rule,
    value_message,
)
from connector.datev.dxso.ledger import ledger_of, ledger_problems
from connector.datev.dxso.package import (
    DOCUMENT_XML,
    DxsoDocument,
    DxsoFile,
    DxsoPackage,
    PackageHeader,
    file_names,
)
from connector.datev.dxso.rules import check_package
from connector.datev.dxso.writer import write_archive, write_ledger
from connector.errors import DataError, Problem

_RULES = {rule.name: rule for rule in (*LEDGER_RULES, *ARCHIVE_RULES, *DOCUMENT_RULES)}


def render_package(header: PackageHeader, documents: Sequence[DxsoDocument]) -> DxsoPackage:
    """A package that has passed :func:`check_package`. A single invoice is never divided.

    Raises:
        DataError: with every problem of every document.
    """
    names = file_names([document.number for document in documents])
    ledgers = [ledger_of(document, header) for document in documents]
    problems = _header_problems(header)
    for document, ledger in zip(documents, ledgers, strict=True):
        problems += _refused("guid", _RULES["guid"], document.guid, f"Document {document.number}")
        problems += ledger_problems(document, ledger, header)
    if problems:
        raise DataError(problems)
    package = DxsoPackage(
        DxsoFile(DOCUMENT_XML, write_archive(archive_of_package(documents, names, header))),
        tuple(
            DxsoFile(name.ledger, write_ledger(ledger)) for ledger, name in zip(ledgers, names, strict=True)
        ),
        tuple((document.guid, name.pdf) for document, name in zip(documents, names, strict=True)),
    )
    problems = check_package(package)
    if problems:
        raise DataError(problems)
    return package


def _header_problems(header: PackageHeader) -> list[Problem]:
    """Texts of the header that would spoil every file of the package."""
    return [
        *_refused("property 3", FOLDER_RULE, header.folder_name, "Package"),
        *_refused("generator_info", _RULES["generator_info"], header.sender, "Package"),
        *_refused("generatingSystem", _RULES["generatingSystem"], header.generating_system, "Package"),
    ]


def _refused(field: str, rule: Rule, content: str, where: str) -> list[Problem]:
    if rule.accepts(content):
        return []
    return [Problem("bad_value", f"{where}: {value_message(rule, content)}", field, f"Correct {field}.")]
