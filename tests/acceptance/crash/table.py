"""The table that people read: one line for each row, and what it all comes to."""

from collections import Counter
from collections.abc import Sequence

from tests.acceptance.crash.rows import Result

HEADING = f"{'row':>5}  {'injected':8}  {'recovered':>9}  {'bookings':>8}  {'verdict':7}  fault"


def line_of(number: int, result: Result) -> str:
    """One row."""
    injected = "yes" if result.injected == result.wanted else f"{result.injected} of {result.wanted}"
    recovered = "" if result.recovered_s is None else f"{result.recovered_s:.1f} s"
    told = (
        f"{number:>5}  {injected:8}  {recovered:>9}  {result.bookings:>8}  {result.verdict:7}  {result.name}"
    )
    return "\n".join([told, *(f"{'':42}  {problem}" for problem in result.problems)])


def summary(results: Sequence[Result], took_s: float) -> list[str]:
    """Totals: faults, lost, double, and how long recovery took."""
    times = sorted(result.recovered_s for result in results if result.recovered_s is not None)
    faults, ok = sum(result.injected for result in results), sum(result.ok for result in results)
    lost, double = (sum(wrong(result.bookings) for result in results) for wrong in (_is_lost, _is_double))
    missed = sum(result.missed for result in results)
    unfired = sum(result.injected < result.wanted for result in results) - missed
    lines = [
        "",
        f"{len(results)} rows with {faults} faults in {took_s / 60:.1f} min.",
        f"{ok - missed} ok, {len(results) - ok} failed, {missed} missed (not passed by chance).",
        f"Lost: {lost}. Double: {double}. Never injected: {unfired}.",
    ]
    if times:
        lines.append(f"Recovery: half within {times[len(times) // 2]:.1f} s, longest {times[-1]:.1f} s.")
    groups = Counter(result.group for result in results)
    lines.append(", ".join(f"{group}: {count}" for group, count in groups.items()))
    return lines


def _is_lost(bookings: int) -> bool:
    return bookings == 0


def _is_double(bookings: int) -> bool:
    return bookings > 1
