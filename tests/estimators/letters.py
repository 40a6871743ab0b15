"""Numbers written as letters, so that scikit-learn's checks can feed estimators of strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from fastgru import SequenceClassifier, SequenceRegressor

RESIDUES = np.array(list("ACDEFGHIKLMNPQRSTVWY"))


class _WrittenNumbers:
    """Reads the rows of a table as proteins: a residue for each number, by its size."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        return tags

    def _check_input(self, sequences: Sequence[Any], *, fitting: bool = False) -> list[str]:
        least = 2 if fitting and self.early_stopping else 1
        table = validate_data(
            self, sequences, reset=fitting, dtype=np.float64, ensure_min_samples=least
        )
        sizes = np.clip(np.floor(table * 3), -10, 9).astype(int) + 10
        return ["".join(row) for row in RESIDUES[sizes]]


class WrittenClassifier(_WrittenNumbers, SequenceClassifier):
    """A classifier of these."""


class WrittenRegressor(_WrittenNumbers, SequenceRegressor):
    """A regressor of these."""
