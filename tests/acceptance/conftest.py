"""Folders for demos, and the seed of everything that is chosen at random."""

import os
import random
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def var_dir() -> Iterator[Path]:
    """A folder that the demos of one module share, so that later ones find what earlier ones left."""
    parent = Path(tempfile.mkdtemp(prefix="mlc-acceptance-"))
    parent.chmod(0o711)  # PostgreSQL may run as another user
    yield parent / "var" / "demo"
    shutil.rmtree(parent)


@pytest.fixture(scope="session")
def rng() -> random.Random:
    """Chance, repeatable: the seed stands in the output of a failed test. ``MLC_TEST_SEED`` sets it."""
    seed = int(os.environ.get("MLC_TEST_SEED") or secrets.randbelow(1_000_000))
    print(f"MLC_TEST_SEED={seed}")
    return random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
