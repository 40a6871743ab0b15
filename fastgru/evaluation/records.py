"""What was said about records, beside the truth: what the scores of any task are computed from.

Each task has a class of its own, beside its scores.  What asks how sure scores are, or compares
two of them, weights the records, and need not know the task.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["ScoredRecords", "Scorer"]

Floats = NDArray[np.float64]

Scorer = Callable[[Floats], Mapping[Hashable, Floats]]
"""From weights (R, N) to each score (R,), NaN where undefined.

Scores of all that is predicted have names; those of one class, label or target have pairs of its
name and that of the score.
"""


class ScoredRecords(ABC):
    """Predictions for N records, and the truth."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """Names of what is predicted: classes, labels or targets; empty where there are none."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number N of records."""

    @abstractmethod
    def take(self, places: NDArray[np.intp]) -> Self:
        """Return the records at some places, in their order.

        Parameters
        ----------
        places
            int (M,), positions in this.
        """

    @abstractmethod
    def has_truth_of(self, other: Self) -> bool:
        """Return whether the truth of the other's records is the same, one by one.

        Parameters
        ----------
        other
            As many records with the same names.
        """

    @classmethod
    @abstractmethod
    def pool(cls, parts: Sequence[Self]) -> Self:
        """Return the records of all parts as those of one, in the order of the parts.

        Parameters
        ----------
        parts
            One or more, all with the same names.
        """

    @abstractmethod
    def scorer(self) -> Scorer:
        """Return what scores weighted records, prepared for many weightings."""

    def scores(self, weights: Floats | None = None) -> dict[str, float | None]:
        """Return the scores of all that is predicted, None where undefined.

        Parameters
        ----------
        weights
            float64 (N,), how often each record counts; None for once each.
        """
        table = np.ones((1, len(self))) if weights is None else weights[None, :]
        found = {
            name: float(values[0])
            for name, values in self.scorer()(table).items()
            if isinstance(name, str)
        }
        return {name: None if math.isnan(value) else value for name, value in found.items()}
