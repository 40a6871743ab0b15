"""What a classifier does once it is fitted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.classifier_card import save_classifier
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_estimator import FittedEstimator


class PredictionMixin(FittedEstimator):
    """What a :class:`StringClassifier` says of sequences by its fitted model."""

    _fitted: FittedClassifier

    def _probabilities(self, sequences: Sequence[str]) -> np.ndarray:
        return self._fitted.predict_proba(sequences, self.threads)

    def attention(self, sequences: Sequence[str]) -> list[np.ndarray]:
        """Return how much the state at each letter counts in the attention pooling.

        A state knows of the letters around it, in both directions where the network has two: a
        weight says where the network looks, not which letters alone decide.

        Parameters
        ----------
        sequences
            As for :meth:`predict_proba`.

        Returns
        -------
        list of np.ndarray
            float64 (length,) for each sequence, from 0 to 1 with sum 1; they do not depend on the
            other sequences.  Behind convolutional layers that stride or pool there is one for each
            step that these leave.

        Raises
        ------
        ConfigurationError
            For a model without attention pooling, and for an ensemble.
        AlphabetError, LabelError
            As for :meth:`predict_proba`.
        """
        check_is_fitted(self, "classes_")
        return self._fitted.attention(sequences, self.threads)

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
