"""What is checked in a finalised DXSO package: well-formed XML, and that every file named is there."""

from lxml import etree

from webapp.sandbox.store import Record

DOCUMENT_XML = "document.xml"
ARCHIVE_TAG = "{http://xml.datev.de/bedi/tps/document/v06.0}archive"
LEDGER_TAG = "{http://xml.datev.de/bedi/tps/ledger/v060}LedgerImport"


def _parse(content: bytes) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return None


def _error(filename: str, text: str) -> Record:
    return {"text": text, "type": "error", "filename": filename, "context": "Prüfung der Schnittstellendaten"}


def package_errors(files: dict[str, bytes]) -> list[Record]:
    """Protocol entries of type error; none for a package that can be processed. ``files``: name → content."""
    if DOCUMENT_XML not in files:
        return [_error(DOCUMENT_XML, "Die Datei document.xml fehlt.")]
    root = _parse(files[DOCUMENT_XML])
    if root is None:
        return [_error(DOCUMENT_XML, "Die Datei ist kein wohlgeformtes XML.")]
    if root.tag != ARCHIVE_TAG:
        return [_error(DOCUMENT_XML, "Das Wurzelelement ist nicht archive in Version 6.0.")]
    errors = []
    for extension in root.iter(f"{{{etree.QName(root).namespace}}}extension"):
        for attribute, is_ledger in (("datafile", True), ("name", False)):
            name = extension.get(attribute)
            if name is None:
                continue
            if name not in files:
                errors.append(
                    _error(name, "Die Datei ist in document.xml genannt, wurde aber nicht übertragen.")
                )
            elif is_ledger:
                errors += _ledger_errors(name, files[name])
    return errors


def _ledger_errors(name: str, content: bytes) -> list[Record]:
    root = _parse(content)
    if root is None:
        return [_error(name, "Die Datei ist kein wohlgeformtes XML.")]
    if root.tag != LEDGER_TAG:
        return [_error(name, "Das Wurzelelement ist nicht LedgerImport in Version 6.0.")]
    return []
