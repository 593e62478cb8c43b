"""Invoices to a DXSO package: all of it or none of it."""

from collections.abc import Sequence

from connector.datev.dxso.archive import archive_xml
from connector.datev.dxso.elements import ARCHIVE_RULES, FOLDER_RULE, LEDGER_RULES, value_problem
from connector.datev.dxso.ledger import ledger_lines, ledger_problems, ledger_xml
from connector.datev.dxso.package import (
    DOCUMENT_XML,
    DxsoDocument,
    DxsoFile,
    DxsoPackage,
    PackageHeader,
    file_names,
)
from connector.datev.dxso.rules import check_package
from connector.errors import DataError, Problem


def render_package(header: PackageHeader, documents: Sequence[DxsoDocument]) -> DxsoPackage:
    """A package that has passed :func:`check_package`.

    Raises:
        DataError: with every problem of every document.
    """
    names = file_names([document.number for document in documents])
    all_lines = [ledger_lines(document, header) for document in documents]
    problems = _header_problems(header) + [
        problem
        for document, lines in zip(documents, all_lines, strict=True)
        for problem in ledger_problems(document, lines, header)
    ]
    if problems:
        raise DataError(problems)
    package = DxsoPackage(
        DxsoFile(DOCUMENT_XML, archive_xml(documents, names, header)),
        tuple(
            DxsoFile(name.ledger, ledger_xml(document, lines, header))
            for document, lines, name in zip(documents, all_lines, names, strict=True)
        ),
        tuple((document.guid, name.pdf) for document, name in zip(documents, names, strict=True)),
    )
    problems = check_package(package)
    if problems:
        raise DataError(problems)
    return package


def _header_problems(header: PackageHeader) -> list[Problem]:
    """Texts of the header that would spoil every file of the package."""
    rules = {rule.name: rule for rule in (*LEDGER_RULES, *ARCHIVE_RULES)}
    checks = (
        (FOLDER_RULE, header.folder_name),
        (rules["generator_info"], header.sender),
        (rules["generatingSystem"], header.generating_system),
    )
    return [value_problem(rule, content, "Package") for rule, content in checks if not rule.accepts(content)]
