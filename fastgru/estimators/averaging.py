"""From trained classifiers to one that averages them."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.classifier import SequenceClassifier
from fastgru.estimators.ensemble import make_ensemble

__all__ = ["average_models"]


def average_models(models: Sequence[SequenceClassifier]) -> SequenceClassifier:
    """Return an ensemble: its probabilities are the mean of those of trained classifiers.

    Each keeps its own temperature.  The ensemble predicts, flags and is saved as any classifier;
    `fit` would make a single network of it, with the parameters of the first.

    Parameters
    ----------
    models
        Two or more, of one alphabet and with the same classes, such as those of several
        ``random_state``.  An ensemble among them stands for its networks.

    Raises
    ------
    ConfigurationError
        If there are fewer than two.
    LabelError
        If two differ in alphabet or classes.
    """
    for model in models:
        check_is_fitted(model, "classes_")
    ensemble = make_ensemble(
        [(f"model {number}", model._fitted) for number, model in enumerate(models)]
    )
    return SequenceClassifier.from_fitted(ensemble)
