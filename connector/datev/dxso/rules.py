"""Our own rules for a package, always applied: shape, contents, sums, links."""

from collections.abc import Sequence

from connector.datev.dxso.archive_meaning import Link, archive_links, archive_meaning, link_findings
from connector.datev.dxso.elements import FILE_NAME_RULE, MAX_FILE_BYTES, value_message
from connector.datev.dxso.ledger_meaning import ledger_meaning
from connector.datev.dxso.package import DxsoFile, DxsoPackage
from connector.datev.dxso.shape_check import shape_findings
from connector.datev.dxso.xml import parse_xml
from connector.datev.findings import Finding, Severity
from connector.errors import DataError, Problem


def check_package(package: DxsoPackage) -> list[Problem]:
    """Every problem of a package of ours; empty where DATEV's schemas and documented checks find nothing."""
    names = [file.name for file in package.ledgers] + [name for _, name in package.pdf_names]
    problems = [
        Problem(
            "bad_value", f"Package: {value_message(FILE_NAME_RULE, name)}", "file name", "Correct the name."
        )
        for name in names
        if not FILE_NAME_RULE.accepts(name)
    ]
    if len({name.lower() for name in names}) != len(names):
        message = "Package: two files have the same name."
        problems.append(Problem("file_name_twice", message, "file name", "Give every file its own name."))
    links: dict[str, Link] = {}
    problems += _archive_problems(package.document_xml, names, links)
    for file in package.ledgers:
        problems += _problems(file, links.get(file.name))
    return problems


def _archive_problems(file: DxsoFile, names: Sequence[str], known: dict[str, Link]) -> list[Problem]:
    """Of document.xml; fills ``known`` with what it says of each file."""
    try:
        root = parse_xml(file.content, file.name)
    except DataError as error:
        return list(error.problems)
    links = archive_links(root)
    known.update({link.file: link for link in links})
    found = shape_findings(root) + archive_meaning(root)
    if not found:
        found = link_findings(links, names)
    return _errors(file, found)


def _problems(file: DxsoFile, link: Link | None) -> list[Problem]:
    try:
        root = parse_xml(file.content, file.name)
    except DataError as error:
        return list(error.problems)
    return _errors(file, shape_findings(root) + ledger_meaning(root, link))


def _errors(file: DxsoFile, found: Sequence[Finding]) -> list[Problem]:
    problems = [finding.as_problem(file.name) for finding in found if finding.severity is Severity.ERROR]
    if len(file.content) > MAX_FILE_BYTES:
        problems.append(
            Problem(
                "file_too_large",
                f"{file.name} has {len(file.content)} bytes, DATEV takes {MAX_FILE_BYTES}.",
                file.name,
                "Split the documents over several packages.",
            )
        )
    return problems
