"""What a trained classifier says of sequences: one class each, or any number of labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.fitted_multilabel import FittedMultilabel
from fastgru.estimators.string_classifier import StringClassifier

__all__ = ["LabelPrediction"]


class LabelPrediction(FittedEstimator, StringClassifier):
    """A classifier that predicts by its fitted model."""

    _fitted: FittedClassifier

    def _probabilities(self, sequences: Sequence[str]) -> np.ndarray:
        return self._fitted.predict_proba(self._check_input(sequences), self.threads)

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
