"""The table of windows: ``chrom start end strand`` and a column for each class.

It is what a scan says; tracks and calls are made from its rows alone, so that they are the same
whether the table came from one process or from many.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np

from fastgru.data.files import open_text
from fastgru.data.windows import STRANDS, WindowRows
from fastgru.errors import LabelError, display_name, location

__all__ = [
    "FIXED_COLUMNS",
    "check_columns",
    "read_columns",
    "read_window_rows",
    "rounded",
    "write_window_header",
    "write_window_rows",
]

FIXED_COLUMNS = ("chrom", "start", "end", "strand")
_DECIMALS = 6
_ROWS_READ = 1 << 14


def rounded(values: np.ndarray) -> np.ndarray:
    """Return numbers as the table has them, float64: with 6 decimals, and no negative zero."""
    return np.round(values, _DECIMALS) + 0.0


def check_columns(columns: Sequence[str]) -> None:
    """Refuse names of classes that other columns have.

    Raises
    ------
    LabelError
    """
    for name in columns:
        if name in FIXED_COLUMNS:
            raise LabelError(
                f"class {name!r}: is also the name of a column of the table of windows "
                f"({', '.join(FIXED_COLUMNS)}), expected another name. Rename the class, and train "
                "again."
            )


def write_window_header(file: TextIO, columns: Sequence[str]) -> None:
    """Write the line with the names of the columns.

    Parameters
    ----------
    file
    columns
        Those behind :data:`FIXED_COLUMNS`.
    """
    file.write("\t".join([*FIXED_COLUMNS, *columns]) + "\n")


def write_window_rows(file: TextIO, rows: WindowRows) -> None:
    """Write one line for each row."""
    form = "\t".join(["%s", "%d", "%d", "%s", *["%.6f"] * rows.values.shape[1]]) + "\n"
    places = zip(rows.starts.tolist(), rows.ends.tolist(), rows.strands.tolist(), strict=True)
    lines = [
        form % (rows.chrom, *place, *values)
        for place, values in zip(places, rows.values.tolist(), strict=True)
    ]
    file.write("".join(lines))


def read_columns(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the names behind the fixed columns of a table of windows.

    Parameters
    ----------
    path
        Table, perhaps compressed.

    Raises
    ------
    LabelError
        If it does not begin with the header of such a table.
    """
    with open_text(path) as file:
        return _columns_of(file.readline(), display_name(path))


def _columns_of(line: str, name: str) -> tuple[str, ...]:
    cells = tuple(line.rstrip("\n").split("\t"))
    if cells[: len(FIXED_COLUMNS)] != FIXED_COLUMNS or len(cells) == len(FIXED_COLUMNS):
        found = repr(line.rstrip("\n")[:60]) if line else "nothing"
        raise LabelError(
            f"{location(name, 1)}: found {found}, expected the columns {' '.join(FIXED_COLUMNS)} "
            "and one for each class, separated by tabs. Give a table that 'fastgru scan' wrote."
        )
    return cells[len(FIXED_COLUMNS) :]


def read_window_rows(paths: Sequence[str | os.PathLike[str]]) -> Iterator[WindowRows]:
    """Yield the rows of tables of windows, one after the other, some thousand at a time.

    Parameters
    ----------
    paths
        Tables in order, such as those of all shards; perhaps compressed.

    Raises
    ------
    LabelError
        If a table has other columns than the first, or a row that cannot be read or is not in
        order: the rows of a sequence stand together, by start, and so do those of each strand.
    """
    order, columns = _Order(), None
    for path in paths:
        name = display_name(path)
        with open_text(path) as file:
            found = _columns_of(file.readline(), name)
            if columns is not None and found != columns:
                raise LabelError(
                    f"{location(name, 1)}: has the columns {' '.join(found)}, the first table "
                    f"{' '.join(columns)}, expected the same. Give tables of one model."
                )
            columns = found
            yield from _read_rows(file, name, len(columns), order)


def _read_rows(file: TextIO, name: str, n_columns: int, order: _Order) -> Iterator[WindowRows]:
    chrom, cells = "", list[tuple[int, int, str, list[float]]]()
    for number, line in enumerate(file, 2):
        try:
            row_chrom, start, end, strand, *texts = line.rstrip("\n").split("\t")
            row = int(start), int(end), strand, [float(text) for text in texts]
            if len(texts) != n_columns or not np.isfinite(row[3]).all():
                raise ValueError
        except ValueError:
            raise LabelError(
                f"{location(name, number)}: found {line.rstrip()[:60]!r}, expected a name, a start,"
                f" an end, a strand and {n_columns} numbers, separated by tabs. Make the table "
                "again; was it cut?"
            ) from None
        fault = order.fault(row_chrom, row[0], row[1], strand)
        if fault:
            raise LabelError(
                f"{location(name, number)}: {fault}. Give the tables in the order of the input, as "
                "'fastgru scan' wrote them."
            )
        if cells and (row_chrom != chrom or len(cells) == _ROWS_READ):
            yield _rows(chrom, cells)
            cells = []
        chrom = row_chrom
        cells.append(row)
    if cells:
        yield _rows(chrom, cells)


def _rows(chrom: str, cells: list[tuple[int, int, str, list[float]]]) -> WindowRows:
    starts, ends, strands, values = zip(*cells, strict=True)
    return WindowRows(
        chrom,
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        np.array(strands),
        rounded(np.array(values, np.float64)),
    )


class _Order:
    """Whether rows follow each other as they should."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._chrom = ""
        self._start = 0
        self._last: dict[str, tuple[int, int]] = {}

    def fault(self, chrom: str, start: int, end: int, strand: str) -> str | None:
        """Take the next row; return what is wrong with it, and None if nothing is."""
        if strand not in STRANDS:
            return f"the strand is {strand!r}, expected one of {' '.join(STRANDS)}"
        if not 0 <= start < end:
            return f"the window is {start} to {end}, expected a start from 0 on below the end"
        if chrom != self._chrom:
            if chrom in self._seen:
                return f"{chrom!r} comes back behind {self._chrom!r}, expected its rows together"
            self._seen.add(chrom)
            self._chrom, self._start, self._last = chrom, 0, {}
        before = self._last.get(strand, (-1, 0))
        if start < self._start or start <= before[0] or end <= before[1]:
            return (
                f"the window {start} to {end} of strand {strand} stands behind "
                f"{before[0]} to {before[1]}, expected rising starts and ends"
            )
        self._start, self._last[strand] = start, (start, end)
        return None
