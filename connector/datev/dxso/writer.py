"""Write typed ledger files and document.xml."""

from lxml import etree

from connector.datev.dxso.elements import (
    ARCHIVE_RULES,
    CONSOLIDATE_RULES,
    DATA_FILE_RULE,
    DOCUMENT_NAMESPACE,
    DOCUMENT_RULES,
    DOCUMENT_TEXT_RULES,
    FILE_RULE,
    HEADER_RULES,
    LEDGER_NAMESPACE,
    LEDGER_RULES,
    LEVEL_RULES,
    SCHEMA_INSTANCE,
    VERSION,
    XML_DATA,
)
from connector.datev.dxso.model import Archive, ArchiveDocument, Extension, Ledger, Level, Property
from connector.datev.dxso.shapes import FILE_KINDS, LEDGER_LINES
from connector.datev.dxso.values import write_texts


def write_ledger(ledger: Ledger) -> bytes:
    """The ledger file. What stands in it is checked by whoever reads it back, not here."""
    attributes = {"version": VERSION, **write_texts(ledger, LEDGER_RULES), "xml_data": XML_DATA}
    root = _root("LedgerImport", LEDGER_NAMESPACE, attributes)
    consolidate = _add(root, "consolidate", write_texts(ledger, CONSOLIDATE_RULES))
    for line in ledger.lines:
        _add_texts(_add(consolidate, ledger.kind), write_texts(line, LEDGER_LINES[ledger.kind]))
    return _bytes(root)


def write_archive(archive: Archive) -> bytes:
    """``document.xml``."""
    root = _root("archive", DOCUMENT_NAMESPACE, {"version": VERSION, **write_texts(archive, ARCHIVE_RULES)})
    header = _add(root, "header")
    _add_texts(header, write_texts(archive, HEADER_RULES))
    _add_repository(header, archive.repository)
    content = _add(root, "content")
    for document in archive.documents:
        _add_document(content, document)
    return _bytes(root)


def _add_document(content: etree._Element, document: ArchiveDocument) -> None:
    element = _add(content, "document", write_texts(document, DOCUMENT_RULES))
    _add_texts(element, write_texts(document, DOCUMENT_TEXT_RULES))
    for extension in document.extensions:
        _add_extension(element, extension)
    _add_repository(element, document.repository)
    if document.intern:
        _add_property(_add(element, "documentintern"), document.intern)


def _add_extension(document: etree._Element, extension: Extension) -> None:
    name = FILE_RULE.name if extension.kind in FILE_KINDS else DATA_FILE_RULE.name
    kind = {f"{{{SCHEMA_INSTANCE}}}type": extension.kind}
    element = _add(document, "extension", {**kind, name: extension.file})
    for found in extension.properties:
        _add_property(element, found)


def _add_property(parent: etree._Element, found: Property) -> None:
    _add(parent, "property", {"value": found.value, "key": found.key})


def _add_repository(parent: etree._Element, levels: tuple[Level, ...]) -> None:
    if levels:
        repository = _add(parent, "repository")
        for level in levels:
            _add(repository, "level", write_texts(level, LEVEL_RULES))


def _add_texts(parent: etree._Element, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        _add(parent, name).text = text


def _add(parent: etree._Element, name: str, attributes: dict[str, str] | None = None) -> etree._Element:
    return etree.SubElement(parent, etree.QName(etree.QName(parent).namespace, name), attributes or {})


def _root(name: str, namespace: str, attributes: dict[str, str]) -> etree._Element:
    namespaces: dict[str | None, str] = {None: namespace}
    if namespace == DOCUMENT_NAMESPACE:
        namespaces["xsi"] = SCHEMA_INSTANCE
    return etree.Element(
        etree.QName(namespace, name),
        attributes,
        nsmap=namespaces,  # type: ignore[arg-type]  # the stubs forget the default namespace
    )


def _bytes(root: etree._Element) -> bytes:
    xml: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml
