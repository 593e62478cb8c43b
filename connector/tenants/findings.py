"""What is wrong at one place of a tenant's file, before its line is known."""

from dataclasses import dataclass

from connector.tenants.toml_lines import Path


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """A fault of a value, told without its place: the sentence begins with the key's path."""

    code: str
    says: str
    """Rest of the sentence, such as ``is 99; it must be between 1001 and 9999999.``"""
    cure: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at its place."""

    path: Path
    fault: Fault


def dotted(path: Path) -> str:
    """A path as people write it; list elements count from 1, odd keys are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            plain = part.replace("-", "").replace("_", "")
            key = part if plain.isascii() and plain.isalnum() else f'"{part}"'
            text += f".{key}" if text else key
    return text
