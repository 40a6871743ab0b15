"""Training of a classifier: the network, and what it then knows of its probabilities."""

from __future__ import annotations

from typing import Any

from fastgru._numba import threads_limited_to
from fastgru.estimators.calibration import calibrate
from fastgru.estimators.fitted_classifier import ClassifierNetwork
from fastgru.estimators.fitting import train_network
from fastgru.estimators.training_sets import GivenSets

__all__ = ["fit_classifier"]


def fit_classifier(parameters: dict[str, Any], given: GivenSets, **how: Any) -> ClassifierNetwork:
    """Train a network and fit its temperature; see :meth:`fastgru.SequenceClassifier.fit`.

    Parameters
    ----------
    parameters
        All parameters of the classifier, checked.
    given
    how
        As for :func:`fastgru.estimators.fitting.train_network`.
    """
    trained = train_network(parameters, given, **how)
    with threads_limited_to(parameters["threads"]):
        calibration = calibrate(
            *(trained.fields["network"], trained.training, trained.validation),
            fit=parameters["calibrate"],
        )
    return ClassifierNetwork(**trained.fields, classes=given.outputs, calibration=calibration)
