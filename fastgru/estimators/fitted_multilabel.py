"""What a trained classifier of several labels can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastgru.estimators.fitted_classifier import ClassifierNetwork
from fastgru.training.prediction import predict_logits

__all__ = ["FittedMultilabel"]


@dataclass(frozen=True, kw_only=True)
class FittedMultilabel(ClassifierNetwork):
    """A trained network that gives each sequence any number of labels.

    Its classes are the names of the k labels; the temperature is one for all of them.
    """

    task = "multilabel"

    def probabilities(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return the probability of each label, float64 (n, k), of encoded sequences."""
        logits = predict_logits(self.network, encoded) / self.calibration.temperature
        return np.exp(-np.logaddexp(0.0, -logits))
