"""SQL consists of constants and bound parameters; what is put together, SQLAlchemy puts together."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

TAKES_SQL = {
    *(
        "text",
        "literal_column",
        "execute",
        "executemany",
        "exec_driver_sql",
        "scalar",
        "scalars",
        "copy_expert",
    )
}
"""Functions and methods whose first argument is SQL, or may be."""

_METHODS = {"format", "join", "replace", "format_map"}


def _sources() -> Iterator[Path]:
    """The product; the sandbox is none of it and keeps its own state in SQLite."""
    for top in ("connector", "tasks", "webapp"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if not path.is_relative_to(ROOT / "webapp" / "sandbox"):
                yield path


def _is_put_together(argument: ast.expr) -> bool:
    if isinstance(argument, ast.JoinedStr):
        return any(
            isinstance(part, ast.FormattedValue) and not _is_constant(part) for part in argument.values
        )
    if isinstance(argument, ast.BinOp):
        return isinstance(argument.op, ast.Add | ast.Mod) and _holds_text(argument)
    return (
        isinstance(argument, ast.Call)
        and isinstance(argument.func, ast.Attribute)
        and argument.func.attr in _METHODS
        and _holds_text(argument.func.value)
    )


def _is_constant(part: ast.FormattedValue) -> bool:
    """A name in capital letters is a constant of the source, such as a time limit."""
    return isinstance(part.value, ast.Name) and part.value.id.isupper()


def _holds_text(node: ast.expr) -> bool:
    return any(
        isinstance(inner, ast.Constant) and isinstance(inner.value, str) for inner in ast.walk(node)
    ) or isinstance(node, ast.JoinedStr)


def _is_sqlalchemy(module: ast.expr) -> bool:
    return isinstance(module, ast.Name) and module.id in {"sa", "sqlalchemy", "sql"}


def offences(source: str) -> list[int]:
    """Lines on which SQL is put together from anything but constants."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name == "text" and not (isinstance(function, ast.Attribute) and _is_sqlalchemy(function.value)):
            continue
        if name in TAKES_SQL and _is_put_together(node.args[0]):
            found.append(node.lineno)
    return found


def test_no_statement_is_put_together_with_values() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in _sources()
        for line in offences(path.read_text("utf-8"))
    ]
    assert [] == found


@pytest.mark.parametrize(
    "source",
    [
        'tx.execute(f"SELECT {name}")',
        'tx.execute(sa.text(f"SELECT {name}"))',
        'sa.text("SELECT " + name)',
        'cursor.execute("SELECT %s" % name)',
        'cursor.execute("SELECT {}".format(name))',
        'sa.literal_column(f"x->>{key}")',
        'connection.exec_driver_sql("DELETE FROM " + table + " WHERE 1=1")',
    ],
)
def test_the_search_finds_values_in_statements(source: str) -> None:
    assert [1] == offences(source)


@pytest.mark.parametrize(
    "source",
    [
        'tx.execute(sa.text("SELECT :name"), {"name": name})',
        'cursor.execute("SELECT %s", (name,))',
        "tx.execute(sa.select(table).where(table.c.id == name))",
        'tx.execute(sa.text(f"SET LOCAL statement_timeout = {LONGEST_MS}"))',
        'print(f"{name}")',
    ],
)
def test_the_search_lets_bound_parameters_pass(source: str) -> None:
    assert [] == offences(source)


def test_sql_stands_in_the_store_only() -> None:
    """Beside it, the embedded server's own start asks whether it answers."""
    homes = (ROOT / "connector" / "store", ROOT / "connector" / "runtime" / "postgres.py")
    words = ("SELECT ", "INSERT INTO ", "DELETE FROM ", "UPDATE ")
    found = []
    for path in _sources():
        if any(path.is_relative_to(home) for home in homes):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value.lstrip()
                if text.startswith(words) and not text.endswith("."):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert [] == found
