"""What DATEV checks in document.xml beyond its schema: months, folders, kinds, and links to the files."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from connector.datev.dxso.archive import FOLDER_KEY, MONTH_KEY
from connector.datev.dxso.elements import FOLDER_RULE, MONTH_RULE, Rule, value_message
from connector.datev.dxso.model import LedgerKind
from connector.datev.dxso.shape_check import extension_kind
from connector.datev.dxso.shapes import FILE_KINDS
from connector.datev.dxso.xml import line_of
from connector.datev.findings import Finding, Severity

_TYPE_OF = {LedgerKind.RECEIVABLE: "2", LedgerKind.PAYABLE: "1"}
"""Kind of ledger → type of the document that it may stand in."""
_INBOX = "1"


@dataclass(frozen=True, slots=True)
class Link:
    """One file that document.xml names."""

    file: str
    kind: str
    """``xsi:type``."""
    month: str | None
    """``JJJJ-MM`` for ledger data."""
    line: int | None
    path: str

    @property
    def is_ledger(self) -> bool:
        """Whether the file is a ledger."""
        return self.kind in set(LedgerKind)


def archive_links(root: etree._Element) -> list[Link]:
    """Every file that document.xml names, in order; a broken extension names none."""
    return [link for number, document in _documents(root) for link in _links(document, number)]


def archive_meaning(root: etree._Element) -> list[Finding]:
    """Everything in document.xml but its shape and its files."""
    found: list[Finding] = []
    guids: dict[str, int] = {}
    for number, document in _documents(root):
        spot = _Spot(document, f"archive/content/document[{number}]")
        kinds = [extension_kind(child) for child in _extensions(document)]
        found += _kinds(document, kinds, spot)
        found += _guid(document, number, kinds, guids, spot)
        for child in _extensions(document):
            if extension_kind(child) in (LedgerKind.RECEIVABLE, LedgerKind.PAYABLE):
                found += _properties(child, _Spot(child, spot.path))
    return found


def link_findings(links: Iterable[Link], files: Collection[str]) -> list[Finding]:
    """Names against files.

    :param files: names of what lies beside document.xml.
    """
    found: list[Finding] = []
    named: set[str] = set()
    for link in links:
        if link.file in named:
            found.append(_link_finding(link, "file_named_twice", f"{link.file} is named before."))
        elif link.file not in files:
            found.append(_link_finding(link, "file_missing", f"The file {link.file} is not in the package."))
        named.add(link.file)
    found += [
        Finding(
            rule="file_not_named",
            message=f"document.xml does not name {name}, so DATEV would leave it out.",
            cure="Name the file in document.xml, or take it out of the package.",
            file=name,
            field="file name",
        )
        for name in files
        if name not in named
    ]
    return found


class _Spot:
    """Where the check stands."""

    def __init__(self, element: etree._Element, path: str) -> None:
        self.path = path
        self.line = line_of(element)

    def finding(
        self, rule: str, field: str, message: str, cure: str, severity: Severity = Severity.ERROR
    ) -> Finding:
        return Finding(
            rule=rule,
            message=message,
            cure=cure,
            severity=severity,
            line=self.line,
            field=field,
            path=self.path,
        )


def _link_finding(link: Link, rule: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        message=message,
        cure="Name every file once, exactly as it is called in the package.",
        line=link.line,
        field="file name",
        path=link.path,
    )


def _documents(root: etree._Element) -> Iterator[tuple[int, etree._Element]]:
    content = next((child for child in root if etree.QName(child).localname == "content"), None)
    if content is not None:
        yield from enumerate(
            (child for child in content if etree.QName(child).localname == "document"), start=1
        )


def _extensions(document: etree._Element) -> list[etree._Element]:
    return [child for child in document if etree.QName(child).localname == "extension"]


def _links(document: etree._Element, number: int) -> Iterator[Link]:
    path = f"archive/content/document[{number}]/extension"
    for place, child in enumerate(_extensions(document), start=1):
        kind = extension_kind(child)
        name = child.get("name" if kind in FILE_KINDS else "datafile")
        if name:
            month = _property(child, MONTH_KEY) or ""
            known = month if MONTH_RULE.accepts(month) else None
            yield Link(name, kind, known, line_of(child), f"{path}[{place}]")


def _property(extension: etree._Element, key: str) -> str | None:
    return next((child.get("value") for child in extension if child.get("key", "").strip() == key), None)


def _kinds(document: etree._Element, kinds: list[str], spot: _Spot) -> Iterator[Finding]:
    data = [kind for kind in kinds if kind and kind not in FILE_KINDS]
    if len(data) > 1:
        message = f"The document has {len(data)} files of data ({', '.join(data)}), DATEV takes one."
        yield spot.finding("data_twice", "extension", message, "Write one document for each file of data.")
    written = document.get("type", "").strip()
    expected = {_TYPE_OF[LedgerKind(kind)] for kind in data if kind in _TYPE_OF}
    if written and expected and written not in expected:
        message = f"type is {written} but {data[0]} needs {' or '.join(sorted(expected))}."
        yield spot.finding("wrong_type", "type", message, "Correct the type, or leave it out.")
    if data and document.get("processID", "").strip() == _INBOX:
        message = "processID is 1 (inbox), which DATEV refuses beside data that is to be booked."
        yield spot.finding("inbox_with_data", "processID", message, "Write processID 2, or leave it out.")


def _guid(
    document: etree._Element, number: int, kinds: list[str], guids: dict[str, int], spot: _Spot
) -> Iterator[Finding]:
    guid = document.get("guid", "").upper()
    if not guid:
        return
    if guid in guids:
        message = f"The GUID is that of document {guids[guid]}, so DATEV passes over this one."
        yield spot.finding("guid_twice", "guid", message, "Give every document a GUID of its own.")
    guids.setdefault(guid, number)
    if "File" not in kinds:
        message = "The document has a GUID but no File, so the GUID has no effect."
        yield spot.finding("guid_without_file", "guid", message, "Add the document's PDF.", Severity.WARNING)


def _properties(ledger: etree._Element, spot: _Spot) -> Iterator[Finding]:
    for key, rule in ((MONTH_KEY, MONTH_RULE), (FOLDER_KEY, FOLDER_RULE)):
        value = _property(ledger, key)
        if value is None:
            message = f"The ledger data has no property {key} ({_meaning(rule)})."
            yield spot.finding("missing", rule.name, message, f'Write <property key="{key}" value="…"/>.')
        elif not rule.accepts(value) and value:
            yield spot.finding("bad_value", rule.name, value_message(rule, value), f"Correct {rule.name}.")


def _meaning(rule: Rule) -> str:
    return "the booking month" if rule is MONTH_RULE else "the ledger folder"
