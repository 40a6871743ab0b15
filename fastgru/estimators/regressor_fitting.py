"""Training of a regressor: the network, and how far it is off on the validation set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastgru._numba import threads_limited_to
from fastgru.errors import LabelError
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.fitting import Trained, train_network
from fastgru.estimators.inputs import encode_inputs, n_features_of
from fastgru.estimators.target_sets import (
    check_names,
    check_targets,
    target_set,
    target_validation,
)
from fastgru.estimators.training_sets import GivenSets
from fastgru.training.prediction import predict_logits
from fastgru.training.regression import Regression

__all__ = ["fit_regressor", "given_regression"]


def given_regression(
    parameters: Mapping[str, Any],
    sequences: Sequence[str],
    targets: ArrayLike,
    *,
    target_names: Sequence[str] | None,
    sample_weight: ArrayLike | None,
    validation_data: tuple[Sequence[str], ArrayLike] | None,
    groups: Sequence[Any] | None = None,
) -> GivenSets:
    """Check and encode what a caller hands over; see :meth:`fastgru.SequenceRegressor.fit`.

    Parameters
    ----------
    parameters
        All parameters of the regressor, checked.
    sequences, targets, target_names, sample_weight, validation_data, groups

    Raises
    ------
    LabelError
        If no sequence has one of the targets.
    """
    encoded = encode_inputs(parameters, sequences)
    values = check_targets(targets, len(encoded))
    names = check_names(target_names, values.shape[1], "target")
    training = target_set(encoded, values, sample_weight, groups)
    empty = np.flatnonzero(np.isnan(training.targets).all(axis=0))
    if len(empty):
        raise LabelError(
            f"target {str(names[empty[0]])!r}: is missing for every sequence to learn from, "
            "expected it for some. Leave the target out."
        )
    n_features = n_features_of(parameters, encoded)
    validation = target_validation(parameters, names, validation_data, n_features)
    return GivenSets(names, Regression.of(len(names)), training, validation, stratified=False)


def fit_regressor(parameters: dict[str, Any], given: GivenSets, **how: Any) -> FittedRegressor:
    """Train a network and keep its residuals; see :meth:`fastgru.SequenceRegressor.fit`.

    Parameters
    ----------
    parameters
        All parameters of the regressor, checked.
    given
    how
        As for :func:`fastgru.estimators.fitting.train_network`.
    """
    trained = train_network(parameters, given, **how)
    assert isinstance(trained.objective, Regression)
    with threads_limited_to(parameters["threads"]):
        residuals = _residuals(trained, trained.objective)
    return FittedRegressor(
        **trained.fields, targets=given.outputs, objective=trained.objective, residuals=residuals
    )


def _residuals(trained: Trained, objective: Regression) -> list[np.ndarray]:
    """Return the absolute errors of each target on the validation set, rising."""
    if trained.validation is None:
        return [np.empty(0)] * len(objective.mean)
    outputs = predict_logits(trained.fields["network"], trained.validation.encoded)
    errors = np.abs(trained.validation.targets - objective.in_units(outputs))
    return [np.sort(column[~np.isnan(column)]) for column in errors.T]
