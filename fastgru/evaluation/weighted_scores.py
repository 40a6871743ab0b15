"""The scores of `fastgru.evaluation.metrics` for many weightings of the records at once.

A resample counts each record so many times, so its scores are those of the records with these
weights, and nothing need be sorted again: classes are counted by one product of matrices, and the
two areas by sums over the records in the order of their scores.  With whole numbers as weights
all counts are exact, so that the number of threads changes no bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fastgru.evaluation.predictions import ScoredPredictions

__all__ = [
    "CLASS_SCORES",
    "SCORES",
    "ClassOrder",
    "WeightedScores",
    "order_class",
    "order_classes",
    "order_values",
    "scores_of",
    "weighted_areas",
    "weighted_scores",
]

Floats = NDArray[np.float64]

SCORES = (
    "accuracy",
    "balanced_accuracy",
    "mcc",
    "f1_macro",
    "roc_auc",
    "pr_auc",
    "log_loss",
)
"""Scores of all classes together, as `classification_metrics` names them."""

CLASS_SCORES = ("precision", "recall", "f1", "roc_auc", "pr_auc")
"""Scores of one class against the rest."""


@dataclass(frozen=True)
class WeightedScores:
    """Scores of R weightings; NaN where one is undefined.

    Attributes
    ----------
    overall
        float64 (R,) for each of `SCORES`.
    by_class
        float64 (R, K) for each of `CLASS_SCORES`.
    """

    overall: dict[str, Floats]
    by_class: dict[str, Floats]


@dataclass(frozen=True, eq=False)
class ClassOrder:
    """The records in rising order of the probability of one class.

    Attributes
    ----------
    order : int64 (N,)
        Their places.
    starts : int64 (n_different,)
        Where in that order each new probability begins.
    is_positive : bool (N,)
        Whether each, in that order, is of the class.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    is_positive: NDArray[np.bool_]


def order_classes(predictions: ScoredPredictions) -> list[ClassOrder]:
    """Sort the records by the probability of each class: once for all weightings.

    Parameters
    ----------
    predictions
        N records.
    """
    return [
        order_class(predictions.proba[:, k], predictions.true == k)
        for k in range(len(predictions.classes))
    ]


def order_class(probabilities: Floats, is_positive: NDArray[np.bool_]) -> ClassOrder:
    """Sort N records by the probability of one class.

    Parameters
    ----------
    probabilities
        (N,)
    is_positive
        (N,), whether each is of the class.
    """
    order, starts = order_values(probabilities)
    return ClassOrder(order, starts, is_positive[order])


