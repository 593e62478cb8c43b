"""A tenant's TOML file: read, checked whole, every problem with its line."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from marshmallow import Schema, ValidationError

from connector.errors import Problem, TenantFileError
from connector.tenants import rules, toml_lines
from connector.tenants.build import SECRET_PATHS, build
from connector.tenants.config import SecretName, TenantConfig
from connector.tenants.fields import Section
from connector.tenants.findings import Fault, Finding, dotted
from connector.tenants.schema import UNKNOWN_KEY, TenantSchema
from connector.tenants.small_files import FileTooLargeError, read_small_file

LARGEST_FILE = 256 * 1024
"""Bytes; a real file has a few thousand, so a larger one was named by mistake."""

LONGEST_LINE = 4096
"""Characters; the work on a dotted key grows with the square of its parts, and no key leaves its line."""

DEEPEST = 20
"""Lists and tables within each other; a tenant's file has four."""

_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class TenantFile:
    """What a tenant's file says. ``secrets`` holds plain text: encrypt it and let this object go."""

    config: TenantConfig
    secrets: Mapping[SecretName, str] = field(repr=False)
    source_text: str
    """The file as it is; no secret stands in it."""
    document: dict[str, Any]
    """The parsed TOML."""


def read_tenant_file(path: Path, environ: Mapping[str, str], *, with_secrets: bool = True) -> TenantFile:
    """Read and check a tenant's file and fetch its secrets from where it says they are.

    :param environ: environment variables for secrets given as ``{ env = "NAME" }``.
    :param with_secrets: False leaves the secrets where they are: a preview needs none.
    :raises TenantFileError: with every problem at once, each with its line in ``field``.
    """
    text = _read_text(path)
    document = _parse(text)
    loaded, findings = _load(document)
    findings.extend(rules.check(loaded, [finding.path for finding in findings]))
    secrets = {}
    for name, place in SECRET_PATHS.items():
        source = _at(loaded, place)
        if source is None or not with_secrets:
            continue
        secret = source.read(environ, path.parent)
        if isinstance(secret, Fault):
            findings.append(Finding(place, secret))
        else:
            secrets[name] = secret
    if findings:
        raise TenantFileError(_problems(findings, toml_lines.lines_of(text)))
    return TenantFile(build(loaded), secrets, text, document)


def _read_text(path: Path) -> str:
    try:
        content = read_small_file(path, LARGEST_FILE)
    except OSError as e:
        _refuse_file(
            "file_unreadable", f"The file {path} cannot be read: {e.strerror}.", "Check the path.", e
        )
    except FileTooLargeError as e:
        _refuse_file(
            "file_too_large", f"The file {path} is too large for a tenant's file.", "Check the path.", e
        )
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as e:
        line = content.count(b"\n", 0, e.start) + 1
        _refuse_file(
            "file_not_utf8",
            f"Line {line} holds characters that are not UTF-8.",
            "Save the file as UTF-8.",
            e,
            place=f"line {line}",
        )


def _parse(text: str) -> dict[str, Any]:
    _refuse_long_lines(text)
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as e:
        found = _SYNTAX_PLACE.search(str(e))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        column = f", column {found[2]}" if found and found[2] else ""
        reason = _SYNTAX_PLACE.sub("", str(e))
        _refuse_file(
            "toml_syntax",
            f"The file is no TOML at line {line}{column}: {reason}.",
            'Texts stand in quotes, each key on a line of its own: key = "value".',
            e,
            place=f"line {line}{column}",
        )
    except RecursionError as e:
        _refuse_unreasonable("nests lists or tables too deep", e)
    except (ValueError, ArithmeticError) as e:
        # Python makes no number of more than 4,300 digits, nor one with an exponent beyond 18 digits.
        _refuse_unreasonable("holds a number beyond all reason", e)
    if _is_deeper_than(document, DEEPEST):
        _refuse_unreasonable("nests lists or tables too deep")
    return document


def _refuse_unreasonable(what: str, cause: Exception | None = None) -> NoReturn:
    cure = "Start again from the example, config/tenant.example.toml."
    _refuse_file("toml_beyond_reason", f"The file {what}.", cure, cause)


def _is_deeper_than(document: Mapping[str, Any], levels: int) -> bool:
    """Level by level instead of by recursion, which is what the depth would break."""
    level: list[Any] = [document]
    for _level in range(levels):
        tables = [value.values() if isinstance(value, dict) else value for value in level]
        level = [inner for values in tables for inner in values if isinstance(inner, dict | list)]
    return bool(level)


def _refuse_long_lines(text: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST_LINE:
            _refuse_file(
                "line_too_long",
                f"Line {number} has {len(line)} characters; at most {LONGEST_LINE} are read.",
                "Write a long list with one element on each line.",
                place=f"line {number}",
            )


def _refuse_file(
    code: str, message: str, cure: str, cause: Exception | None = None, *, place: str = ""
) -> NoReturn:
    raise TenantFileError([Problem(code, message, place, cure)]) from cause


def _load(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Finding]]:
    """The values that are right by themselves, and what is wrong with the others."""
    schema = TenantSchema()
    try:
        loaded: Mapping[str, Any] = schema.load(document)
    except ValidationError as e:
        valid = e.valid_data if isinstance(e.valid_data, dict) else {}
        findings = [_with_suggestion(finding, schema) for finding in _flatten(e.messages, ())]
        return valid, findings
    return loaded, []


def _flatten(messages: Any, path: toml_lines.Path) -> Iterator[Finding]:
    """marshmallow's nested messages as a list of findings."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flatten(inner, path if key == "_schema" else (*path, key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flatten(inner, path)
    else:
        yield Finding(path, messages)


def _with_suggestion(finding: Finding, schema: Schema) -> Finding:
    if finding.fault is not UNKNOWN_KEY:
        return finding
    *outer, wrong = finding.path
    known = dict(_known_keys(schema, ()))
    section = tuple(part for part in outer if isinstance(part, str))
    near = difflib.get_close_matches(str(wrong), known[section], n=1)
    elsewhere = [dotted((*other, wrong)) for other, keys in known.items() if wrong in keys]
    if near:
        cure = f"Did you mean {near[0]}?"
    elif elsewhere:
        cure = f"Move it to where it belongs: {' or '.join(elsewhere)}."
    else:
        cure = f"Remove it, or use one of: {', '.join(known[section])}."
    return replace(finding, fault=replace(UNKNOWN_KEY, cure=cure))


def _known_keys(schema: Schema, path: toml_lines.Path) -> Iterator[tuple[toml_lines.Path, list[str]]]:
    by_key = {kind.data_key or name: kind for name, kind in schema.fields.items()}
    yield path, list(by_key)
    for key, kind in by_key.items():
        if isinstance(kind, Section):
            yield from _known_keys(kind.schema, (*path, key))


def _at(loaded: Mapping[str, Any], path: toml_lines.Path) -> Any:
    value: Any = loaded
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _problems(findings: Iterable[Finding], lines: Mapping[toml_lines.Path, int]) -> list[Problem]:
    placed = sorted((_line(finding.path, lines), dotted(finding.path), finding.fault) for finding in findings)
    return [
        Problem(fault.code, f"{name} {fault.says}", f"line {line}, {name}", fault.cure)
        for line, name, fault in placed
    ]


def _line(path: toml_lines.Path, lines: Mapping[toml_lines.Path, int]) -> int:
    """Where the key stands; for a missing one where its section begins; for a missing section line 1."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
