"""The table of epochs that ``fastgru train --history`` writes while it goes on."""

from __future__ import annotations

import contextlib
import gzip
import os
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from fastgru.training.state import Epoch

__all__ = ["HistoryFile"]


class HistoryFile:
    """A table that grows by a row with each epoch, so that a killed training leaves its rows.

    It is opened with the first row, and is to be closed by a ``with`` statement.

    Parameters
    ----------
    path
        ``"-"`` is standard output; None for no table.  Names that end in ``.gz`` are compressed.
    score_name
        What the score on the validation set is called in its column.
    """

    def __init__(self, path: str | None, score_name: str) -> None:
        self._path, self._score_name = path, score_name
        self._file: BinaryIO | None = None
        self._to_close = contextlib.ExitStack()

    def __enter__(self) -> HistoryFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._to_close.close()

    def add(self, *epochs: Epoch) -> None:
        """Write the rows of these epochs."""
        if self._path is None:
            return
        from fastgru.training.state import history_columns  # loads NumPy

        if self._file is None:
            self._file = self._open()
            self._write(history_columns(self._score_name))
        for epoch in epochs:
            values = epoch.to_dict(self._score_name).values()
            self._write(["" if value != value else f"{value:.9g}" for value in values])

    def remove(self) -> None:
        """Close the table and remove it, if it has been begun."""
        if self._file is None:
            return
        self._to_close.close()
        if self._path is not None and os.path.isfile(self._path):
            os.unlink(self._path)

    def _open(self) -> BinaryIO:
        assert self._path is not None
        if self._path == "-":
            sys.stdout.flush()
            return sys.stdout.buffer
        return self._to_close.enter_context(open(self._path, "wb"))

    def _write(self, cells: list[str]) -> None:
        assert self._file is not None
        assert self._path is not None
        row = ("\t".join(cells) + "\n").encode()
        # a gzip file may have several members, each whole; no time stamp, for equal bytes
        self._file.write(gzip.compress(row, mtime=0) if self._path.endswith(".gz") else row)
        self._file.flush()
