"""The tables of a tagger: with ``labels`` in one cell, or with a row for each letter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fastgru.cli.prediction_table import PredictionColumns
from fastgru.errors import LabelError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["LABEL_COLUMNS", "label_cells", "letter_cells", "letter_columns"]

LABEL_COLUMNS = PredictionColumns(("id", "status", "flags", "labels"))
_OF_LETTERS = ("id", "status", "flags", "position", "letter", "label")


def label_cells(
    flags: Sequence[tuple[str, ...]], labels: Sequence[str | list[str]]
) -> Iterator[list[str]]:
    """Yield the cells of each record below `LABEL_COLUMNS`.

    Parameters
    ----------
    flags, labels
        n entries; labels that are a list are joined by commas.
    """
    for names, row in zip(flags, labels, strict=True):
        yield [";".join(names), row if isinstance(row, str) else ",".join(map(str, row))]


def letter_columns(classes: Sequence[str]) -> PredictionColumns:
    """Return the columns of a table with a row for each letter.

    Parameters
    ----------
    classes
        Labels, each with a column for its probability.

    Raises
    ------
    LabelError
        For a label that is called like another column.
    """
    for name in classes:
        if name in _OF_LETTERS:
            raise LabelError(
                f"--per-position: the label {name!r} is also the name of a column "
                f"({', '.join(_OF_LETTERS)}), expected another name. Leave the option out, or "
                "train with other labels."
            )
    return PredictionColumns(_OF_LETTERS, tuple(classes), per_position=True)


def letter_cells(
    flags: Sequence[tuple[str, ...]], found: Iterable[tuple[str, list[str], np.ndarray]]
) -> Iterator[Iterator[list[str]]]:
    """Yield the cells of each letter of each record below `letter_columns`.

    Parameters
    ----------
    flags
        n entries.
    found
        As from :meth:`fastgru.estimators.fitted_tagger.FittedTagger.predict_letters`.
    """
    for names, of_record in zip(flags, found, strict=True):
        yield _cells_of_letters(";".join(names), *of_record)


def _cells_of_letters(
    flags: str, letters: str, labels: list[str], probabilities: np.ndarray
) -> Iterator[list[str]]:
    rows = zip(letters, labels, probabilities.tolist(), strict=True)
    for position, (letter, label, row) in enumerate(rows, start=1):
        yield [flags, str(position), letter, label, *(f"{value:.6g}" for value in row)]
