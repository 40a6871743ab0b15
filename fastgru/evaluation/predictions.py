"""Predictions beside the truth, checked once: what every score is computed from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastgru.errors import LabelError, shorten
from fastgru.evaluation.records import ScoredRecords, Scorer
from fastgru.evaluation.weighted_scores import order_classes, weighted_scores

__all__ = ["ScoredPredictions", "check_predictions"]

_SUM_TOLERANCE = 1e-4  # float32 probabilities of a softmax sum to one within 1e-6


@dataclass(frozen=True)
class ScoredPredictions(ScoredRecords):
    """What a classifier said about N records, and the truth.

    Attributes
    ----------
    classes
        Names of the K classes.
    true, predicted
        int64 (N,), positions in `classes`.
    proba
        float64 (N, K), rows sum to 1.
    """

    classes: list[str]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    proba: NDArray[np.float64]

    @property
    def names(self) -> list[str]:
        """The classes."""
        return self.classes

    def __len__(self) -> int:
        return len(self.true)

    def take(self, places: NDArray[np.intp]) -> ScoredPredictions:
        """Return the records at some places, in their order."""
        return ScoredPredictions(
            self.classes, self.true[places], self.predicted[places], self.proba[places]
        )

    def has_truth_of(self, other: ScoredPredictions) -> bool:
        """Return whether the true classes of the other's records are the same, one by one."""
        return np.array_equal(self.true, other.true)

    @classmethod
    def pool(cls, parts: Sequence[ScoredPredictions]) -> ScoredPredictions:
        """Return the predictions of all parts as those of one, in the order of the parts."""
        return cls(
            parts[0].classes,
            np.concatenate([part.true for part in parts]),
            np.concatenate([part.predicted for part in parts]),
            np.concatenate([part.proba for part in parts]),
        )

    def scorer(self) -> Scorer:
        """Return what scores weighted records, their probabilities sorted once."""
        orders = order_classes(self)

        def score(weights: NDArray[np.float64]) -> dict[Hashable, NDArray[np.float64]]:
            return dict(weighted_scores(self, weights, orders).overall.items())

        return score


def check_predictions(
    y_true: Sequence[str], y_pred: Sequence[str], proba: ArrayLike, classes: Sequence[str]
) -> ScoredPredictions:
    """Check predictions and bring them into the form that scores are computed from.

    Parameters
    ----------
    y_true, y_pred
        True and predicted class of each record, length N >= 1.
    proba
        Probability of each class, float (N, K), rows sum to 1.
    classes
        The K >= 2 classes, without repeats.

    Raises
    ------
    LabelError
        If a label is not one of `classes`.
    ValueError
        If lengths or shapes disagree, or `proba` holds anything but probabilities.
    """
    names = list(classes)
    true, predicted = _check_labels(y_true, y_pred, names)
    return ScoredPredictions(
        names, true, predicted, _check_probabilities(proba, len(true), len(names))
    )


def _check_labels(
    y_true: Sequence[str], y_pred: Sequence[str], classes: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return true and predicted labels as positions in `classes`."""
    if len(classes) < 2 or len(set(classes)) != len(classes):
        raise ValueError(f"classes must hold two or more different names, got {classes!r}.")
    if len(y_true) == 0 or len(y_true) != len(y_pred):
        raise ValueError(
            "y_true and y_pred must have the same length, at least 1, "
            f"got {len(y_true)} and {len(y_pred)}."
        )
    position = {name: index for index, name in enumerate(classes)}
    unknown = sorted({str(label) for label in (*y_true, *y_pred) if label not in position})
    if unknown:
        raise LabelError(
            f"labels the model does not know: {shorten(unknown)}; it knows {shorten(classes)}. "
            "Correct the labels, or train a model with these classes."
        )
    return (
        np.array([position[label] for label in y_true], dtype=np.int64),
        np.array([position[label] for label in y_pred], dtype=np.int64),
    )


def _check_probabilities(proba: ArrayLike, n_rows: int, n_classes: int) -> NDArray[np.float64]:
    probabilities = np.asarray(proba, dtype=np.float64)
    if probabilities.shape != (n_rows, n_classes):
        raise ValueError(
            f"proba must have shape {(n_rows, n_classes)} (sequences, classes), "
            f"got {probabilities.shape}."
        )
    in_range = np.isfinite(probabilities) & (probabilities >= 0) & (probabilities <= 1)
    if not in_range.all() or np.abs(probabilities.sum(axis=1) - 1).max() > _SUM_TOLERANCE:
        raise ValueError("proba must hold numbers in [0, 1], and each row must sum to 1.")
    # Rounding left by float32 would make scikit-learn warn in log_loss.
    rescaled: NDArray[np.float64] = probabilities / probabilities.sum(axis=1, keepdims=True)
    return rescaled