def order_values(values: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of N values in rising order, and where in it each new value begins."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    return order, np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))


def weighted_scores(
    predictions: ScoredPredictions,
    weights: Floats,
    orders: Sequence[ClassOrder] | None = None,
) -> WeightedScores:
    """Compute all scores for each weighting of the records.

    Parameters
    ----------
    predictions
        N records.
    weights
        (R, N), not negative; each row with a positive sum.
    orders
        From :func:`order_classes`, for callers with several tables of weights; None to sort here.
    """
    orders = order_classes(predictions) if orders is None else orders
    by_class, counts = _class_scores(predictions, weights, orders)
    present = counts.true > 0
    several = present.sum(axis=1) >= 2
    n_classes = len(predictions.classes)
    overall = {
        "accuracy": counts.right.sum(axis=1) / counts.true.sum(axis=1),
        "balanced_accuracy": _mean(by_class["recall"], present),
        "mcc": np.where(several, _correlation(counts), np.nan),
        "f1_macro": _mean(by_class["f1"], present),
    }
    for name in ("roc_auc", "pr_auc"):
        values = by_class[name]
        chosen = values[:, 1] if n_classes == 2 else _mean(values, present)
        overall[name] = np.where(several, chosen, np.nan)
    overall["log_loss"] = _log_loss(predictions, weights)
    return WeightedScores(overall, by_class)


@dataclass(frozen=True)
class _Counts:
    """Weights of the records (R, K) by true class, by predicted class, and of those that agree."""

    true: Floats
    predicted: Floats
    right: Floats


def scores_of(
    predictions: ScoredPredictions, weights: Floats | None = None
) -> dict[str, float | None]:
    """Return each of `SCORES` for one weighting of the records, None where one is undefined.

    Parameters
    ----------
    predictions
        N records.
    weights
        (N,), not negative, with a positive sum; None to count each record once.
    """
    weights = np.ones(len(predictions)) if weights is None else weights
    found = weighted_scores(predictions, weights[None]).overall
    return {name: None if np.isnan(found[name][0]) else float(found[name][0]) for name in SCORES}


def _class_scores(
    predictions: ScoredPredictions, weights: Floats, orders: Sequence[ClassOrder]
) -> tuple[dict[str, Floats], _Counts]:
    columns = np.arange(len(predictions.classes))
    is_true = predictions.true[:, None] == columns
    is_predicted = predictions.predicted[:, None] == columns
    counts = _Counts(
        true=weights @ is_true.astype(np.float64),
        predicted=weights @ is_predicted.astype(np.float64),
        right=weights @ (is_true & is_predicted).astype(np.float64),
    )
    areas = [weighted_areas(of_class, weights) for of_class in orders]
    f1 = _ratio(2 * counts.right, counts.true + counts.predicted)
    scores = {
        "precision": _ratio(counts.right, counts.predicted),
        "recall": _ratio(counts.right, counts.true),
        "f1": np.where(counts.true > 0, f1, np.nan),
        "roc_auc": np.stack([roc for roc, _ in areas], axis=1),
        "pr_auc": np.stack([precision_recall for _, precision_recall in areas], axis=1),
    }
    return scores, counts


def weighted_areas(of_class: ClassOrder, weights: Floats) -> tuple[Floats, Floats]:
    """Return ROC AUC and average precision of one class for each weighting, NaN where undefined.

    With the records in rising order of their scores, equal scores taken together, p and n the
    weights of positives and of the others at a score::

        ROC AUC = sum_i p_i (sum_{j < i} n_j + n_i / 2) / (sum p  sum n)
        average precision = sum_i p_i (P_i / (P_i + N_i)) / sum p,  P_i = sum_{j >= i} p_j

    Parameters
    ----------
    of_class
    weights
        (R, N), not negative.
    """
    sorted_weights, starts = weights[:, of_class.order], of_class.starts
    both = np.add.reduceat(sorted_weights, starts, axis=1)
    positives = np.add.reduceat(sorted_weights * of_class.is_positive, starts, axis=1)
    negatives = both - positives
    n_positive = positives.sum(axis=1)
    n_negative = negatives.sum(axis=1)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    at_or_above = n_positive[:, None] - np.cumsum(positives, axis=1) + positives
    all_at_or_above = both.sum(axis=1)[:, None] - np.cumsum(both, axis=1) + both
    precision = np.divide(
        at_or_above, all_at_or_above, out=np.zeros_like(both), where=all_at_or_above > 0
    )
    has_curve = (n_positive > 0) & (n_negative > 0)
    roc_auc = _ratio((positives * below).sum(axis=1), n_positive * n_negative)
    average_precision = _ratio((positives * precision).sum(axis=1), n_positive)
    return roc_auc, np.where(has_curve, average_precision, np.nan)


def _correlation(counts: _Counts) -> Floats:
    """Return Matthews' coefficient for several classes, 0 where only one class is predicted.

    Gorodkin (2004), doi:10.1016/j.compbiolchem.2004.09.006.  With s records, c of them right, and
    t and p those of each true and predicted class::

        (c s - sum t p) / sqrt((s^2 - sum p^2) (s^2 - sum t^2))
    """
    n = counts.true.sum(axis=1)
    covariance = counts.right.sum(axis=1) * n - (counts.true * counts.predicted).sum(axis=1)
    spread_true = n * n - (counts.true**2).sum(axis=1)
    spread_predicted = n * n - (counts.predicted**2).sum(axis=1)
    scale = np.sqrt(spread_true * spread_predicted)
    zeros = np.zeros_like(n)
    coefficient: Floats = np.divide(covariance, scale, out=zeros, where=scale > 0)
    return coefficient


def _log_loss(predictions: ScoredPredictions, weights: Floats) -> Floats:
    epsilon = np.finfo(np.float64).eps  # as scikit-learn: a certain error costs 36, not infinity
    of_truth = predictions.proba[np.arange(len(predictions)), predictions.true]
    losses = -np.log(np.clip(of_truth, epsilon, 1 - epsilon))
    # no product of matrices: its order of summation depends on the number of threads
    mean: Floats = (weights * losses).sum(axis=1) / weights.sum(axis=1)
    return mean


def _mean(values: Floats, present: NDArray[np.bool_]) -> Floats:
    """Return the mean of each row over the classes that are present."""
    total: Floats = np.where(present, values, 0).sum(axis=1)
    return _ratio(total, present.sum(axis=1).astype(np.float64))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    undefined = np.full_like(numerator, np.nan)
    ratio: Floats = np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return ratio
