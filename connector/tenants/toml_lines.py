"""On which line of a TOML text each key and list element stands.

Python's ``tomllib`` reads values but forgets where they were. This scanner walks a text that
``tomllib`` has already accepted, so it needs to find the borders of keys and values only and never
judges them; that keeps it small. It knows tables, arrays of tables, dotted and quoted keys, inline
tables, nested arrays and all four kinds of strings.
"""

import re
import tomllib

Path = tuple[str | int, ...]
"""Keys and list positions from the top: ``("ignore", 0, "values", 2)``."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]+")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\]|\\.)*"'),
    re.compile(r"'[^']*'"),
)
"""Multi-line kinds first, because ``\"\"\"`` also begins like an empty string. Up to two quotes may
stand right before the closing three."""


def lines_of(text: str) -> dict[Path, int]:
    """Line (from 1) of every table header, key and list element of a valid TOML text.

    A table that is opened several times (``[a]`` and later ``[a.b]``) stands where it is first named.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted_to = 0
        self._last_element: dict[Path, int] = {}
        """Array of tables → position of its newest element, which later headers below it mean."""
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self._skip_blank()
        while self._at < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
            self._skip_blank()

    def _header(self) -> Path:
        line, brackets = self._here(), 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        *outer, last = self._key()
        self._at += brackets
        table: Path = ()
        for part in outer:
            table = self._newest((*table, part))
            self._note(table, line)
        table = (*table, last)
        if brackets == 1:
            table = self._newest(table)
        else:
            self._note(table, line)
            self._last_element[table] = self._last_element.get(table, -1) + 1
            table = self._newest(table)
        self._note(table, line)
        return table

    def _newest(self, table: Path) -> Path:
        return (*table, self._last_element[table]) if table in self._last_element else table

    def _pair(self, table: Path) -> None:
        line = self._here()
        for part in self._key():
            table = (*table, part)
            self._note(table, line)
        self._at += 1  # the equals sign
        self._skip_blank()
        self._value(table)

    def _key(self) -> list[str]:
        """A dotted key; stops at what follows it (``=`` or ``]``)."""
        parts = []
        while True:
            self._skip_blank()
            quoted = self._string()
            if quoted is None:
                parts.append(self._take(_BARE_KEY))
            else:
                parts.append(tomllib.loads(f"key = {quoted}")["key"])
            self._skip_blank()
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        if self._string() is not None:
            return
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            self._take(_BARE_VALUE)

    def _array(self, path: Path) -> None:
        position = 0
        while not self._closes("]"):
            self._note((*path, position), self._here())
            self._value((*path, position))
            position += 1

    def _inline_table(self, path: Path) -> None:
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, bracket: str) -> bool:
        """Step over an opening bracket or a comma, and over a closing bracket; say whether it was there."""
        self._skip_blank()
        if not self._text.startswith(bracket, self._at):
            self._at += 1
            self._skip_blank()
        if not self._text.startswith(bracket, self._at):
            return False
        self._at += 1
        return True

    def _string(self) -> str | None:
        for kind in _STRINGS:
            found = kind.match(self._text, self._at)
            if found:
                self._at = found.end()
                return found.group()
        return None

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if not found:
            raise ValueError(f"line {self._here()} is not TOML; it must pass tomllib first")
        self._at = found.end()
        return found.group()

    def _skip_blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        if found:
            self._at = found.end()

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted_to, self._at)
        self._counted_to = self._at
        return self._line

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)
