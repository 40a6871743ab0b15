"""What a trained classifier says of sequences: one class each, or any number of labels."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.classifier_card import save_classifier
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_multilabel import FittedMultilabel
from fastgru.estimators.loading import load_fitted
from fastgru.estimators.string_classifier import StringClassifier

__all__ = ["LabelPrediction"]


class LabelPrediction(StringClassifier):
    """A classifier that predicts by its fitted model.

    Attributes
    ----------
    threads
        Threads to use, never more; None for all CPUs that the process may use.
    """

    threads: int | None
    _fitted: FittedClassifier

    def _probabilities(self, sequences: Sequence[str]) -> np.ndarray:
        return self._fitted.predict_proba(sequences, self.threads)

    def save(self, path: str | os.PathLike[str], *, extra: Mapping[str, Any] | None = None) -> None:
        """Write the model to a ``.safetensors`` file, whole or not at all.

        Parameters
        ----------
        path
            File to write; one that exists is replaced.
        extra
            JSON-able entries to add to the card, such as where the data came from.

        Raises
        ------
        LabelError
            If the class labels are neither strings nor integers.
        ConfigurationError
            If `extra` cannot be added.
        """
        check_is_fitted(self, "classes_")
        save_classifier(path, self._fitted, extra)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that :meth:`save` wrote; the attributes of `fit` come along.

        Parameters
        ----------
        path
            File to read; nothing in it is executed.

        Raises
        ------
        ModelFileError
            If the file is no such model, is damaged, or was written by a newer version.
        """
        fitted = load_fitted(path, "classification", "multilabel")
        assert isinstance(fitted, FittedClassifier)
        return cls.from_fitted(fitted)

    @classmethod
    @abstractmethod
    def from_fitted(cls, fitted: FittedClassifier) -> Self:
        """Return the estimator of a model that was trained or read."""

    def predict(self, sequences: Sequence[str]) -> np.ndarray:
        """Return the most probable class of each sequence, (n,).

        With several labels int64 (n, k): 1 where the probability of a label is above a half.

        Parameters
        ----------
        sequences
            As for :meth:`predict_proba`.
        """
        check_is_fitted(self, "classes_")
        if isinstance(self._fitted, FittedMultilabel):
            return (self.predict_proba(sequences) > 0.5).astype(np.int64)
        return super().predict(sequences)
