"""Tables of numbers in place of lists of series, under scikit-learn's contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import validate_data

from fastgru.data.series import SERIES, refuse_dates
from fastgru.estimators.fitted_estimator import FittedEstimator

__all__ = ["TableInput"]


class TableInput(FittedEstimator):
    """An estimator that also reads tables, where its alphabet is that of series.

    Each row of a table (n_samples, n_features) is a series of ``n_features_in_`` steps with one
    feature, as is an array (n_samples, n_steps, n_features) of several.  A list holds series of any
    length, and says nothing of their number of steps.

    Attributes
    ----------
    alphabet
    early_stopping
    """

    alphabet: str
    early_stopping: bool

    def __sklearn_tags__(self) -> Tags:
        """Say that series are arrays of numbers."""
        tags: Tags = super().__sklearn_tags__()  # type: ignore[misc]
        if self.alphabet == SERIES:
            tags.input_tags.string = tags.input_tags.one_d_array = False
            tags.input_tags.two_d_array = tags.input_tags.three_d_array = True
        return tags

    def _check_input(self, sequences: Sequence[Any], *, fitting: bool = False) -> Sequence[Any]:
        if self.alphabet != SERIES:
            return sequences
        if _is_list(sequences):
            if fitting:
                self._forget_columns()
                self._note_rows(sequences)
            return sequences
        refuse_dates(sequences, "X")
        # one to learn from, and one to stop by
        shared: dict[str, Any] = {
            "dtype": np.float64,
            "ensure_min_samples": 2 if fitting and self.early_stopping else 1,
        }
        if getattr(sequences, "ndim", 2) == 3:
            if fitting:
                self._forget_columns()
            table = check_array(sequences, allow_nd=True, **shared)
        elif fitting or hasattr(self, "n_features_in_"):
            table = validate_data(self, sequences, reset=fitting, **shared)
        else:
            table = check_array(sequences, **shared)
        return table  # type: ignore[no-any-return]

    def _check_held_out(self, given: tuple[Any, Any] | None) -> tuple[Any, Any] | None:
        """Return sequences and targets to stop by, those to learn from having been checked."""
        return None if given is None else (self._check_input(given[0]), given[1])

    def _forget_columns(self) -> None:
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)

    def _note_rows(self, sequences: Sequence[Any]) -> None:
        """Take lists of as many numbers each for the rows of a table, as scikit-learn does."""
        is_flat = all(
            isinstance(row, list | tuple) and not np.ndim(row[:1]) > 1 for row in sequences
        )
        lengths = {len(row) for row in sequences} if is_flat else set()
        if len(lengths) == 1:
            (self.n_features_in_,) = lengths


def _is_list(given: object) -> bool:
    """Whether something is a list of series: an array of objects is one too."""
    kind = getattr(getattr(given, "dtype", None), "kind", "")
    return isinstance(given, list | tuple) or (kind == "O" and getattr(given, "ndim", 0) == 1)
