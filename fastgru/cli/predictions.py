"""The table of predictions: ``id``, ``status``, ``label``, ``flags``, one probability per class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from fastgru.errors import LabelError

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "FIXED_COLUMNS",
    "check_class_names",
    "look_like_nucleotides",
    "most_probable",
    "write_header",
    "write_rows",
]

FIXED_COLUMNS = ("id", "status", "label", "flags")
_NUCLEOTIDES = frozenset("ACGTUN")
_ENOUGH_LETTERS = 50  # a short peptide may have no other letters


def check_class_names(classes: Iterable[str]) -> None:
    """Refuse classes that cannot be the name of a column of their own.

    Raises
    ------
    LabelError
        For a class that is called like another column, or does not fit into a cell.
    """
    for name in classes:
        if not name or not name.isprintable():
            raise LabelError(
                f"class {name!r}: is empty or holds a tab or another control character, expected "
                "text that fits into a cell of a table. Rename the class."
            )
        if name in FIXED_COLUMNS:
            raise LabelError(
                f"class {name!r}: is also the name of a column of the predictions "
                f"({', '.join(FIXED_COLUMNS)}), expected another name. Rename the class."
            )


def write_header(file: TextIO, classes: Sequence[str]) -> None:
    """Write the line with the names of the columns."""
    file.write("\t".join([*FIXED_COLUMNS, *classes]) + "\n")


def look_like_nucleotides(sequences: Iterable[str]) -> bool:
    """Whether there are enough letters to judge by, and none of them needs to be an amino acid."""
    n_letters = 0
    for sequence in sequences:
        if not _NUCLEOTIDES.issuperset(sequence):
            return False
        n_letters += len(sequence)
    return n_letters >= _ENOUGH_LETTERS


def most_probable(probabilities: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the class of the largest probability in each row, of equal ones the first."""
    return [classes[k] for k in probabilities.argmax(axis=1)]


def write_rows(
    file: TextIO,
    ids: Sequence[str],
    problems: Sequence[str | None],
    *,
    labels: Sequence[str],
    flags: Sequence[tuple[str, ...]],
    probabilities: np.ndarray,
) -> None:
    """Write one line per record.

    Parameters
    ----------
    file
    ids, problems
        n entries; where there is a problem it becomes the status, and all other cells stay empty.
    labels, flags
        Of the records without problem, in their order.
    probabilities
        float (number of records without problem, n_classes).
    """
    rows = iter(zip(labels, flags, probabilities, strict=True))
    for record_id, problem in zip(ids, problems, strict=True):
        if problem is not None:
            cells = [problem, "", "", *[""] * probabilities.shape[1]]
        else:
            label, names, row = next(rows)
            cells = ["ok", label, ";".join(names), *(f"{value:.6g}" for value in row)]
        file.write("\t".join([record_id, *cells]) + "\n")
