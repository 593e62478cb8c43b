"""One measured figure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """A line of the table."""

    what: str
    figure: str
    goal: str = ""
    met: bool | None = None
    """None where there is no goal."""

    def __str__(self) -> str:
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        return f"{self.what:58}  {self.figure:>22}  {self.goal:>10}  {verdict}".rstrip()
