"""What became of each target in a stored run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log
from statistics import fmean

from benchmarks.results import Document, Row, rows_of
from benchmarks.targets import MEASURES, TARGETS, Target


@dataclass(frozen=True)
class Verdict:
    """A target beside what was measured.

    Attributes
    ----------
    target
    rows
        Those that it is about.
    reason
        Why it was not measured, where there are none.
    """

    target: Target
    rows: list[Row]
    reason: str

    @property
    def values(self) -> list[float]:
        """What was measured, row by row."""
        return [row.value for row in self.rows if row.value is not None]

    @property
    def value(self) -> float | None:
        """The mean, or the value that decides: the worst."""
        if not self.values:
            return None
        if self.target.of_mean:
            return exp(fmean(map(log, self.values)))
        return MEASURES[self.target.measure].worst(self.values)

    @property
    def held(self) -> bool:
        """Whether the target was measured and reached."""
        measure = MEASURES[self.target.measure]
        return self.value is not None and measure.holds(self.value, self.target.bound)

    @property
    def outcome(self) -> str:
        """The verdict in a word; with the reason where a target was missed and one is known."""
        if self.held:
            return "held"
        return f"missed: {self.target.if_missed}" if self.target.if_missed else "missed"

    def cells(self) -> list[str]:
        """Return the target, its bound, what was measured, and the verdict."""
        measure = MEASURES[self.target.measure]
        bound = f"{'at least' if measure.more_is_better else 'at most'} {_plain(self.target)}"
        if self.value is None:
            return [self.target.text, bound, "", f"not measured: {self.reason}"]
        measured = measure.text(self.value)
        others = [measure.text(value) for value in sorted(self.values)]
        if len(set(others)) > 1:
            measured += f" ({others[0]} to {others[-1]})"
        return [self.target.text, bound, measured, self.outcome]


def _plain(target: Target) -> str:
    """Return a bound without digits that say nothing."""
    if target.measure == "share":
        return f"{100 * target.bound:.3g} %"
    unit = {"ratio": "x", "cost": "x", "seconds": " s", "floats": "", "megabytes": " MB"}[
        target.measure
    ]
    return f"{target.bound:.3g}{unit}"


def verdicts(document: Document) -> Iterator[Verdict]:
    """Yield what became of every target."""
    rows = rows_of(document)
    reasons = document.get("not_measured", {})
    for name, target in TARGETS.items():
        about = [row for row in rows if name in row.targets]
        yield Verdict(target, about, reasons.get(name, "not part of this run"))
