"""What a trained classifier of several labels can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru.estimators.calibration import Calibration
from fastgru.estimators.fitted_classifier import ClassifierNetwork
from fastgru.estimators.model_card import damaged, network_fields, require_entries
from fastgru.models.model_file import SavedModel
from fastgru.training.prediction import predict_logits

__all__ = ["FittedMultilabel", "read_multilabel"]


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

    def card_entries(self) -> dict[str, Any]:
        """Return the labels' names and the calibration."""
        return {"labels": self.classes.tolist(), **self.calibration.to_card()}


def read_multilabel(saved: SavedModel, name: str) -> FittedMultilabel:
    """Return the classifier of several labels that a model file holds.

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
    (network,) = saved.networks
    card, fields = network.card, network_fields(network, name, "multilabel")
    require_entries(network, name, ("labels", "prevalence"))
    if isinstance(fields["parameters"]["class_weight"], Mapping):
        raise damaged(name, "class_weight is a mapping, expected 'balanced' or null")
    return FittedMultilabel(
        **fields, classes=np.array(card["labels"]), calibration=Calibration.from_card(card)
    )
