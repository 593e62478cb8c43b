"""Our own typed rules for a package, always applied: shape, order, contents, sums, links."""

from collections.abc import Sequence
from decimal import Decimal

from lxml import etree

from connector.datev.dxso.elements import (
    ARCHIVE_RULES,
    CONSOLIDATE_RULES,
    DOCUMENT_NAMESPACE,
    DOCUMENT_RULES,
    FILE_NAME_RULE,
    FOLDER_RULE,
    HEADER_RULES,
    LEDGER_NAMESPACE,
    LEDGER_RULES,
    LINE_RULES,
    MAX_DOCUMENTS,
    MAX_LINES,
    MONTH_RULE,
    SCHEMA_INSTANCE,
    Rule,
    value_problem,
)
from connector.datev.dxso.package import DxsoFile, DxsoPackage
from connector.datev.dxso.xml import parse_xml
from connector.errors import DataError, Problem

_CURE = "Make the package again."
_SAME_IN_ALL_LINES = (
    ("consolidatedDate", "date"),
    ("consolidatedInvoiceId", "invoiceId"),
    ("consolidatedCurrencyCode", "currencyCode"),
    ("consolidatedDeliveryDate", "deliveryDate"),
    ("consolidatedOrderId", "orderId"),
)
"""DATEV refuses a ledger file whose lines differ from these attributes."""


def check_package(package: DxsoPackage) -> list[Problem]:
    """Every problem of a package; empty where DATEV's schemas and documented checks find nothing."""
    names = [file.name for file in package.ledgers] + [name for _, name in package.pdf_names]
    problems = [
        value_problem(FILE_NAME_RULE, name, "Package") for name in names if not FILE_NAME_RULE.accepts(name)
    ]
    if len({name.lower() for name in names}) != len(names):
        problems.append(_problem("file_name_twice", "Package: two files have the same name.", "file name"))
    months: dict[str, str] = {}
    try:
        problems += check_archive(parse_xml(package.document_xml.content, "document.xml"), names, months)
    except DataError as error:
        problems += error.problems
    for file in package.ledgers:
        problems += check_ledger_file(file, months.get(file.name))
    return problems


def check_ledger_file(file: DxsoFile, month: str | None = None) -> list[Problem]:
    """One ledger file; ``month`` (``JJJJ-MM``) is what document.xml says about it, where that is known."""
    try:
        root = parse_xml(file.content, file.name)
    except DataError as error:
        return list(error.problems)
    return check_ledger(root, file.name, month)


def check_archive(root: etree._Element, files: Sequence[str], months: dict[str, str]) -> list[Problem]:
    """``document.xml``; fills ``months`` with the booking month of each ledger file it names."""
    where = "document.xml"
    if root.tag != _document("archive"):
        return [
            _problem("wrong_root", f"{where}: the root is {root.tag}, not archive of version 6.0.", where)
        ]
    problems = _attributes(root, ARCHIVE_RULES, where)
    children = [_local(child) for child in root]
    if children != ["header", "content"]:
        return [
            *problems,
            _problem("wrong_order", f"{where}: archive must hold header, then content.", where),
        ]
    problems += _elements(root[0], HEADER_RULES, f"{where}, header")
    documents = list(root[1])
    if not 1 <= len(documents) <= MAX_DOCUMENTS:
        message = f"{where}: {len(documents)} documents, DATEV takes 1 to {MAX_DOCUMENTS}."
        problems.append(_problem("document_count", message, "document"))
    named: list[str] = []
    for number, document in enumerate(documents, start=1):
        problems += _check_document(document, f"{where}, document {number}", named, months)
    missing = sorted(set(named) - set(files))
    unnamed = sorted(set(files) - set(named))
    if missing:
        message = f"{where} names files that are not in the package: {', '.join(missing)}."
        problems.append(_problem("file_missing", message, "file name"))
    if unnamed:
        message = f"{where} does not name these files of the package: {', '.join(unnamed)}."
        problems.append(_problem("file_not_named", message, "file name"))
    return problems


def check_ledger(root: etree._Element, where: str, month: str | None) -> list[Problem]:
    """A ledger file of outgoing invoices."""
    if root.tag != _ledger("LedgerImport"):
        return [_problem("wrong_root", f"{where}: the root is {root.tag}, not LedgerImport v060.", where)]
    problems = _attributes(root, LEDGER_RULES, where)
    if [_local(child) for child in root] != ["consolidate"]:
        return [*problems, _problem("wrong_order", f"{where} must hold exactly one consolidate.", where)]
    consolidate = root[0]
    found = _attributes(consolidate, CONSOLIDATE_RULES, f"{where}, consolidate")
    lines = list(consolidate)
    if not 1 <= len(lines) <= MAX_LINES:
        message = f"{where}: {len(lines)} lines, DATEV takes 1 to {MAX_LINES}."
        found.append(_problem("line_count", message, "accountsReceivableLedger"))
    for number, line in enumerate(lines, start=1):
        if _local(line) != "accountsReceivableLedger":
            message = f"{where}, line {number} is {_local(line)}, not accountsReceivableLedger."
            found.append(_problem("wrong_element", message, "accountsReceivableLedger"))
        else:
            found += _elements(line, LINE_RULES, f"{where}, line {number}")
    if not found:
        found = _check_sums(consolidate, where, month)
    return problems + found


