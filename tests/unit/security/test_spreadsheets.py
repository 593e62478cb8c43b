"""No table for spreadsheet programs is written today; the first one has to make formulas harmless."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

WRITERS = {"writer", "DictWriter", "to_csv", "to_excel", "Workbook"}
TYPES = ("text/csv", "text/tab-separated-values", "application/vnd.ms-excel", "spreadsheetml")

FOR_DATEV = {"connector/datev/extf_files.py"}
"""Uploads EXTF files, which DATEV wants announced as text/csv and with every cell as it is."""


def _offences(path: Path) -> list[str]:
    where = str(path.relative_to(ROOT))
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in WRITERS and _is_table_module(node.value):
            found.append(f"{where}:{node.lineno} {node.attr}")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(TYPES):
            found.append(f"{where}:{node.lineno} {node.value}")
    return found


def _is_table_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"csv", "pandas", "pd", "openpyxl"}


def test_no_module_writes_tables_for_spreadsheets() -> None:
    found = [
        offence
        for top in ("connector", "tasks", "webapp")
        for path in sorted((ROOT / top).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in FOR_DATEV and "sandbox" not in path.parts
        for offence in _offences(path)
    ]
    assert [] == found, "Cells that begin with = + - @, tab or CR need an apostrophe: docs/security.md"
