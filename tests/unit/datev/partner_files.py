"""DATEV's own files lie beside the repository, not in it: tests that need them skip without them."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "datev"


def partner_file(name: str) -> Path:
    """A file or folder of DATEV's, or skip."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"DATEV's own {name} is not beside the repository")
    return path
