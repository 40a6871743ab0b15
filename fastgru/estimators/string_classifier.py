"""What all classifiers of sequences have in common, under scikit-learn's contract."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags

__all__ = ["StringClassifier"]


class StringClassifier(ClassifierMixin, BaseEstimator):
    """A classifier whose input is a list of strings.

    Attributes
    ----------
    classes_ : np.ndarray
        Class labels, sorted.
    """

    classes_: np.ndarray

    def __sklearn_tags__(self) -> Tags:
        """Say that the input is a list of strings."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    @abstractmethod
    def predict_proba(self, sequences: Sequence[str]) -> np.ndarray:
        """Return class probabilities, float64 (n, n_classes), columns as ``classes_``."""

    def predict(self, sequences: Sequence[str]) -> np.ndarray:
        """Return the most probable class of each sequence, (n,).

        Parameters
        ----------
        sequences
            As for :meth:`predict_proba`.
        """
        probabilities = self.predict_proba(sequences)
        predicted: np.ndarray = self.classes_[probabilities.argmax(axis=1)]
        return predicted
