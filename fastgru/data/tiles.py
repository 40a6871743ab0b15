"""Rows of neighbouring letters on a fixed grid, and the tiles that hold a whole number of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from fastgru.data.windows import WindowGrid

__all__ = ["RowGrid", "tiles_of_rows"]


class RowGrid(WindowGrid):
    """Windows side by side that cut a sequence up: the last one may be shorter than the others."""

    __slots__ = ()

    def __init__(self, letters: int) -> None:
        super().__init__(letters, letters)

    def bounds(
        self, length: int, first: int = 0, last: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return starts and ends of rows; see :meth:`WindowGrid.bounds`."""
        numbers = np.arange(first, self.count(length) if last is None else last, dtype=np.int64)
        starts = numbers * self.step
        return starts, np.minimum(starts + self.step, length)

    def overlapping(self, length: int, regions: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the rows that share a letter with a region; see :meth:`WindowGrid.overlapping`."""
        ranges: list[tuple[int, int]] = []
        for start, end in regions:
            first, last = start // self.step, -(-end // self.step)
            if ranges and first <= ranges[-1][1]:
                ranges[-1] = ranges[-1][0], max(last, ranges[-1][1])
            else:
                ranges.append((first, last))
        return ranges


def tiles_of_rows(
    ranges: Iterable[tuple[int, int]], n_rows: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the tiles that have rows of some ranges, each once, and these rows.

    Parameters
    ----------
    ranges
        First row, and the one behind the last: rising, and apart.
    n_rows
        Of a tile.

    Yields
    ------
    tuple
        Number of the tile, and the numbers of its rows in the sequence, int64, rising.
    """
    found: list[NDArray[np.int64]] = []
    number = -1
    for first, last in ranges:
        while first < last:
            tile = first // n_rows
            end = min(last, (tile + 1) * n_rows)
            if found and tile != number:
                yield number, np.concatenate(found)
                found = []
            number = tile
            found.append(np.arange(first, end))
            first = end
    if found:
        yield number, np.concatenate(found)
