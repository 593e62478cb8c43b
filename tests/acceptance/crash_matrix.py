"""``make crash``: kills every process at every moment, one demo each, and says what that changed.

python -m tests.acceptance.crash_matrix [--seed N] [--only TEXT]... [--moment NAME]...
"""

import argparse
import random
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.killing import MOMENTS, matrix, run_with


def main() -> int:
    """Run the matrix; 0 if nothing changed anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--only", action="append", help="targets whose name contains this")
    parser.add_argument("--moment", action="append", choices=list(MOMENTS))
    asked = parser.parse_args()
    kills = [
        kill
        for kill in matrix(random.Random(asked.seed))  # noqa: S311 - a reproducible choice, no secret
        if (not asked.only or any(text in kill.target for text in asked.only))
        and (not asked.moment or kill.moment in asked.moment)
    ]
    print(f"Seed {asked.seed}: {len(kills)} kills.", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="mlc-crash-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user
        for kill in kills:
            started = time.monotonic()
            try:
                changed, text = run_with([kill], Path(folder) / "var" / "demo")
            except AssertionError as e:
                changed, text = ["the demo did not go on"], str(e)
            failed += bool(changed)
            verdict = "FAILED" if changed else "ok"
            print(f"{verdict:6} {time.monotonic() - started:5.1f} s  {kill}", flush=True)
            if changed:
                print(*(f"         {line}" for line in changed), text, sep="\n", flush=True)
    print(f"{len(kills) - failed} of {len(kills)} kills changed nothing.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
