"""``make fuzz MINUTES=10``: every reader in turn, until the time is over. Exit code 1: something was found.

python -m tests.fuzz [MINUTES] [SEED]. What is found lies in ``var/fuzz`` as a file to try again, with its
trace beside it.
"""

import itertools
import secrets
import sys
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.run import failure_of, inputs
from tests.fuzz.targets import TARGETS

FOUND = Path("var") / "fuzz"
AT_A_TIME = 50
ENOUGH = 20
"""Findings of one target: more of them are mostly the same one."""


def main(minutes: float, seed: str) -> int:
    """Look for as long as that; the number of findings."""
    ends_at = time.monotonic() + minutes * 60
    generators = {target.name: inputs(target, seed) for target in TARGETS}
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    print(f"seed {seed}, {minutes:g} minutes", flush=True)
    for target in itertools.cycle(TARGETS):
        if time.monotonic() >= ends_at:
            break
        for content in itertools.islice(generators[target.name], AT_A_TIME):
            tried[target.name] += 1
            failure = failure_of(target, content)
            if failure and found[target.name] < ENOUGH:
                found[target.name] += 1
                FOUND.mkdir(parents=True, exist_ok=True)
                place = FOUND / f"{target.name.replace(' ', '_')}-{seed}-{tried[target.name]}"
                place.write_bytes(failure.content)
                place.with_suffix(".txt").write_text(failure.what)
                print(f"{target.name}: {failure.what.strip().splitlines()[-1]:.150} -> {place}", flush=True)
    for target in TARGETS:
        print(f"{target.name:16} {tried[target.name]:8,} inputs  {found[target.name]:3} findings")
    return found.total()


if __name__ == "__main__":
    given = sys.argv[1:]
    asked_for = float(given[0]) if given else 5.0
    sys.exit(main(asked_for, given[1] if len(given) > 1 else secrets.token_hex(4)) > 0)
