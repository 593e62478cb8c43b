"""``document.xml``: which ledger file and which PDF belong together."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from lxml import etree

from connector.datev.dxso.elements import DOCUMENT_NAMESPACE, SCHEMA_INSTANCE, VERSION
from connector.datev.dxso.package import DxsoDocument, FileNames, PackageHeader

_BERLIN = ZoneInfo("Europe/Berlin")
_OUTGOING = "2"
_NAMESPACES: dict[str | None, str] = {None: DOCUMENT_NAMESPACE, "xsi": SCHEMA_INSTANCE}


def archive_xml(
    documents: Sequence[DxsoDocument], names: Sequence[FileNames], header: PackageHeader
) -> bytes:
    """The archive: header, then per document its ledger data and its PDF.

    The GUID is DATEV's name for the PDF; it takes effect because the document has a File extension.
    """
    root = etree.Element(
        _tag("archive"),
        {"version": VERSION, "generatingSystem": header.generating_system},
        nsmap=_NAMESPACES,  # type: ignore[arg-type]  # the stubs forget the default namespace
    )
    head = etree.SubElement(root, _tag("header"))
    created = header.created_at.astimezone(_BERLIN)
    etree.SubElement(head, _tag("date")).text = f"{created:%Y-%m-%dT%H:%M:%S}"
    # DATEV refuses the data where these differ from the client that it is imported into.
    etree.SubElement(head, _tag("consultantNumber")).text = str(header.consultant_number)
    etree.SubElement(head, _tag("clientNumber")).text = str(header.client_number)
    content = etree.SubElement(root, _tag("content"))
    for document, name in zip(documents, names, strict=True):
        element = etree.SubElement(content, _tag("document"), {"guid": document.guid, "type": _OUTGOING})
        ledger = _extension(element, "accountsReceivableLedger", {"datafile": name.ledger})
        for key, value in (("1", f"{header.month:%Y-%m}"), ("3", header.folder_name)):
            etree.SubElement(ledger, _tag("property"), {"value": value, "key": key})
        _extension(element, "File", {"name": name.pdf})
    xml: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml


def _extension(parent: etree._Element, kind: str, attributes: dict[str, str]) -> etree._Element:
    return etree.SubElement(parent, _tag("extension"), {f"{{{SCHEMA_INSTANCE}}}type": kind, **attributes})


def _tag(name: str) -> str:
    return f"{{{DOCUMENT_NAMESPACE}}}{name}"
