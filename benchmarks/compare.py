"""Sets two stored runs side by side: ``python -m benchmarks.compare OLD.json NEW.json [NEW.json]``.

Machines, and the hours of one machine, differ more than versions do; so no time of one run is
compared with a time of the other.  What is compared is each row's ratio to the rival of its own
run, taken in turns with it.  A row has lost where that ratio is more than a tenth below the old one
in every repeat of the new run, of which there must be two: one bad minute is no loss.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import Document, Row, load, rows_of

LOSS = 0.10
"""The share of a ratio that may be lost to noise."""

REPEATS = 2
"""How often a loss has to show."""

ONE_REPEAT = """The new run holds one repeat, and a loss has to show in two.
Give the file of another run too, or run without --quick."""


def merit(row: Row) -> float | None:
    """Return what is compared, more being better; None for a row without a rival."""
    if row.amount is not None:
        return 1 / row.amount
    return row.ratio


@dataclass(frozen=True)
class Change:
    """A row in both runs.

    Attributes
    ----------
    row
        In the old run.
    shares
        The new ratio in terms of the old one, for each repeat of the new run.
    """

    row: Row
    shares: list[float]

    @property
    def lost(self) -> bool:
        """Whether every repeat, of at least two, lost more than noise explains."""
        return len(self.shares) >= REPEATS and max(self.shares) < 1 - LOSS

    def text(self) -> str:
        """Return the line of a table."""
        shares = " ".join(f"{share - 1:+7.1%}" for share in self.shares)
        rival = f" against {self.row.rival}" if self.row.rival else ""
        mark = "LOST  " if self.lost else "      "
        return f"{mark}{shares}  {self.row.what}, {self.row.label}{rival}"


def changes(old: Document, new: Sequence[Document]) -> list[Change]:
    """Return the rows that the old run and all new ones have, in the order of the old one."""
    repeats = [{row.name: row for row in rows_of(document)} for document in new]
    found = []
    for row in rows_of(old):
        before = merit(row)
        if before is None or any(row.name not in rows for rows in repeats):
            continue
        after = [merit(part) for rows in repeats for part in rows[row.name].repeats()]
        shares = [value / before for value in after if value is not None]
        if len(shares) == len(after):
            found.append(Change(row, shares))
    return found


def not_compared(old: Document, compared: Sequence[Change]) -> list[str]:
    """Return the names of the old run's rows that could not be compared."""
    names = {change.row.name for change in compared}
    return [row.name for row in rows_of(old) if row.name not in names]


def report(old: Document, new: Sequence[Document]) -> tuple[list[str], int]:
    """Return the lines to print, and 1 where a row was lost, 2 where nothing can be said."""
    found = changes(old, new)
    if not found:
        return ["The runs have no row in common that has a rival."], 2
    if max(len(change.shares) for change in found) < REPEATS:
        return [ONE_REPEAT], 2
    lines = ["Change of the ratio to the rival of the same run, for each repeat of the new run:"]
    lines += [change.text() for change in found]
    if left_out := not_compared(old, found):
        lines.append(f"Not compared, for want of a rival or of the row: {', '.join(left_out)}.")
    lost = sum(change.lost for change in found)
    lines.append(
        f"{lost} of {len(found)} rows lost more than {LOSS:.0%} in every repeat."
        if lost
        else f"None of {len(found)} rows lost more than {LOSS:.0%} in every repeat."
    )
    return lines, int(lost > 0)


def main(argv: Sequence[str]) -> int:
    """Print the comparison; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="Compare stored runs by ratio to the rival of the same run; exit 1 for a loss.",
    )
    parser.add_argument("old", type=Path, metavar="OLD.json")
    parser.add_argument("new", type=Path, nargs="+", metavar="NEW.json")
    options = parser.parse_args(argv)
    if missing := [str(path) for path in (options.old, *options.new) if not path.is_file()]:
        parser.error(f"no such file: {', '.join(missing)}")
    lines, code = report(load(options.old), [load(path) for path in options.new])
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
