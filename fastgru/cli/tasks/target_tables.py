"""The table of predictions of several targets or labels: ``id``, ``status``, ``flags``, numbers.

Where the truth is known, it stands between in columns ``true_NAME``, then length and group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fastgru.cli.prediction_table import PredictionColumns
from fastgru.cli.tasks.evaluation import record_columns
from fastgru.errors import LabelError

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences

__all__ = ["check_columns", "target_cells", "target_columns", "truth_columns"]

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


def target_columns(names: Iterable[str], nested: str = "targets") -> PredictionColumns:
    """Return the columns of the predictions of targets.

    Parameters
    ----------
    names
        Of the columns of what is predicted.
    nested
        As in :class:`PredictionColumns`.
    """
    return PredictionColumns(_FIXED, tuple(names), nested)


def target_cells(flags: Sequence[tuple[str, ...]], values: np.ndarray) -> Iterator[list[str]]:
    """Yield the cells of each record below `target_columns`.

    Parameters
    ----------
    flags
        n entries.
    values
        float (n, n_columns); a cell is empty where one is infinite or missing.
    """
    for names, row in zip(flags, values, strict=True):
        shown = (f"{value:.{_DIGITS}g}" if abs(value) < float("inf") else "" for value in row)
        yield [";".join(names), *shown]
