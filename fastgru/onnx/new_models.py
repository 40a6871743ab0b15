"""Trained models around networks that were trained elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import ConfigurationError
from fastgru.estimators.calibration import Calibration
from fastgru.estimators.fitted_classifier import ClassifierNetwork
from fastgru.estimators.fitted_multilabel import FittedMultilabel
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.parameters import check_parameters, parameters_of
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork
from fastgru.training.regression import Regression

__all__ = ["new_classifier", "new_regressor", "parameters_for"]

_NO_THRESHOLDS = "the model was imported, and nothing is known of its validation set"


def parameters_for(task: str, sizes: Architecture, alphabet: str) -> dict[str, Any]:
    """Return the parameters of an estimator with such a network, all others at their defaults.

    Parameters
    ----------
    task
    sizes
    alphabet

    Raises
    ------
    ConfigurationError
        If no estimator of the task has such a network.
    """
    values = {parameter.name: parameter.default for parameter in parameters_of(task)}
    fields = {**sizes.to_dict(), "alphabet": alphabet, "position_embedding": sizes.n_positions > 0}
    values |= {name: fields[name] for name in values.keys() & fields.keys()}
    return check_parameters(values, task)


def new_classifier(
    task: str, sizes: Architecture, alphabet: str, classes: Sequence[str], temperature: float
) -> ClassifierNetwork:
    """Return a classifier of which nothing is known but its network, with any weights.

    Parameters
    ----------
    task
        ``"classification"`` or ``"multilabel"``.
    sizes, alphabet
    classes
        A name for each output.
    temperature

    Raises
    ------
    ConfigurationError
        If no such classifier has this network, or a class is named twice.
    """
    _check_names("classes", classes, sizes)
    labels = task == "multilabel"
    kind = FittedMultilabel if labels else ClassifierNetwork
    return kind(
        **_fields(task, sizes, alphabet),
        classes=np.array(classes),
        calibration=Calibration(
            temperature=temperature,
            prevalence=[0.5] * sizes.n_outputs if labels else None,
            no_thresholds=_NO_THRESHOLDS,
        ),
    )


def new_regressor(sizes: Architecture, alphabet: str, targets: Sequence[str]) -> FittedRegressor:
    """Return a regressor of which nothing is known but its network, with any weights.

    Its intervals are infinite, since nothing is known of its errors.

    Parameters
    ----------
    sizes, alphabet
    targets
        A name for each output, which is in the units of the target.

    Raises
    ------
    ConfigurationError
        If no regressor has this network, or a target is named twice.
    """
    _check_names("targets", targets, sizes)
    return FittedRegressor(
        **_fields("regression", sizes, alphabet),
        targets=np.array(targets),
        objective=Regression(np.zeros(sizes.n_outputs), np.ones(sizes.n_outputs)),
        residuals=[np.empty(0) for _ in targets],
    )


def _fields(task: str, sizes: Architecture, alphabet: str) -> dict[str, Any]:
    """Return what all trained networks have."""
    return {
        "parameters": parameters_for(task, sizes, alphabet),
        "network": SequenceNetwork(sizes, get_alphabet(alphabet).mixture, 0),
        "history": [],
        "best_epoch": 0,
        "n_train": 0,
        "n_validation": 0,
        "inputs": None,
        "seen": None,
    }


def _check_names(option: str, names: Sequence[str], sizes: Architecture) -> None:
    n_outputs = sizes.n_outputs
    if len(names) != n_outputs or len(set(names)) < n_outputs:
        raise ConfigurationError(
            f"{option} must be {n_outputs} different names, one for each output of the network, "
            f"got {list(names)}."
        )
