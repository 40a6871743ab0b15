"""What all classifiers of sequences have in common, under scikit-learn's contract."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.string_input import StringInput

__all__ = ["StringClassifier"]


class StringClassifier(ClassifierMixin, StringInput):
    """A classifier whose input is a list of strings.

    Attributes
    ----------
    classes_ : np.ndarray
        Class labels, sorted.
    """

    classes_: np.ndarray

    def predict_proba(self, sequences: Sequence[Any]) -> np.ndarray:
        """Return class probabilities, float64 (n, n_classes), columns as ``classes_``.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty, or the series that a
            :class:`fastgru.SequenceClassifier` of these was fitted to.

        Raises
        ------
        AlphabetError
            For an empty sequence or a letter outside the alphabet.
        LabelError
            For a sequence that this classifier cannot read: one shorter than a k-mer, longer than
            the positions that were learned, or of another length than a baseline of positions was
            trained with.
        """
        check_is_fitted(self, "classes_")
        return self._probabilities(sequences)

    @abstractmethod
    def _probabilities(self, sequences: Sequence[Any]) -> np.ndarray:
        """Return what :meth:`predict_proba` does, once fitted."""

    def predict(self, sequences: Sequence[Any]) -> np.ndarray:
        """Return the most probable class of each sequence, (n,).

        Parameters
        ----------
        sequences
            As for :meth:`predict_proba`.
        """
        probabilities = self.predict_proba(sequences)
        predicted: np.ndarray = self.classes_[probabilities.argmax(axis=1)]
        return predicted
