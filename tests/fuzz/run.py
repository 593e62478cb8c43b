"""One target, a number of damaged inputs, and what went wrong with them."""

import random
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.mutate import damaged
from tests.fuzz.targets import Target, tried

MOST_SECONDS = 5.0
"""Of processor time for one input: none of them has more than some kilobytes."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that was no good answer."""

    target: str
    content: bytes
    what: str


def inputs(target: Target, seed: str) -> Iterator[bytes]:
    """Damaged content without end, the same for the same seed."""
    rng = random.Random(f"{target.name} {seed}")  # noqa: S311 - repeatable, no secret
    while True:
        yield damaged(rng, target.samples)


def failure_of(target: Target, content: bytes) -> Failure | None:
    """Try one input; None: it was read or refused, and in reasonable time."""
    with tempfile.TemporaryDirectory(prefix="mlc-fuzz-") as folder:
        started = time.process_time()
        try:
            tried(target, content, Path(folder))
        except Exception:  # noqa: BLE001 - whatever it is, it is the finding
            return Failure(target.name, content, traceback.format_exc())
        took = time.process_time() - started
    return Failure(target.name, content, f"took {took:.1f} s") if took > MOST_SECONDS else None
