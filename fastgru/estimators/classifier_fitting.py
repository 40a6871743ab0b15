"""Training of a classifier: the network, and what it then knows of its probabilities.

Labels are one class for each sequence, or a table with any number of labels for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d

from fastgru._numba import threads_limited_to
from fastgru.errors import ConfigurationError
from fastgru.estimators.calibration import calibrate
from fastgru.estimators.fitted_classifier import ClassifierNetwork
from fastgru.estimators.fitted_multilabel import FittedMultilabel
from fastgru.estimators.fitting import train_network
from fastgru.estimators.inputs import is_indicator
from fastgru.estimators.multilabel_fitting import calibrate_multilabel, given_multilabel
from fastgru.estimators.training_sets import GivenSets, given_sets
from fastgru.training.multilabel import Multilabel
from fastgru.training.pretrained import Pretrained

__all__ = ["fit_labels", "given_labels"]


def given_labels(
    parameters: Mapping[str, Any],
    sequences: Sequence[str],
    labels: Any,
    *,
    label_names: Sequence[str] | None,
    pretrained: Pretrained | None = None,
    **given: Any,
) -> GivenSets:
    """Check and encode what a caller hands over; see :meth:`fastgru.SequenceClassifier.fit`.

    Parameters
    ----------
    parameters
        All parameters of the classifier, checked.
    sequences, labels, label_names
        A single column without a name holds classes, with scikit-learn's warning.
    pretrained
        What the network begins with; None for nothing.
    given
        Further arguments of `fit` that are data, by name.

    Raises
    ------
    ConfigurationError
        If classes, which are their own names, are given names.
    """
    if is_indicator(labels) and label_names is None and np.asarray(labels).shape[1] == 1:
        labels = column_or_1d(labels, warn=True)
    if is_indicator(labels):
        several = given_multilabel(parameters, sequences, labels, label_names=label_names, **given)
        return replace(several, pretrained=pretrained)
    if label_names is not None:
        raise ConfigurationError(
            "label_names: are for labels (n, k) of 0 and 1, got one class label for each "
            "sequence, which is its own name. Leave them out."
        )
    return given_sets(parameters, sequences, labels, pretrained=pretrained, **given)


def fit_labels(parameters: dict[str, Any], given: GivenSets, **how: Any) -> ClassifierNetwork:
    """Train a network on what :func:`given_labels` has returned, and fit its temperature.

    Parameters
    ----------
    parameters
        All parameters of the classifier, checked.
    given
    how
        As for :func:`fastgru.estimators.fitting.train_network`.
    """
    trained = train_network(parameters, given, **how)
    several, fit = isinstance(trained.objective, Multilabel), parameters["calibrate"]
    with threads_limited_to(parameters["threads"]):
        if several:
            calibration = calibrate_multilabel(trained, fit=fit)
        else:
            sets = trained.training, trained.validation
            calibration = calibrate(trained.fields["network"], *sets, fit=fit)
    kind = FittedMultilabel if several else ClassifierNetwork
    return kind(**trained.fields, classes=given.outputs, calibration=calibration)
