"""Read ledger files and document.xml of any origin into typed values."""

from typing import Any

from lxml import etree

from connector.datev.dxso.elements import (
    ARCHIVE_RULES,
    CONSOLIDATE_RULES,
    DATA_FILE_RULE,
    DOCUMENT_RULES,
    DOCUMENT_TEXT_RULES,
    FILE_RULE,
    HEADER_RULES,
    LEDGER_RULES,
    LEVEL_RULES,
)
from connector.datev.dxso.model import (
    Archive,
    ArchiveDocument,
    Extension,
    Ledger,
    LedgerKind,
    LedgerLine,
    Level,
    Property,
)
from connector.datev.dxso.shape_check import extension_kind, shape_findings
from connector.datev.dxso.shapes import LEDGER_LINES
from connector.datev.dxso.values import read_attributes, read_texts
from connector.datev.dxso.xml import parse_xml
from connector.errors import DataError

_FIXED = {"version", "xml_data"}
"""Attributes that say the same in every file."""


def read_ledger(content: bytes, name: str = "ledger") -> Ledger:
    """A ledger file (v060) of outgoing or incoming invoices or of cash.

    Raises:
        DataError: the file is no XML or differs from DATEV's schema; with every difference.
    """
    root = _sound(content, name)
    consolidate = root[0]
    kind = LedgerKind(etree.QName(consolidate[0]).localname)
    rules = LEDGER_LINES[kind]
    values_of_lines: list[dict[str, Any]] = [read_texts(line, rules) for line in consolidate]
    lines = tuple(LedgerLine(**values) for values in values_of_lines)
    fixed: dict[str, Any] = read_attributes(root, LEDGER_RULES)
    values: dict[str, Any] = read_attributes(consolidate, CONSOLIDATE_RULES)
    own = {field: value for field, value in fixed.items() if field not in _FIXED}
    return Ledger(kind=kind, lines=lines, **values, **own)


def read_archive(content: bytes, name: str = "document.xml") -> Archive:
    """``document.xml`` (version 6.0).

    Raises:
        DataError: the file is no XML or differs from DATEV's schema; with every difference.
    """
    return archive_of(_sound(content, name))


def archive_of(root: etree._Element) -> Archive:
    """A tree in which :func:`shape_findings` found nothing."""
    header, contents = root
    attributes: dict[str, Any] = read_attributes(root, ARCHIVE_RULES)
    attributes.pop("version")
    values: dict[str, Any] = read_texts(header, HEADER_RULES)
    documents = tuple(_document(document) for document in contents)
    return Archive(documents=documents, repository=_repository(header), **values, **attributes)


def _sound(content: bytes, name: str) -> etree._Element:
    root = parse_xml(content, name)
    findings = shape_findings(root)
    if findings:
        raise DataError([finding.as_problem(name) for finding in findings])
    return root


def _document(document: etree._Element) -> ArchiveDocument:
    attributes: dict[str, Any] = read_attributes(document, DOCUMENT_RULES)
    values: dict[str, Any] = read_texts(document, DOCUMENT_TEXT_RULES)
    children = {etree.QName(child).localname: child for child in document}
    intern = children.get("documentintern")
    return ArchiveDocument(
        extensions=tuple(_extension(child) for child in document if _is(child, "extension")),
        repository=_repository(document),
        intern=_property(intern[0]) if intern is not None else None,
        **values,
        **attributes,
    )


def _extension(element: etree._Element) -> Extension:
    file = element.get(DATA_FILE_RULE.name, "") or element.get(FILE_RULE.name, "")
    return Extension(extension_kind(element), file, tuple(_property(child) for child in element))


def _property(element: etree._Element) -> Property:
    key = element.get("key", "")
    return Property(key.strip() if key.strip().isdigit() else key, element.get("value", ""))


def _repository(parent: etree._Element) -> tuple[Level, ...]:
    found = next((child for child in parent if _is(child, "repository")), None)
    if found is None:
        return ()
    levels: list[dict[str, Any]] = [read_attributes(level, LEVEL_RULES) for level in found]
    return tuple(Level(**values) for values in levels)


def _is(element: etree._Element, name: str) -> bool:
    return etree.QName(element).localname == name
