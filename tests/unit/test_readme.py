"""README and docs name only what exists: commands, files, settings, targets, measures, accounts.

Whoever follows a page literally must not meet a command that was renamed since.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from connector.cli import main
from connector.cli.exit_codes import MEANINGS
from connector.pipeline.states import RUN_STATES
from tests.unit.test_env_example import EXAMPLE, listed, read_by_the_code

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "README.md"
PAGES = (*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md")))

_FENCE = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PLACE = re.compile(
    r"(?<![\w/.-])(?:config|connector|docs|tasks|tests|webapp|\.ci)/[\w./-]*\w|[A-Z][\w-]*\.md|Procfile"
)
_TABLE_ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A page and what is written as code in it."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    def code(self) -> Iterator[str]:
        """Lines of fenced blocks, and inline code."""
        for block in _FENCE.findall(self.text):
            yield from block.splitlines()
        for span in _INLINE.findall(_FENCE.sub("", self.text)):
            yield " ".join(span.split())


def rows_of(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its own first two lines."""
    section = re.split(rf"^#+ {re.escape(heading)}$", text, maxsplit=1, flags=re.MULTILINE)[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table is not None
    cells = [re.split(r" *(?<!\\)\| *", row) for row in _TABLE_ROW.findall(table[0])]
    return cells[2:] if set(cells[1][0]) <= set("-|") else cells[1:]


def anchors_of(text: str) -> set[str]:
    """How GitHub names the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands_in(code: str) -> Iterator[list[str]]:
    """Arguments of each ``ml-connector …`` in a piece of code."""
    for found in re.finditer(r"(?:^|[ /])ml-connector(?= |$)([^\n]*)", code):
        rest = re.split(r" +#|[;|<>&)']| {3,}|\$", found[1])[0]
        yield shlex.split(rest)


def wrong_with(arguments: list[str]) -> str:
    """Why a command as written on a page would not start; empty: it would.

    A page may name a command without its arguments; if it gives some, all must be there.
    """
    command: click.Command = main
    context = click.Context(main, info_name="ml-connector")
    rest = list(arguments)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return f"no command {rest[0]!r}"
        command = found
        context = click.Context(found, info_name=rest[0], parent=context, **found.context_settings)
        rest = rest[1:]
    try:
        values, left, _order = command.make_parser(context).parse_args(list(rest))
        for parameter in command.params:
            given = values.get(parameter.name or "")
            chosen = given if isinstance(given, list | tuple) else [given]
            if isinstance(parameter.type, click.Choice):
                for value in chosen:
                    if isinstance(value, str):
                        parameter.type.convert(value, parameter, context)
            written = isinstance(given, str) or (isinstance(given, tuple) and given)
            if isinstance(parameter, click.Argument) and rest and not written:
                return f"argument {parameter.human_readable_name} is missing"
    except click.ClickException as e:
        return e.format_message()
    return f"too many arguments: {left}" if left and not isinstance(command, click.Group) else ""


def test_the_search_finds_commands_wherever_they_stand() -> None:
    code = "docker compose exec web ml-connector run retry 4 --send-again   # looked"

    assert [["run", "retry", "4", "--send-again"]] == list(commands_in(code))
    assert [["up"]] == list(commands_in("ExecStart=/opt/ml-connector/.venv/bin/ml-connector up"))
    assert [["tenant", "apply", "/tmp/m.toml"]] == list(
        commands_in("sh -c 'cat > /tmp/m.toml && ml-connector tenant apply /tmp/m.toml' < m.toml")
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run retry 4 --send-again", ""),
        ("run retry", ""),
        ("connect datev muster --client 455148-1", ""),
        ("connect datev", "argument TENANT is missing"),
        ("connect lexware muster", "'lexware' is not one of 'pipedrive', 'datev'."),
        ("run again 4", "no command 'again'"),
        ("run list --state lost", "'lost' is not one of"),
        ("up --daemon", "No such option"),
        ("tenant show muster more", "too many arguments: ['more']"),
    ],
)
def test_a_wrong_command_is_noticed(command: str, said: str) -> None:
    found = wrong_with(command.split())

    assert (found == "") == (said == "")
    assert said in found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_on_a_page_exists_with_its_options(path: Path) -> None:
    wrong = {
        f"ml-connector {shlex.join(arguments)}": wrong_with(arguments)
        for code in Page(path).code()
        for arguments in commands_in(code)
    }

    assert {} == {command: said for command, said in wrong.items() if said}


def test_the_readme_names_every_command() -> None:
    named = {arguments[0] for code in Page(README).code() for arguments in commands_in(code) if arguments}

    assert set(main.commands) - named - {"demo", "datev"} == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_file_on_a_page_exists(path: Path) -> None:
    named = {
        found for code in Page(path).code() if "://" not in code for found in _PLACE.findall(code) if found
    }

    assert set() == {name for name in named if not (REPOSITORY / name).exists()}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_on_a_page_leads_somewhere(path: Path) -> None:
    broken = []
    for target in _LINK.findall(_FENCE.sub("", Page(path).text)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name) if name else path
        if not page.exists() or (anchor and anchor not in anchors_of(page.read_text("utf-8"))):
            broken.append(target)

    assert [] == broken


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_make_target_on_a_page_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {found for code in Page(path).code() for found in re.findall(r"^make ([a-z]+)", code)}

    assert set() == named - targets


def test_the_readmes_table_lists_the_settings_of_the_example_and_of_the_code() -> None:
    named = [cells[0].strip("`") for cells in rows_of(Page(README).text, "Settings")]

    assert sorted(listed()) == sorted(named)
    assert read_by_the_code() == set(named)


def test_the_readmes_table_shows_the_defaults_of_the_example() -> None:
    set_there = {
        line.partition("=")[0]: line.partition("=")[2]
        for line in EXAMPLE.read_text("utf-8").splitlines()
        if re.match(r"[A-Z][A-Z0-9_]+=", line)
    }
    shown = {cells[0].strip("`"): cells[1].strip("`") for cells in rows_of(Page(README).text, "Settings")}

    assert set_there == {name: shown[name] for name in set_there}


def test_the_compose_files_own_variables_are_named_for_the_operator() -> None:
    compose = (REPOSITORY / "docker-compose.yml").read_text("utf-8")
    required = set(re.findall(r"(?<!\$)\$\{([A-Z_]+):\?", compose))
    block = (REPOSITORY / "docs" / "deployment.md").read_text("utf-8")

    assert required
    assert set() == {name for name in required if f"\n{name}=" not in block}


def test_the_readme_lists_the_exit_codes() -> None:
    shown = {int(code): meaning for code, meaning in rows_of(Page(README).text, "Exit codes")}

    assert {int(code): meaning for code, meaning in MEANINGS.items()} == shown


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_measure_on_a_page_is_one_of_metrics(path: Path) -> None:
    known = (REPOSITORY / "webapp" / "metrics.py").read_text("utf-8")
    named = {found for code in Page(path).code() for found in re.findall(r"\bmlc_[a-z_]+", code)}

    assert set() == {name for name in named if f'"{name}"' not in known}


def test_every_key_of_the_tenants_file_that_the_readme_names_is_in_the_example() -> None:
    example = (REPOSITORY / "config" / "tenant.example.toml").read_text("utf-8")
    sections = {"pipedrive", "datev", "booking", "numbers", "fields", "sale", "debtors", "documents"}
    named = {
        (section, key)
        for path in PAGES
        for code in Page(path).code()
        for section, key in re.findall(r"^([a-z]+)\.([a-z_0-9]+)$", code)
        if section in sections
    }

    assert named
    assert set() == {f"{section}.{key}" for section, key in named if not _has(example, section, key)}


def _has(example: str, section: str, key: str) -> bool:
    body = re.search(rf"^\[{section}\]$(.*?)(?=^(?:# )?\[|\Z)", example, re.DOTALL | re.MULTILINE)
    return body is not None and re.search(rf"^(?:# )?{key} = ", body[1], re.MULTILINE) is not None


def test_the_advisers_table_of_accounts_is_that_of_the_tax_rules() -> None:
    rules = tomllib.loads((REPOSITORY / "config" / "tax_rules.toml").read_text("utf-8"))["rules"]
    booked = [rule["book"] for rule in rules if "book" in rule]
    guide = (REPOSITORY / "docs" / "berater-leitfaden.md").read_text("utf-8")

    # Several rules may lead to one row: the place of supply differs, the booking does not.
    assert {
        (
            str(book["account"]["skr03"]),
            str(book["account"]["skr04"]),
            book.get("plain_key", "–"),
            {"vat_id": "ja", "country": "nur Land"}.get(book.get("eu_vat", ""), "–"),
            book.get("invoice", "–"),
        )
        for book in booked
    } == {tuple(cells[1:6]) for cells in rows_of(guide, "Steuerfälle, Konten und Schlüssel")}


def test_the_readme_explains_every_state_of_a_run_once() -> None:
    rows = rows_of(README.read_text("utf-8"), "8. The first deal")
    explained = [state for row in rows for state in re.findall(r"`([a-z_]+)`", row[0])]

    assert sorted(RUN_STATES) == sorted(explained)
