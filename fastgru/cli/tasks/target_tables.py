"""The table of predictions of several targets or labels: ``id``, ``status``, ``flags``, numbers.

Where the truth is known, it stands between in columns ``true_NAME``, then length and group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.tasks.evaluation import record_columns
from fastgru.errors import LabelError

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences

__all__ = ["check_columns", "truth_columns", "write_target_header", "write_target_rows"]

_FIXED = ("id", "status", "flags")
_BESIDE = ("length", "group")
_DIGITS = 9


def check_columns(names: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse targets or labels that cannot be the name of a column of their own.

    Parameters
    ----------
    names
        Of the targets.
    columns
        All that are predicted of them.

    Raises
    ------
    LabelError
    """
    taken = set(_FIXED) | set(_BESIDE)
    for name in (*(f"true_{name}" for name in names), *columns):
        if not name.isprintable() or name in taken:
            raise LabelError(
                f"target {name!r}: is the name of two columns of the predictions, or does not fit "
                "into a cell, expected another name. Rename the target."
            )
        taken.add(name)


def truth_columns(chosen: LabelledSequences, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of what is known of records, by their names.

    Parameters
    ----------
    chosen
        Records with targets.
    names
        Of the targets.
    """
    columns = {
        f"true_{name}": ["" if row[k] is None else f"{row[k]:.{_DIGITS}g}" for row in rows]
        for rows in [chosen.targets or []]
        for k, name in enumerate(names)
    }
    return {**columns, **record_columns(chosen)}


def write_target_header(file: TextIO, columns: Sequence[str], truth: Sequence[str] = ()) -> None:
    """Write the line with the names of the columns.

    Parameters
    ----------
    file
    columns
        Of what is predicted.
    truth
        Of what is known.
    """
    file.write("\t".join([*_FIXED, *truth, *columns]) + "\n")


def write_target_rows(
    file: TextIO,
    ids: Sequence[str],
    problems: Sequence[str | None],
    *,
    flags: Sequence[tuple[str, ...]],
    values: np.ndarray,
    known: Sequence[Sequence[str]] = (),
) -> None:
    """Write one line per record.

    Parameters
    ----------
    file
    ids, problems
        n entries; where there is a problem it becomes the status, and all other cells stay empty.
    flags
        Of the records without problem, in their order.
    values
        float (number of records without problem, n_columns); a cell is empty where one is
        infinite or missing.
    known
        A list with n entries for each of the header's columns of the truth.
    """
    rows = iter(zip(flags, values, strict=True))
    for number, (record_id, problem) in enumerate(zip(ids, problems, strict=True)):
        beside = [column[number] for column in known]
        if problem is not None:
            cells = [problem, "", *beside, *[""] * values.shape[1]]
        else:
            names, row = next(rows)
            shown = (f"{value:.{_DIGITS}g}" if abs(value) < float("inf") else "" for value in row)
            cells = ["ok", ";".join(names), *beside, *shown]
        file.write("\t".join([record_id, *cells]) + "\n")
