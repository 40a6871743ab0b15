"""The table of predictions: ``id``, ``status``, ``label``, ``flags``, one probability per class.

Where the truth is known, the columns of `TRUTH_COLUMNS` stand between: they make the table enough
to score and compare by.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING

from fastgru.cli.prediction_table import PredictionColumns
from fastgru.errors import LabelError

if TYPE_CHECKING:
    import numpy as np

    from fastgru.estimators.fitted_model import FittedModel

__all__ = [
    "FIXED_COLUMNS",
    "TRUTH_COLUMNS",
    "are_nucleotides",
    "check_class_names",
    "check_classes_to_train",
    "class_cells",
    "class_columns",
    "look_like_nucleotides",
    "may_be_nucleotides",
    "most_probable",
    "warn_of_shuffled_labels",
]

_LOGGER = logging.getLogger(__name__)
FIXED_COLUMNS = ("id", "status", "label", "flags")
TRUTH_COLUMNS = ("true_label", "length", "group", "identity")  # the last two where known
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
        reserved = (*FIXED_COLUMNS, *TRUTH_COLUMNS)
        if name in reserved:
            raise LabelError(
                f"class {name!r}: is also the name of a column of the predictions "
                f"({', '.join(reserved)}), expected another name. Rename the class."
            )


def check_classes_to_train(classes: Sequence[str]) -> None:
    """Refuse classes that predictions could not name, or not tell from cases left open.

    Raises
    ------
    LabelError
        As `check_class_names`, and for a class that is called as ``predict --abstain`` calls these.
    """
    from fastgru.estimators.decisions import ABSTAIN

    check_class_names(classes)
    if ABSTAIN in classes:
        raise LabelError(
            f"class {ABSTAIN!r}: is the label of the cases that 'fastgru predict --abstain' leaves "
            "open, expected another name. Rename the class."
        )


def look_like_nucleotides(sequences: Sequence[str]) -> bool:
    """Whether there are enough letters to judge by, and none of them needs to be an amino acid."""
    return are_nucleotides(set().union(*sequences), sum(map(len, sequences)))


def are_nucleotides(letters: Set[str], n_letters: int) -> bool:
    """Do as `look_like_nucleotides`, for sequences that come in parts.

    Parameters
    ----------
    letters
        Those that occur.
    n_letters
        How many there are in all.
    """
    return n_letters >= _ENOUGH_LETTERS and may_be_nucleotides(letters)


def may_be_nucleotides(letters: Set[str]) -> bool:
    """Whether none of the letters needs to be an amino acid."""
    return letters <= _NUCLEOTIDES


def warn_of_shuffled_labels(fitted: FittedModel, path: str) -> bool:
    """Say if a model is a control that was trained on shuffled labels; return whether it is.

    Parameters
    ----------
    fitted
    path
        Of its file.
    """
    if fitted.shuffled_labels:
        _LOGGER.warning(
            "warning: %s was trained on shuffled labels, as a control; its predictions mean "
            "nothing",
            path,
        )
    return fitted.shuffled_labels


def most_probable(probabilities: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the class of the largest probability in each row, of equal ones the first."""
    return [classes[k] for k in probabilities.argmax(axis=1)]


def class_columns(classes: Iterable[str]) -> PredictionColumns:
    """Return the columns of the predictions of a classifier."""
    return PredictionColumns(FIXED_COLUMNS, tuple(classes))


def class_cells(
    flags: Sequence[tuple[str, ...]], labels: Sequence[str], probabilities: np.ndarray
) -> Iterator[list[str]]:
    """Yield the cells of each record below `class_columns`.

    Parameters
    ----------
    flags, labels
        n entries.
    probabilities
        float (n, n_classes).
    """
    for names, label, row in zip(flags, labels, probabilities, strict=True):
        yield [label, ";".join(names), *(f"{value:.6g}" for value in row)]
