"""What a classifier knows about its own probabilities, from sequences it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet
from fastgru.training.prediction import predict_logits

UNKNOWN = "the model was written before thresholds were kept"


@dataclass(frozen=True)
class Calibration:
    """Temperature, thresholds and prevalence of a fitted classifier.

    Attributes
    ----------
    temperature
        By which logits are divided; 1 if it was not fitted.
    n_sequences
        Validation sequences that it was fitted on, 0 for none.
    before, after
        ``log_loss``, ``brier`` and ``ece`` of these with T = 1 and with the temperature; None if
        it was not fitted.
    validation_log_loss
        Mean log loss of the validation sequences, each counted once, without the temperature: on
        one scale for all models, however their losses weigh the classes.  None without them.
    prevalence
        Share of each class in what was learned, weighted as in the loss; None if unknown.
    thresholds
        Rows of :func:`fastgru.evaluation.thresholds.choose_thresholds`.
    no_thresholds
        Why there are none, None if there are.
    """

    temperature: float = 1.0
    n_sequences: int = 0
    before: dict[str, float] | None = None
    after: dict[str, float] | None = None
    validation_log_loss: float | None = None
    prevalence: list[float] | None = None
    thresholds: list[dict[str, Any]] = field(default_factory=list)
    no_thresholds: str | None = UNKNOWN

    def to_card(self) -> dict[str, Any]:
        """Return the entries of a model card."""
        fields = asdict(self)
        return {
            "prevalence": fields.pop("prevalence"),
            "thresholds": {
                "rows": fields.pop("thresholds"),
                "reason": fields.pop("no_thresholds"),
            },
            "calibration": fields,
        }

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Calibration:
        """Undo `to_card`; a card without these entries gives what was done before they were."""
        table = card.get("thresholds", {"rows": [], "reason": UNKNOWN})
        return cls(
            **card.get("calibration", {}),
            prevalence=card.get("prevalence"),
            thresholds=table["rows"],
            no_thresholds=table["reason"],
        )


def calibrate(
    network: SequenceNetwork,
    training: LabelledSet,
    validation: LabelledSet | None,
    *,
    fit: bool,
) -> Calibration:
    """Fit the temperature and choose the thresholds of a trained network.

    Both scores and temperature weigh sequences as the loss does, so that the probabilities fit the
    classes as the network has met them; thresholds and the validation log loss count each sequence
    once.

    Parameters
    ----------
    network
    training
        What it has learned from.
    validation
        What it has not learned from, None if there is nothing of that kind.
    fit
        Whether to fit the temperature.
    """
    # these load scikit-learn, which prediction does without
    from fastgru.evaluation.calibration import scaled_softmax
    from fastgru.evaluation.thresholds import choose_thresholds

    n_classes = network.architecture.n_outputs
    by_class = np.bincount(training.targets, training.weights, minlength=n_classes)
    known: dict[str, Any] = {"prevalence": (by_class / by_class.sum()).tolist()}
    if validation is None:
        return Calibration(**known, no_thresholds="there was no validation set")
    logits = predict_logits(network, validation.encoded)
    known |= fitted_temperature(logits, validation.targets, validation.weights, fit=fit)
    if fit:
        known["n_sequences"] = len(logits)
    if n_classes > 2:
        return Calibration(**known, no_thresholds="the model has more than two classes")
    probabilities = scaled_softmax(logits, known.get("temperature", 1.0))
    rows = choose_thresholds(validation.targets == 1, probabilities[:, 1])
    return Calibration(**known, thresholds=rows, no_thresholds=None)


def fitted_temperature(
    logits: np.ndarray, truth: np.ndarray, weights: np.ndarray, *, fit: bool
) -> dict[str, Any]:
    """Return the fields of :class:`Calibration` that are about the temperature.

    Parameters
    ----------
    logits
        float64 (n, n_classes), of what the network has not learned from.
    truth
        int (n,), the class of each.
    weights
        float64 (n,), positive.
    fit
        Whether to fit the temperature.
    """
    from fastgru.evaluation.calibration import (
        calibration_scores,
        fit_temperature,
        mean_log_loss,
        scaled_softmax,
    )

    probabilities = scaled_softmax(logits, 1.0)
    known: dict[str, Any] = {"validation_log_loss": mean_log_loss(probabilities, truth)}
    if fit:
        known["temperature"] = fit_temperature(logits, truth, weights)
        known["before"] = calibration_scores(probabilities, truth, weights)
        probabilities = scaled_softmax(logits, known["temperature"])
        known["after"] = calibration_scores(probabilities, truth, weights)
    return known
