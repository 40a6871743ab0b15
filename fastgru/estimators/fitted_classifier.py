"""What a trained classifier can do, whether it is one network or an ensemble of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.errors import LabelError
from fastgru.estimators.calibration import Calibration
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.model_card import damaged, network_fields
from fastgru.models.model_file import SavedNetwork
from fastgru.training.prediction import predict_probabilities

__all__ = ["ClassifierNetwork", "FittedClassifier", "read_network"]


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

    def card_entries(self) -> dict[str, Any]:
        """Return classes and calibration.

        Raises
        ------
        LabelError
            If the class labels are neither strings nor integers.
        """
        integers = self.classes.dtype.kind in "iu"
        if not integers and not all(isinstance(name, str) for name in self.classes):
            raise LabelError(
                f"class labels are {self.classes.dtype}, expected strings or integers, which alone "
                "can be saved. Convert them before fit."
            )
        return {
            "classes": [str(name) for name in self.classes],
            "classes_are_integers": integers,
            **self.calibration.to_card(),
        }


def read_network(saved: SavedNetwork, name: str) -> ClassifierNetwork:
    """Return a network that classifies, from a model file.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.

    Raises
    ------
    ModelFileError
        If its card contradicts itself.
    """
    card, fields = saved.card, network_fields(saved, name, "classification")
    integers = card.get("classes_are_integers", False)
    try:
        classes = np.array(card["classes"]).astype(np.int64 if integers else str)
    except (ValueError, OverflowError) as error:
        raise damaged(name, str(error)) from error
    n_outputs = saved.architecture.n_outputs
    if len(classes) != n_outputs or not saved.architecture.pooling:
        fault = f"there are {len(classes)} classes for a network with {n_outputs} outputs"
        raise damaged(name, fault)
    if len(card.get("prevalence") or classes) != len(classes):
        raise damaged(name, "prevalence has not one share for each class")
    weights = fields["parameters"]["class_weight"]
    if isinstance(weights, Mapping) and integers:
        fields["parameters"]["class_weight"] = {
            int(label): weights.get(str(label)) for label in classes
        }
    return ClassifierNetwork(**fields, classes=classes, calibration=Calibration.from_card(card))
