"""``make bench``: prints a table of figures beside their goals.

python -m tests.benchmarks [files|receiver|receiver_load|hostile|hand_over|first_run]...
"""

import argparse
import os
import platform
import sys

from tests.benchmarks import fairness, files, first_run, hand_over, hostile, receiver, receiver_load

MEASURES = {
    "files": files.measure,
    "receiver": receiver.measure,
    "receiver_load": receiver_load.measure,
    "hostile": hostile.measure,
    "hand_over": hand_over.measure,
    "fairness": fairness.measure,
    "first_run": first_run.measure,
}


def main() -> int:
    """Measure and print; the exit code says nothing about speed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="|".join(MEASURES), default=[])
    asked = parser.parse_args().measures or list(MEASURES)
    if unknown := sorted(set(asked) - MEASURES.keys()):
        parser.error(f"no such measure: {', '.join(unknown)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {_load()}", flush=True)
    for name in asked:
        for result in MEASURES[name]():
            print(result, flush=True)
    print(f"Load afterwards: {_load()}. On a machine that does other things these figures are too low.")
    return 0


def _load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


if __name__ == "__main__":
    sys.exit(main())
