"""XML that is meant to read files, call other machines or fill the memory: every reader refuses it."""

import ast
import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.datev.dxso.reader import read_archive, read_ledger
from connector.datev.dxso.xml import parse_xml
from connector.datev.validation.files import check_path
from connector.errors import DataError
from connector.pipeline.ecb_file import read_ecb_rates

ROOT = Path(__file__).resolve().parents[3]

SECRET = "only-in-the-file-next-door"

LEVELS = 12
"""Each ten times as long as the one before: a terabyte from a kilobyte."""

MOST_BYTES = 60 * 1024 * 1024
"""What Python may need to refuse any of these: far more than they have, far less than they would become."""


def _laughs(use: str) -> bytes:
    entities = "".join(
        f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(LEVELS)
    )
    return f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "{"x" * 100}">{entities}]>{use}'.encode()


def _hostile(folder: Path) -> dict[str, bytes]:
    secret = folder / "secret.txt"
    secret.write_text(SECRET)
    address = secret.as_uri()
    last = chr(97 + LEVELS)
    return {
        "billion laughs": _laughs(f"<r>&{last};</r>"),
        "billion laughs in an attribute": _laughs(f'<r a="&{last};"/>'),
        "one long entity often": (
            f'<!DOCTYPE r [<!ENTITY a "{"x" * 50_000}">]><r>{"&a;" * 50_000}</r>'.encode()
        ),
        "external entity": f'<!DOCTYPE r [<!ENTITY x SYSTEM "{address}">]><r>&x;</r>'.encode(),
        "external entity in another encoding": (
            f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r [<!ENTITY x SYSTEM "{address}">]><r>&x;</r>'
        ).encode("utf-16"),
        "external parameter entity": f'<!DOCTYPE r [<!ENTITY % x SYSTEM "{address}"> %x;]><r/>'.encode(),
        "external DTD": f'<!DOCTYPE r SYSTEM "{address}"><r/>'.encode(),
        "DTD of another machine": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><r/>',
        "default attributes": b'<!DOCTYPE r [<!ATTLIST r a CDATA "x">]><r/>',
        "XInclude": (
            f'<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{address}" parse="text"/></r>'
        ).encode(),
        "depth": b"<r>" * 300_000 + b"</r>" * 300_000,
        "a long name": b"<" + b"r" * 11_000_000 + b"/>",
        "a long text": b"<r>" + b"r" * 11_000_000 + b"</r>",
    }


ATTACKS = (
    *("billion laughs", "billion laughs in an attribute", "one long entity often", "external entity"),
    *("external entity in another encoding", "external parameter entity", "external DTD"),
    *("DTD of another machine", "default attributes", "XInclude", "depth", "a long name", "a long text"),
)


def _checked(content: bytes, folder: Path) -> None:
    """``validate`` does not raise: what it says is its answer."""
    path = folder / "given.xml"
    path.write_bytes(content)
    found = check_path(path).findings
    if found:
        raise DataError([finding.as_problem("file") for finding in found])


def _checked_in_zip(content: bytes, folder: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("document.xml", content)
    _checked(packed.getvalue(), folder)


READERS: dict[str, Callable[[bytes, Path], object]] = {
    "ledger": lambda content, _folder: read_ledger(content),
    "document.xml": lambda content, _folder: read_archive(content),
    "ECB rates": lambda content, _folder: read_ecb_rates(content),
    "validate": _checked,
    "validate a ZIP": _checked_in_zip,
}
"""VIES is asked by its REST interface, so its answers are JSON."""


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("reader", READERS)
def test_hostile_xml_is_refused_by_every_reader_without_reading_on_or_filling_the_memory(
    reader: str, attack: str, tmp_path: Path
) -> None:
    content = _hostile(tmp_path)[attack]
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as refused:
            READERS[reader](content, tmp_path)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST_BYTES
    assert SECRET not in str([problem.as_dict() for problem in refused.value.problems])


def test_the_list_of_attacks_is_the_list_that_is_tried(tmp_path: Path) -> None:
    assert set(ATTACKS) == set(_hostile(tmp_path))


def test_an_include_is_not_followed(tmp_path: Path) -> None:
    root = parse_xml(_hostile(tmp_path)["XInclude"], "file")
    assert SECRET not in "".join(root.itertext())


SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False}

_READS = {"fromstring", "parse", "XML", "XMLID", "fromstringlist", "iterparse"}


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for top in ("connector", "tasks", "webapp"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _is_of_etree(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "etree"
    )


def test_every_parser_of_xml_in_the_source_is_without_entities_dtd_and_network() -> None:
    parsers, readings = 0, 0
    for place, call in _calls():
        assert isinstance(call.func, ast.Attribute)
        if not _is_of_etree(call):
            continue
        if call.func.attr == "XMLParser":
            parsers += 1
            given = {word.arg: getattr(word.value, "value", None) for word in call.keywords}
            assert SAFE.items() <= given.items(), place
            assert not given.get("huge_tree"), place
        elif call.func.attr in _READS:
            readings += 1
            assert len(call.args) == 2, f"{place} reads XML without naming its parser"
    assert parsers >= 3
    assert readings >= 3


def test_no_other_library_reads_xml() -> None:
    """Those of the standard library expand entities."""
    others = {"xml", "xmlrpc", "plistlib", "defusedxml", "bs4"}
    for top in ("connector", "tasks", "webapp"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names.append(node.module or "")
                assert not others & {name.partition(".")[0] for name in names}, path
