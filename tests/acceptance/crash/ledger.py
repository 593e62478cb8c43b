"""``build/crash.jsonl``: a line for each row as it ends, so that an interrupted run goes on where it was."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connector.tenants.config import DatevFormat
from tests.acceptance.crash.record import Recording
from tests.acceptance.crash.rows import Result


class Ledger:
    """The file of one seed; another seed's begins anew.

    :param resume: keep what an earlier run with this seed has written.
    """

    def __init__(self, path: Path, seed: int, *, resume: bool) -> None:
        self._path = path
        self._seed = seed
        path.parent.mkdir(parents=True, exist_ok=True)
        if not resume or self._head().get("seed") != seed:
            path.write_text(json.dumps({"seed": seed}), "utf-8")
        # Before what comes now: the last line of an interrupted run may be cut off in the middle.
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")

    def recording(self) -> Recording | None:
        """The points that the earlier run recorded: its plan depends on them."""
        for line in self._lines():
            if "points" in line:
                points = {DatevFormat(name): tuple(passed) for name, passed in line["points"].items()}
                return Recording(points, tuple(line["of_any"]), tuple(line["sometimes"]))
        return None

    def note_recording(self, recording: Recording) -> None:
        """Keep the points."""
        self._append(
            {
                "points": {fmt.value: list(passed) for fmt, passed in recording.points.items()},
                "of_any": list(recording.of_any),
                "sometimes": list(recording.sometimes),
            }
        )

    def results(self) -> list[Result]:
        """Every row that has ended."""
        results = []
        for line in self._lines():
            if "name" in line:
                tuples = {key: tuple(value) for key, value in line.items() if isinstance(value, list)}
                results.append(Result(**{**line, **tuples}))
        return results

    def note(self, result: Result) -> None:
        """Keep how a row ended."""
        self._append(asdict(result))

    def _head(self) -> dict[str, Any]:
        return next(iter(self._lines()), {})

    def _lines(self) -> list[dict[str, Any]]:
        if not self._path.exists():
            return []
        found = []
        for line in self._path.read_text("utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # cut off in the middle of a line
        return found

    def _append(self, line: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
