"""The table that ``predict`` and ``evaluate --predictions`` write, whatever the task.

A row begins with the record's ``id`` and ``status``.  Where the truth is known, it stands behind
the columns that every table of the task has, and before those that are named after its classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TextIO

__all__ = ["OK", "CellsOf", "ColumnKind", "PredictionColumns", "tsv_line", "write_table"]

OK = "ok"
"""The status of a record that could be used."""

CellsOf = Callable[[Sequence[Any], Sequence[tuple[str, ...]]], Iterable[Any]]
"""From sequences and their flags to the cells of each, all but ``id`` and ``status``.

Of a table with `per_position` the cells of each letter of each."""

ColumnKind = Literal["text", "list", "integer", "number"]

_KINDS: dict[str, ColumnKind] = {
    "flags": "list",
    "position": "integer",
    "log_likelihood": "number",
    "bits_per_letter": "number",
    "log_probability": "number",
}
"""The columns of `PredictionColumns.fixed` that hold something else than text."""


@dataclass(frozen=True)
class PredictionColumns:
    """The columns of what a task predicts.

    Attributes
    ----------
    fixed
        Those that every table of the task begins with, of which ``id`` and ``status`` are the
        first.
    named
        Those that are called like the classes or targets of the model; all hold numbers.
    nested
        What formats with a structure call the named columns together.
    per_position
        Whether there is a row for each letter of a record instead of one.
    """

    fixed: tuple[str, ...]
    named: tuple[str, ...] = ()
    nested: str = "probabilities"
    per_position: bool = False

    @property
    def kinds(self) -> dict[str, ColumnKind]:
        """What each column holds, in their order; numbers and integers may be missing."""
        of_fixed: dict[str, ColumnKind] = {name: _KINDS.get(name, "text") for name in self.fixed}
        return of_fixed | dict.fromkeys(self.named, "number")

    def header(self, known: Iterable[str] = ()) -> list[str]:
        """Return the names of the columns.

        Parameters
        ----------
        known
            Columns of what is known beside the predictions.
        """
        return [*self.fixed, *known, *self.named]

    def rows(
        self,
        ids: Sequence[str],
        problems: Sequence[str | None],
        predicted: Iterable[Any],
        known: Mapping[str, Sequence[str]] | None = None,
    ) -> Iterator[Iterable[list[str]]]:
        """Yield the rows of each record: one, or with `per_position` one for each letter.

        Parameters
        ----------
        ids, problems
            n entries; where there is a problem it becomes the status, and all cells of what would
            have been predicted stay empty, in one row.
        predicted
            Of the records without problem, in their order: cells of all columns but ``id`` and
            ``status``, or with `per_position` the cells of each letter.
        known
            n entries for each of the header's columns of what is known.
        """
        n_before, of_records, others = len(self.fixed) - 2, iter(predicted), (known or {}).values()
        nothing = [""] * (n_before + len(self.named))
        for number, (record_id, problem) in enumerate(zip(ids, problems, strict=True)):
            start = [record_id, OK if problem is None else problem]
            cells = nothing if problem is not None else next(of_records)
            if self.per_position and problem is None:
                yield ([*start, *of_letter] for of_letter in cells)
                continue
            beside = [column[number] for column in others]
            yield ([*start, *cells[:n_before], *beside, *cells[n_before:]],)


def tsv_line(cells: Iterable[str]) -> str:
    """Return one line of a table."""
    return "\t".join(cells) + "\n"


def write_table(
    file: TextIO,
    columns: PredictionColumns,
    ids: Sequence[str],
    predicted: Iterable[Sequence[str]],
    *,
    known: Mapping[str, Sequence[str]],
    problem: str | None = None,
) -> None:
    """Write the table of n records of which something is known.

    Parameters
    ----------
    file
    columns
    ids
        n entries.
    predicted
        As for :meth:`PredictionColumns.rows`.
    known
        n entries for each column of what is known.
    problem
        Why there are no predictions, if there are none.
    """
    file.write(tsv_line(columns.header(known)))
    for rows in columns.rows(ids, [problem] * len(ids), predicted, known):
        file.writelines(map(tsv_line, rows))
