"""Training of a classifier of several labels: what it learns from, and its temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError, LabelError
from fastgru.estimators.calibration import Calibration, fitted_temperature
from fastgru.estimators.fitting import Trained
from fastgru.estimators.inputs import encode_inputs, n_features_of
from fastgru.estimators.target_sets import (
    check_names,
    check_targets,
    target_set,
    target_validation,
)
from fastgru.estimators.training_sets import GivenSets
from fastgru.training.multilabel import Multilabel
from fastgru.training.prediction import predict_logits

__all__ = ["calibrate_multilabel", "given_multilabel"]


def given_multilabel(
    parameters: Mapping[str, Any],
    sequences: Sequence[str],
    labels: ArrayLike,
    *,
    label_names: Sequence[str] | None,
    sample_weight: ArrayLike | None,
    validation_data: tuple[Sequence[str], ArrayLike] | None,
    groups: Sequence[Any] | None = None,
) -> GivenSets:
    """Check and encode what a caller hands over; see :meth:`fastgru.SequenceClassifier.fit`.

    Parameters
    ----------
    parameters
        All parameters of the classifier, checked.
    sequences, labels, label_names, sample_weight, validation_data, groups

    Raises
    ------
    ConfigurationError
        If `class_weight` is a mapping.
    LabelError
        If a label is the same for all sequences, or something else than 0, 1 and NaN.
    """
    if isinstance(parameters["class_weight"], Mapping):
        raise ConfigurationError(
            "class_weight must be 'balanced' or None for several labels, got a mapping; use "
            "sample_weight to weigh sequences."
        )
    encoded = encode_inputs(parameters, sequences)
    values = check_targets(labels, len(encoded), "labels")
    names = check_names(label_names, values.shape[1], "label")
    _require_answers(values, "labels")
    training = target_set(encoded, values, sample_weight, groups)
    n_features = n_features_of(parameters, encoded)
    validation = target_validation(parameters, names, validation_data, n_features)
    if validation is not None:
        _require_answers(validation.targets, "labels of the validation set")
    counts = _weighted_counts(training.targets, training.weights)
    for name, (without, having) in zip(names, counts.T, strict=True):
        if not without or not having:
            found = "no answer" if without == having else f"only {int(having > 0)}"
            raise LabelError(
                f"label {str(name)!r}: there is {found} among the sequences to learn from, "
                "expected both 0 and 1. Add sequences, or leave the label out."
            )
    answer_weights = np.ones(counts.shape)
    if parameters["class_weight"] == "balanced":
        counts = _weighted_counts(training.targets, np.ones(len(training.weights)))
        answer_weights = counts.sum(axis=0) / (2 * counts)
    objective = Multilabel(parameters["label_smoothing"], parameters["focal_gamma"], answer_weights)
    return GivenSets(names, objective, training, validation, stratified=False)


def _require_answers(values: np.ndarray, what: str) -> None:
    bad = np.argwhere(~(np.isnan(values) | (values == 0) | (values == 1)))
    if len(bad):
        row, column = bad[0]
        raise LabelError(
            f"{what}: that of sequence {row}, column {column}, is {values[row, column]:g}, "
            "expected 0, 1, or NaN where it is unknown."
        )


def _weighted_counts(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weights of 0 and of 1 of each label, float64 (2, k)."""
    return np.stack([((targets == answer) * weights[:, None]).sum(axis=0) for answer in (0, 1)])


def calibrate_multilabel(trained: Trained, *, fit: bool) -> Calibration:
    """Return prevalence and temperature: a label is a softmax of two classes, its logit and 0.

    Parameters
    ----------
    trained
    fit
        Whether the temperature is fitted to the validation set, where there is one.
    """
    objective = trained.objective
    assert isinstance(objective, Multilabel)
    counts = _weighted_counts(trained.training.targets, trained.training.weights)
    counts *= objective.answer_weights
    total = counts.sum(axis=0)
    prevalence = np.divide(counts[1], total, out=np.zeros(len(total)), where=total > 0)
    known: dict[str, Any] = {"prevalence": prevalence.tolist()}
    validation = trained.validation
    if validation is not None:
        logits = predict_logits(trained.fields["network"], validation.encoded)
        shares = objective.shares(validation.targets, validation.weights)
        used = shares > 0
        pairs = np.stack([np.zeros(used.sum()), logits[used]], axis=1)
        truth = validation.targets[used].astype(np.int64)
        known |= fitted_temperature(pairs, truth, shares[used], fit=fit)
        if fit:
            known["n_sequences"] = len(logits)
    return Calibration(**known, no_thresholds="the model has several labels")
