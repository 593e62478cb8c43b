"""The import rule: imports point down, and each heavy library has one home."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

LAYERS: tuple[tuple[str, ...], ...] = (
    ("connector.cli", "connector.demo"),
    ("connector.runtime",),
    ("connector.pipeline",),
    (
        "connector.datev",
        "connector.pipedrive",
        "connector.vat_registry",
        "connector.invoice",
        "connector.store",
    ),
    ("connector.tenants",),
    (
        "connector.accounting",
        "connector.call_budget",
        "connector.codec",
        "connector.config_files",
        "connector.consent",
        "connector.http",
        "connector.vault",
        "connector.log",
        "connector.redis_line",
        "connector.pdf_ends",
        "connector.settings",
        "connector.storable",
        "connector.visible",
        "connector.timers",
        "connector.clock",
    ),
    ("connector.http_watchdog", "connector.http_record"),
    ("connector.errors",),
)
"""From top to bottom. A module may import its own layer and those below, unless a rule below says less."""

WITHIN_A_LAYER_APART = (
    "connector.datev",
    "connector.pipedrive",
    "connector.vat_registry",
    "connector.invoice",
    "connector.store",
)
"""Neighbours that must not know each other: what they need is passed in."""

HOMES = {
    "sqlalchemy": ("connector.store",),
    "alembic": ("connector.store",),
    "psycopg2": ("connector.store",),
    "celery": ("tasks",),
    "kombu": ("tasks",),
    "flask": ("webapp",),
}
"""Library → the only packages that import it."""

PURE = "connector.accounting"
PURE_IMPORTS = {"connector.errors", PURE, "stdnum", "anyascii"}
"""Besides the standard library; the accounting rules know no I/O and no clock."""

IMPURE_STANDARD_LIBRARY = {
    "os",
    "pathlib",
    "socket",
    "subprocess",
    "time",
    "random",
    "secrets",
    "logging",
    "io",
}

BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}

LONGEST_FILE = 400


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    def imports(self) -> Iterator[str]:
        """Full names of what the module imports, anywhere in it; ``from a import b`` counts as ``a.b``."""
        package = self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]
        for node in ast.walk(ast.parse(self.text)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                    base = ".".join([*parents, base] if base else parents)
                yield from (f"{base}.{alias.name}" for alias in node.names)


def modules() -> list[Module]:
    found = []
    for package in ("connector", "tasks", "webapp"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            found.append(Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


MODULES = modules()


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def layer_of(name: str) -> int | None:
    for number, packages in enumerate(LAYERS):
        if any(within(name, package) for package in packages):
            return number
    return None


@cache
def every_import() -> tuple[tuple[Module, str], ...]:
    return tuple((module, imported) for module in MODULES for imported in module.imports())


def said(offences: Iterator[tuple[Module, str]]) -> list[str]:
    return sorted({f"{module.name} imports {imported}" for module, imported in offences})


def test_the_search_finds_modules_and_their_imports() -> None:
    by_name = {module.name: module for module in MODULES}

    assert "connector.errors.Problem" in set(by_name["connector.vault"].imports())
    assert {"connector.accounting", "connector.store", "webapp.sandbox", "tasks"} <= set(by_name)


def test_every_module_of_the_connector_has_a_layer() -> None:
    homeless = [m.name for m in MODULES if within(m.name, "connector") and layer_of(m.name) is None]

    assert homeless == ["connector"]


def test_imports_inside_the_connector_point_down() -> None:
    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        if (here := layer_of(module.name)) is not None
        and (there := layer_of(imported)) is not None
        and there < here
    )


def test_the_connector_knows_neither_tasks_nor_webapp() -> None:
    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        if within(module.name, "connector") and (within(imported, "tasks") or within(imported, "webapp"))
    )


def test_partners_invoice_and_store_do_not_know_each_other() -> None:
    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        for own in WITHIN_A_LAYER_APART
        for other in WITHIN_A_LAYER_APART
        if own != other and within(module.name, own) and within(imported, other)
    )


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_has_one_home(library: str) -> None:
    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        if within(imported, library) and not any(within(module.name, home) for home in HOMES[library])
    )


def test_accounting_is_pure() -> None:
    def allowed(imported: str) -> bool:
        top = imported.partition(".")[0]
        if top in sys.stdlib_module_names:
            return top not in IMPURE_STANDARD_LIBRARY
        return any(within(imported, package) for package in PURE_IMPORTS)

    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        if within(module.name, PURE) and not allowed(imported)
    )


def test_accounting_asks_no_clock() -> None:
    asking = ("datetime.now(", "date.today(", "datetime.utcnow(", "datetime.today(")

    assert [] == [
        module.name
        for module in MODULES
        if within(module.name, PURE) and any(call in module.text for call in asking)
    ]


def test_the_web_uses_only_the_wake_call_of_the_tasks() -> None:
    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        if within(module.name, "webapp") and within(imported, "tasks") and not within(imported, "tasks.wake")
    )


def test_tasks_do_not_know_the_web() -> None:
    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        if within(module.name, "tasks") and within(imported, "webapp")
    )


def test_the_sandbox_shares_no_code_with_the_product() -> None:
    """A stand-in that used our own code would agree with our own mistakes."""
    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        if within(module.name, "webapp.sandbox") and within(imported, "connector")
    )


def test_the_product_does_not_use_the_sandbox() -> None:
    assert [] == said(
        (module, imported)
        for module, imported in every_import()
        if within(imported, "webapp.sandbox") and not within(module.name, "webapp.sandbox")
    )


def test_no_module_is_named_after_nothing() -> None:
    assert [] == [module.name for module in MODULES if BANNED_NAMES & set(module.name.split("."))]


def test_imports_stand_at_the_top_of_the_file() -> None:
    late = []
    for module in MODULES:
        for outer in ast.walk(ast.parse(module.text)):
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
                late += [
                    f"{module.name}:{inner.lineno}"
                    for inner in ast.walk(outer)
                    if isinstance(inner, ast.Import | ast.ImportFrom)
                ]

    assert [] == late


def test_no_file_is_longer_than_one_purpose_needs() -> None:
    lengths = {module.name: module.text.count("\n") for module in MODULES}

    assert {} == {name: length for name, length in lengths.items() if length > LONGEST_FILE}
