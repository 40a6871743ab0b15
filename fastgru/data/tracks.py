"""From rows of windows to intervals that do not overlap, and to calls.

Both are functions of the rows alone, in their order, whatever the pieces in which they come.

Intervals
    Each letter has the value of the window whose centre is nearest to it, of those of one strand
    that cover it: a border between two windows that overlap lies halfway between their centres.
    No value is changed, so an interval says what a row says.  Neighbours of the same value are one.
Calls
    Intervals of at least the lower limit that touch each other are one call if one of them reaches
    the upper limit.  So calls of one class and strand do not overlap either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from fastgru.data.windows import STRANDS, WindowRows

__all__ = ["Call", "CallFinder", "Intervals", "Track"]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of one sequence: half-open, rising, apart from each other.

    Attributes
    ----------
    chrom
    starts, ends
        int64 (n,)
    values
        float64 (n,), or (n, k)
    """

    chrom: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[np.float64]


class _Cells:
    """Intervals of the windows of one strand; the last one waits for the next window."""

    def __init__(self) -> None:
        self._last: WindowRows | None = None
        self._start = 0

    @property
    def start(self) -> int | None:
        """Where the interval begins that waits."""
        return None if self._last is None else self._start

    @property
    def end(self) -> int | None:
        """Where the window ends whose interval waits."""
        return None if self._last is None else int(self._last.ends[0])

    def add(self, rows: WindowRows) -> Iterator[Intervals]:
        """Take the next rows, one at least; yield the intervals that are certain."""
        if self._last is not None and self._last.chrom != rows.chrom:
            yield from self.finish()
        if self._last is not None:
            rows = _behind(self._last, rows)
        starts, ends = rows.starts.copy(), rows.ends.copy()
        sums = rows.starts + rows.ends
        # windows of different lengths could have it outside of what both cover
        borders = np.clip((sums[:-1] + sums[1:] + 1) // 4, rows.starts[1:], rows.ends[:-1])
        overlap = rows.starts[1:] < rows.ends[:-1]
        starts[1:][overlap] = ends[:-1][overlap] = borders[overlap]
        if self._last is not None:
            starts[0] = self._start
        self._last, self._start = rows.take(slice(-1, None)), int(starts[-1])
        yield Intervals(rows.chrom, starts[:-1], ends[:-1], rows.values[:-1])

    def finish(self) -> Iterator[Intervals]:
        """Yield the interval that waits."""
        if self._last is not None:
            last, start = self._last, np.array([self._start])
            self._last = None
            yield Intervals(last.chrom, start, last.ends, last.values)


def _behind(last: WindowRows, rows: WindowRows) -> WindowRows:
    return WindowRows(
        rows.chrom,
        np.append(last.starts, rows.starts),
        np.append(last.ends, rows.ends),
        np.append(last.strands, rows.strands),
        np.concatenate([last.values, rows.values]),
    )


class _Runs:
    """Intervals that touch, as one with their largest value; the last one waits for the next.

    Parameters
    ----------
    same_value
        Whether only those of the same value are one.
    """

    def __init__(self, *, same_value: bool) -> None:
        self._same_value = same_value
        self._last: Intervals | None = None

    @property
    def start(self) -> int | None:
        """Where the interval begins that waits."""
        return None if self._last is None else int(self._last.starts[0])

    def finish_before(self, end: int) -> Iterator[Intervals]:
        """Yield the interval that waits, if what follows begins at `end` and does not touch it."""
        if self._last is not None and self._last.ends[0] < end:
            yield from self.finish()

    def add(self, intervals: Intervals) -> Iterator[Intervals]:
        """Take the next intervals; yield those that are certain."""
        if self._last is not None and self._last.chrom != intervals.chrom:
            yield from self.finish()
        if not len(intervals.starts):
            return
        columns = intervals.starts, intervals.ends, intervals.values
        if self._last is not None:
            before = self._last.starts, self._last.ends, self._last.values
            columns = tuple(map(np.append, before, columns))  # type: ignore[assignment]
        starts, ends, values = columns
        is_first = starts[1:] != ends[:-1]
        if self._same_value:
            is_first |= values[1:] != values[:-1]
        first = np.flatnonzero(np.append(True, is_first))
        starts, values = starts[first], np.maximum.reduceat(values, first)
        ends = ends[np.append(first[1:], len(ends)) - 1]
        self._last = Intervals(intervals.chrom, starts[-1:], ends[-1:], values[-1:])
        yield Intervals(intervals.chrom, starts[:-1], ends[:-1], values[:-1])

    def finish(self) -> Iterator[Intervals]:
        """Yield the interval that waits."""
        if self._last is not None:
            last, self._last = self._last, None
            yield last


class Track:
    """Intervals of one strand and column of the table.

    Parameters
    ----------
    strand
        One of :data:`fastgru.data.windows.STRANDS`.
    column
        Number of the column of values.
    """

    def __init__(self, strand: str, column: int) -> None:
        self._strand, self._column = strand, column
        self._cells, self._runs = _Cells(), _Runs(same_value=True)

    def add(self, rows: WindowRows) -> Iterator[Intervals]:
        """Take the next rows of the table; yield the intervals that are certain."""
        chosen = rows.strands == self._strand
        if chosen.any():
            for cells in self._cells.add(rows.take(chosen)):
                yield from self._runs.add(_column(cells, self._column))

    def finish(self) -> Iterator[Intervals]:
        """Yield the intervals that are left."""
        for cells in self._cells.finish():
            yield from self._runs.add(_column(cells, self._column))
        yield from self._runs.finish()


def _column(cells: Intervals, column: int) -> Intervals:
    return Intervals(cells.chrom, cells.starts, cells.ends, cells.values[:, column])


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """Where a class is; calls of a sequence are ordered by place, then class, then strand.

    Attributes
    ----------
    start, end
        Half-open.
    column
        Number of the class among those that are called.
    strand
        Number among :data:`fastgru.data.windows.STRANDS`.
    value
        The largest of its windows, in millionths.
    chrom
    """

    start: int
    end: int
    column: int
    strand: int
    value: int
    chrom: str


class CallFinder:
    """Calls of some columns of the table, on all strands.

    Parameters
    ----------
    columns
        Numbers of the columns.
    call_above
        Value that a window of a call has at least.
    extend_above
        Value that all its windows have at least.
    """

    def __init__(self, columns: Sequence[int], *, call_above: float, extend_above: float) -> None:
        self._columns = list(columns)
        self._high, self._low = call_above, extend_above
        self._cells = [_Cells() for _ in STRANDS]
        self._runs = [[_Runs(same_value=False) for _ in self._columns] for _ in STRANDS]
        self._found: list[Call] = []
        self._chrom = ""

    def add(self, rows: WindowRows) -> Iterator[Call]:
        """Take the next rows of the table; yield the calls that are certain, in order."""
        if not len(rows):
            return
        if rows.chrom != self._chrom:
            yield from self.finish()
            self._chrom = rows.chrom
        last = int(rows.starts[-1])
        for strand, cells in enumerate(self._cells):
            chosen = rows.strands == STRANDS[strand]
            if chosen.any():
                for intervals in cells.add(rows.take(chosen)):
                    self._extend(strand, intervals)
            self._finish_before(last, strand)
        # nothing that is still to come begins before what waits, or before the next row
        waiting = [cells.start for cells in self._cells]
        waiting += [run.start for runs in self._runs for run in runs]
        certain = min([last, *(place for place in waiting if place is not None)])
        while self._found and self._found[0].start < certain:
            yield heappop(self._found)

    def _finish_before(self, last: int, strand: int) -> None:
        """Finish what no window from `last` on can change: one call would hold back all others."""
        cells = self._cells[strand]
        if cells.end is not None and cells.end <= last:
            for intervals in cells.finish():
                self._extend(strand, intervals)
        next_start = last if cells.start is None else cells.start
        for column, runs in enumerate(self._runs[strand]):
            for found in runs.finish_before(next_start):
                self._keep(strand, column, found)

    def finish(self) -> Iterator[Call]:
        """Yield the calls that are left."""
        for strand, cells in enumerate(self._cells):
            for intervals in cells.finish():
                self._extend(strand, intervals)
            for column, runs in enumerate(self._runs[strand]):
                for found in runs.finish():
                    self._keep(strand, column, found)
        while self._found:
            yield heappop(self._found)

    def _extend(self, strand: int, intervals: Intervals) -> None:
        for column, number in enumerate(self._columns):
            values = intervals.values[:, number]
            kept = values >= self._low
            places = intervals.starts[kept], intervals.ends[kept]
            runs = self._runs[strand][column]
            for found in runs.add(Intervals(intervals.chrom, *places, values[kept])):
                self._keep(strand, column, found)

    def _keep(self, strand: int, column: int, found: Intervals) -> None:
        for start, end, value in zip(
            found.starts.tolist(), found.ends.tolist(), found.values.tolist(), strict=True
        ):
            if value >= self._high:
                millionths = round(value * 1e6)
                call = Call(start, end, column, strand, millionths, found.chrom)
                heappush(self._found, call)
