"""Windows on a fixed grid over sequences, and what is said of each of them.

Window k of a sequence begins at letter ``k * step``, whatever part of the sequence is looked at.
The last one is moved back so that it ends where the sequence ends: every letter that a grid
without gaps can reach is in a window, and all windows have the same length.  A sequence that is
shorter than a window is one window.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["STRANDS", "WindowCodes", "WindowGrid", "WindowRows"]

STRANDS = ("+", "-", ".")
"""Forward, reverse, and both in one; the order of the rows of one window."""


@dataclass(frozen=True, slots=True)
class WindowGrid:
    """Where windows lie.

    Attributes
    ----------
    window
        Letters of each, at least 1.
    step
        Letters from the start of one to that of the next, at least 1; above `window` letters are
        left out.
    """

    window: int
    step: int

    def count(self, length: int) -> int:
        """Return the number of windows of a sequence of so many letters, at least 1."""
        return 1 + -(-max(length - self.window, 0) // self.step)

    def bounds(
        self, length: int, first: int = 0, last: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return starts and ends of windows, both rising: half-open, in letters from 0.

        Parameters
        ----------
        length
            Letters of the sequence, at least 1.
        first, last
            The first window, and the one behind the last; None for all that there are.
        """
        numbers = np.arange(first, self.count(length) if last is None else last, dtype=np.int64)
        starts = np.minimum(numbers * self.step, max(length - self.window, 0))
        return starts, np.minimum(starts + self.window, length)

    def overlapping(self, length: int, regions: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the windows that share a letter with a region, as ranges (first, behind the last).

        Parameters
        ----------
        length
            Letters of the sequence.
        regions
            Starts and ends, half-open, within the sequence, by their start.

        Returns
        -------
        list of tuple
            Rising, and apart from each other.
        """
        n_windows = self.count(length)
        last_start = max(length - self.window, 0)
        ranges: list[tuple[int, int]] = []
        for start, end in regions:
            first = max(0, (start - self.window) // self.step + 1)
            # the last window is not on the grid: it begins earlier than its number says
            last = n_windows if end > last_start else min(-(-end // self.step), n_windows - 1)
            if first >= last:  # the region lies between two windows
                continue
            if ranges and first <= ranges[-1][1]:
                ranges[-1] = ranges[-1][0], max(last, ranges[-1][1])
            else:
                ranges.append((first, last))
        return ranges

    def span(self, length: int, ranges: Iterable[tuple[int, int]]) -> int:
        """Return how many letters lie from the first to the last of each range of windows."""
        return sum(
            int(self.bounds(length, last - 1, last)[1][0])
            - int(self.bounds(length, first, first + 1)[0][0])
            for first, last in ranges
        )


class WindowCodes(list[NDArray[np.uint8]]):
    """The codes of windows, as views of the text that they share.

    Parameters
    ----------
    codes
        uint8 (L,): the text.
    starts, ends
        int64 (n,): half-open, in letters of the text.

    Attributes
    ----------
    codes, starts, ends
        As given.
    """

    def __init__(
        self, codes: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> None:
        bounds = zip(starts.tolist(), ends.tolist(), strict=True)
        super().__init__(codes[start:end] for start, end in bounds)
        self.codes, self.starts, self.ends = codes, starts, ends


@dataclass(frozen=True, slots=True)
class WindowRows:
    """Neighbouring rows of a table of windows, of one sequence: by start, then strand.

    Attributes
    ----------
    chrom
        Name of the sequence.
    starts, ends
        int64 (n,): half-open, in letters from 0, on the forward strand.
    strands
        (n,): one of :data:`STRANDS`.
    values
        float64 (n, k): a number for each class, label or target, with 6 decimals.
    """

    chrom: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    strands: NDArray[np.str_]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, chosen: NDArray[np.bool_] | slice) -> WindowRows:
        """Return some of the rows."""
        return WindowRows(
            self.chrom,
            self.starts[chosen],
            self.ends[chosen],
            self.strands[chosen],
            self.values[chosen],
        )
