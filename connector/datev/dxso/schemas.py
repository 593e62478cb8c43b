"""Check files against DATEV's own schemas, where the operator has them (``DATEV_XSD_DIR``)."""

from functools import lru_cache
from pathlib import Path

from lxml import etree

from connector.datev.dxso.elements import LEDGER_NAMESPACE
from connector.datev.dxso.package import DxsoFile, DxsoPackage
from connector.datev.dxso.xml import parse_xml
from connector.datev.findings import Finding
from connector.errors import DataError, Problem, SettingsError

_DOCUMENT_SCHEMA = "Document_v060.xsd"
_LEDGER_SCHEMA = "Belegverwaltung_online_ledger_import_v060.xsd"


def check_against_schemas(package: DxsoPackage, xsd_dir: Path) -> list[Problem]:
    """Everything that DATEV's schemas refuse in a package.

    Raises:
        SettingsError: the folder lacks the schemas or they cannot be read.
    """
    problems = _check(package.document_xml, xsd_dir / _DOCUMENT_SCHEMA)
    for ledger in package.ledgers:
        problems += _check(ledger, xsd_dir / _LEDGER_SCHEMA)
    return problems


def schema_findings(root: etree._Element, xsd_dir: Path) -> list[Finding]:
    """Everything that DATEV's schema of this kind of file refuses.

    Raises:
        SettingsError: the folder lacks the schemas or they cannot be read.
    """
    ledger = etree.QName(root).namespace == LEDGER_NAMESPACE
    return _findings(root, xsd_dir / (_LEDGER_SCHEMA if ledger else _DOCUMENT_SCHEMA))


def _check(file: DxsoFile, schema: Path) -> list[Problem]:
    try:
        root = parse_xml(file.content, file.name)
    except DataError as error:
        return list(error.problems)
    return [finding.as_problem(file.name) for finding in _findings(root, schema)]


def _findings(root: etree._Element, path: Path) -> list[Finding]:
    schema = _schema(path)
    if schema.validate(root):
        return []
    return [
        Finding(
            rule="schema",
            message=f"DATEV's schema refuses this: {entry.message}",
            cure="Make the file again.",
            line=entry.line,
        )
        for entry in schema.error_log  # type: ignore[attr-defined]  # the stubs know the log as Any only
    ]


@lru_cache(maxsize=4)
def _schema(path: Path) -> etree.XMLSchema:
    """A schema is parsed once: that takes longer than a hundred checks."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.XMLSchema(etree.parse(str(path), parser))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        problem = Problem(
            "xsd_missing",
            f"DATEV's schema {path.name} cannot be read in {path.parent}: {error}",
            "DATEV_XSD_DIR",
            "Let DATEV_XSD_DIR point to the folder of DATEV's XML interface schemas, or leave it empty.",
        )
        raise SettingsError([problem]) from error
