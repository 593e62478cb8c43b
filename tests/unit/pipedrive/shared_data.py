"""Pipedrive's own files, where they lie beside the repository."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "pipedrive"

needs_shared_data = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="Pipedrive's own files are not beside this repository (../shared/data)"
)


def delivery(folder: str, name: str) -> Any:
    """One recorded delivery; those of version 1 are stored with their headers."""
    return json.loads((FOLDER / folder / name).read_text("utf-8"))


def deliveries(folder: str) -> list[str]:
    """The names of the recorded deliveries of one version."""
    return sorted(path.name for path in (FOLDER / folder).glob("*.json"))