def _check_sums(consolidate: etree._Element, where: str, month: str | None) -> list[Problem]:
    """Lines against the attributes; called on well-formed values only."""
    problems = []
    total = sum((Decimal(line.findtext(_ledger("amount"), "")) for line in consolidate), Decimal(0))
    stated = Decimal(consolidate.get("consolidatedAmount", ""))
    if total != stated:
        message = f"{where}: the lines add up to {total} but consolidatedAmount is {stated}."
        problems.append(_problem("sum_differs", message, "consolidatedAmount"))
    for attribute, element in _SAME_IN_ALL_LINES:
        value = consolidate.get(attribute)
        if value is not None and any(line.findtext(_ledger(element)) != value for line in consolidate):
            message = f"{where}: a line's {element} differs from {attribute} {value}."
            problems.append(_problem("line_differs", message, attribute))
    day = consolidate.get("consolidatedDate", "")
    if month and day[:7] != month:
        message = f"{where}: {day} does not lie in the month {month} of document.xml."
        problems.append(_problem("date_outside_month", message, "consolidatedDate"))
    return problems


def _check_document(
    document: etree._Element, where: str, named: list[str], months: dict[str, str]
) -> list[Problem]:
    problems = _attributes(document, DOCUMENT_RULES, where)
    kinds = [child.get(f"{{{SCHEMA_INSTANCE}}}type") for child in document if _local(child) == "extension"]
    if kinds != ["accountsReceivableLedger", "File"] or len(document) != 2:
        message = f"{where} must hold accountsReceivableLedger, then File."
        return [*problems, _problem("wrong_order", message, "extension")]
    ledger, file = document
    properties = {child.get("key"): child.get("value", "") for child in ledger}
    for key, rule in (("1", MONTH_RULE), ("3", FOLDER_RULE)):
        if not rule.accepts(properties.get(key, "")):
            problems.append(value_problem(rule, properties.get(key, ""), where))
    names = [ledger.get("datafile", ""), file.get("name", "")]
    for name in names:
        if name in named:
            problems.append(_problem("file_named_twice", f"{where}: {name} is named before.", "file name"))
    named += names
    months[names[0]] = properties.get("1", "")
    return problems


def _attributes(element: etree._Element, rules: Sequence[Rule], where: str) -> list[Problem]:
    known = {rule.name for rule in rules}
    problems = [
        _problem("unknown_attribute", f"{where}: attribute {name} is not known.", name)
        for name in map(str, element.attrib)
        if name not in known
    ]
    for rule in rules:
        content = element.get(rule.name)
        if content is None:
            if rule.required:
                problems.append(_missing(rule, where))
        elif not rule.accepts(content):
            problems.append(value_problem(rule, content, where))
    return problems


def _elements(parent: etree._Element, rules: Sequence[Rule], where: str) -> list[Problem]:
    """Children: known, in the table's order, at most once, each with an allowed content."""
    places = {rule.name: place for place, rule in enumerate(rules)}
    problems = []
    last = -1
    for child in parent:
        name = _local(child)
        place = places.get(name)
        if place is None:
            problems.append(_problem("unknown_element", f"{where}: element {name} is not known.", name))
            continue
        if place <= last:
            message = f"{where}: element {name} stands in the wrong place or twice."
            problems.append(_problem("wrong_order", message, name))
        last = max(last, place)
        content = child.text or ""
        if not rules[place].accepts(content):
            problems.append(value_problem(rules[place], content, where))
    present = {_local(child) for child in parent}
    return problems + [_missing(rule, where) for rule in rules if rule.required and rule.name not in present]


def _missing(rule: Rule, where: str) -> Problem:
    return _problem("missing", f"{where}: {rule.name} is missing.", rule.name)


def _problem(code: str, message: str, field: str) -> Problem:
    return Problem(code, message, field, _CURE)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _document(name: str) -> str:
    return f"{{{DOCUMENT_NAMESPACE}}}{name}"


def _ledger(name: str) -> str:
    return f"{{{LEDGER_NAMESPACE}}}{name}"
