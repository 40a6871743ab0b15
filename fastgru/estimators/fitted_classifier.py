"""What a trained classifier can do, whether it is one network or an ensemble of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.estimators.calibration import Calibration
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.training.prediction import predict_probabilities

__all__ = ["ClassifierNetwork", "FittedClassifier"]


class FittedClassifier(FittedModel):
    """A trained classifier.

    Attributes
    ----------
    classes
        Labels, sorted.
    calibration
        What is known about the probabilities.
    """

    task = "classification"
    classes: np.ndarray
    calibration: Calibration

    @abstractmethod
    def probabilities(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return the class probabilities of encoded sequences that can be read."""

    def predict_proba(self, sequences: Sequence[Any], threads: int | None) -> np.ndarray:
        """Return class probabilities; see :meth:`fastgru.SequenceClassifier.predict_proba`.

        Parameters
        ----------
        sequences
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        encoded = self.encode_readable(sequences)
        with threads_limited_to(threads):
            return self.probabilities(encoded)


@dataclass(frozen=True, kw_only=True)
class ClassifierNetwork(FittedNetwork, FittedClassifier):
    """A trained network that classifies.

    Attributes
    ----------
    classes, calibration
        As in :class:`FittedClassifier`.
    """

    classes: np.ndarray
    calibration: Calibration

    def probabilities(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return the class probabilities of encoded sequences that the network can read."""
        return predict_probabilities(self.network, encoded, self.calibration.temperature)
