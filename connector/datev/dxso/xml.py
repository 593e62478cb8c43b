"""Parse XML of any origin without letting it reach anything."""

from lxml import etree

from connector.errors import DataError, Problem


def parse_xml(content: bytes, name: str) -> etree._Element:
    """The root element.

    No entities, no DTD, no network: nothing in DATEV's formats needs them and all of them are ways
    to read or exhaust this machine.

    Raises:
        DataError: the content is not well-formed, or has a document type declaration.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise DataError([_unreadable(name, f"is not well-formed XML: {error.msg}")]) from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs name no type
        raise DataError(
            [_unreadable(name, "has a document type declaration, which DATEV's formats never have")]
        )
    return root


def line_of(element: etree._Element) -> int | None:
    """Line of the file on which the element begins; None where nobody knows."""
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stubs name no type
    return line


def _unreadable(name: str, what: str) -> Problem:
    return Problem("xml_unreadable", f"{name} {what}.", name, "Make the file again.")
