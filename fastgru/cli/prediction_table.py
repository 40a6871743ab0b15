"""The table that ``predict`` and ``evaluate --predictions`` write, whatever the task.

A row begins with the record's ``id`` and ``status``.  Where the truth is known, it stands behind
the columns that every table of the task has, and before those that are named after its classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

__all__ = ["CellsOf", "PredictionColumns"]

CellsOf = Callable[[Sequence[str], Sequence[tuple[str, ...]]], Iterable[Sequence[str]]]
"""From sequences and their flags to the cells of each, all but ``id`` and ``status``."""


@dataclass(frozen=True)
class PredictionColumns:
    """The columns of what a task predicts.

    Attributes
    ----------
    fixed
        Those that every table of the task begins with, of which ``id`` and ``status`` are the
        first.
    named
        Those that are called like the classes or targets of the model.
    """

    fixed: tuple[str, ...]
    named: tuple[str, ...] = ()

    def write_header(self, file: TextIO, known: Iterable[str] = ()) -> None:
        """Write the line with the names of the columns.

        Parameters
        ----------
        file
        known
            Columns of what is known beside the predictions.
        """
        file.write("\t".join([*self.fixed, *known, *self.named]) + "\n")

    def write_rows(
        self,
        file: TextIO,
        ids: Sequence[str],
        problems: Sequence[str | None],
        predicted: Iterable[Sequence[str]],
        known: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Write one line per record.

        Parameters
        ----------
        file
        ids, problems
            n entries; where there is a problem it becomes the status, and all cells of what would
            have been predicted stay empty.
        predicted
            Cells of the records without problem, in their order: of all columns but ``id`` and
            ``status``.
        known
            n entries for each of the header's columns of what is known.
        """
        n_before, rows, others = len(self.fixed) - 2, iter(predicted), (known or {}).values()
        nothing = [""] * (n_before + len(self.named))
        for number, (record_id, problem) in enumerate(zip(ids, problems, strict=True)):
            status, cells = ("ok", next(rows)) if problem is None else (problem, nothing)
            beside = [column[number] for column in others]
            line = [record_id, status, *cells[:n_before], *beside, *cells[n_before:]]
            file.write("\t".join(line) + "\n")
