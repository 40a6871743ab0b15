"""Scores of labels of letters: letter by letter, and by segments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.evaluation.bootstrap import intervals_by_class
from fastgru.evaluation.segments import count_overlaps
from fastgru.evaluation.weighted_scores import WeightedScores

__all__ = ["tagging_metrics"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Counts:
    """What the scores are made of, for each of N sequences: sums of these are those of many.

    Attributes
    ----------
    confusion : float64 (N, K, K)
        Letters by true and predicted class.
    overlaps, totals : float64 (N, K)
        From :func:`fastgru.evaluation.segments.count_overlaps`.
    """

    confusion: Floats
    overlaps: Floats
    totals: Floats


def tagging_metrics(
    true: Sequence[NDArray[np.int64]],
    predicted: Sequence[NDArray[np.int64]],
    classes: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Score the labels of N sequences, of which one letter at least has a known label.

    Parameters
    ----------
    true
        Class of each letter, (length,); below 0 where it is not known: such letters are left out.
    predicted
        Class of each letter, (length,).
    classes
        The K classes that the model knows.
    groups, n_resamples, seed
        As for :func:`fastgru.evaluation.bootstrap.bootstrap_intervals`; whole sequences are drawn.

    Returns
    -------
    dict
        Ready for JSON: ``classes``, ``n_test`` (sequences), ``n_letters`` (of known label),
        ``accuracy``, ``majority_accuracy`` (of always naming the commonest class), ``f1_macro``
        (over the classes that occur), ``sov`` (segment overlap, a share), ``confusion_matrix``
        (rows true, columns predicted), ``per_class`` (``n_letters``, ``precision``, ``recall``,
        ``f1``, ``sov``), and the intervals of `bootstrap_intervals`.  None where undefined.
    """
    counts = _count(true, predicted, len(classes))

    def score(weights: Floats) -> WeightedScores:
        return _score(counts, weights)

    measured = score(np.ones((1, len(true))))
    matrix = counts.confusion.sum(axis=0)
    return {
        "classes": list(classes),
        "n_test": len(true),
        "n_letters": int(matrix.sum()),
        "majority_accuracy": float(matrix.sum(axis=1).max() / matrix.sum()),
        "confusion_matrix": matrix.astype(int).tolist(),
        **{name: _plain(values[0]) for name, values in measured.overall.items()},
        "per_class": {
            name: {
                "n_letters": int(matrix[k].sum()),
                **{score: _plain(values[0, k]) for score, values in measured.by_class.items()},
            }
            for k, name in enumerate(classes)
        },
        **intervals_by_class(score, classes, len(true), groups, n_resamples, seed),
    }


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _count(
    true: Sequence[NDArray[np.int64]], predicted: Sequence[NDArray[np.int64]], n_classes: int
) -> _Counts:
    confusion = np.zeros((len(true), n_classes * n_classes))
    overlaps, totals = np.zeros((2, len(true), n_classes))
    for number, (truth, found) in enumerate(zip(true, predicted, strict=True)):
        known = truth >= 0
        cells = truth[known] * n_classes + found[known]
        confusion[number] = np.bincount(cells, minlength=n_classes * n_classes)
        overlaps[number], totals[number] = count_overlaps(truth, found, n_classes)
    return _Counts(confusion.reshape(-1, n_classes, n_classes), overlaps, totals)


def _sums(weights: Floats, values: Floats) -> Floats:
    """Return the weighted sums (R, K) of values (N, K)."""
    # no product of matrices: its order of summation depends on the number of threads
    return np.stack([(weights * column).sum(axis=1) for column in values.T], axis=1)


def _score(counts: _Counts, weights: Floats) -> WeightedScores:
    """Return the scores of sequences that count as often as `weights` (R, N) say."""
    matrix = np.tensordot(weights, counts.confusion, axes=1)  # of whole numbers, so exact
    overlaps, totals = _sums(weights, counts.overlaps), _sums(weights, counts.totals)
    right = np.diagonal(matrix, axis1=1, axis2=2)
    n_true, n_predicted = matrix.sum(axis=2), matrix.sum(axis=1)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: undefined
        f1 = np.where(n_true > 0, 2 * right / (n_true + n_predicted), np.nan)
        n_occurring = (n_true > 0).sum(axis=1)
        return WeightedScores(
            {
                "accuracy": right.sum(axis=1) / n_true.sum(axis=1),
                "f1_macro": np.nansum(f1, axis=1) / n_occurring,
                "sov": overlaps.sum(axis=1) / totals.sum(axis=1),
            },
            {
                "precision": right / n_predicted,
                "recall": right / n_true,
                "f1": f1,
                "sov": overlaps / totals,
            },
        )
