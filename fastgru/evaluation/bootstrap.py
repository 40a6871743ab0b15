"""Bootstrap intervals: how far the scores would vary with other test sequences.

Records of one family are no independent witnesses, so where records have groups, whole groups are
drawn: the interval is then that of the choice of groups, and wider (Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x).  Intervals are percentiles of the resampled scores (Efron
and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.evaluation.predictions import ScoredPredictions
from fastgru.evaluation.weighted_scores import (
    CLASS_SCORES,
    SCORES,
    order_classes,
    weighted_scores,
)

__all__ = [
    "bootstrap_intervals",
    "describe_bootstrap",
    "percentile_interval",
    "resample_weights",
]

CONFIDENCE = 0.95
_CHUNK_NUMBERS = 1 << 20  # of a table of weights: what fits the caches together with its sums
_MOST_UNDEFINED = 0.1  # share of the resamples in which a score may be undefined


def bootstrap_intervals(
    predictions: ScoredPredictions,
    *,
    groups: Sequence[str] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return 95 % intervals of all scores, ready for JSON.

    Parameters
    ----------
    predictions
        N records.
    groups
        Group of each record, or None to draw single records.
    n_resamples
        Number of resamples, >= 1.
    seed
        Seed of ``numpy.random.default_rng``.

    Returns
    -------
    dict
        ``intervals`` (score to ``[low, high]``), ``class_intervals`` (class to score to
        ``[low, high]``) and ``bootstrap``: drawn ``over`` (``"records"`` or ``"groups"``),
        ``n_units`` of them, ``n_resamples``, ``seed`` and ``confidence``.  An interval is None if
        there is but one unit, or if its score is undefined in the data or in more than a tenth
        of the resamples.
    """
    orders = order_classes(predictions)
    overall: list[dict[str, NDArray[np.float64]]] = []
    by_class: list[dict[str, NDArray[np.float64]]] = []
    for weights in resample_weights(len(predictions), groups, n_resamples, seed):
        scores = weighted_scores(predictions, weights, orders)
        overall.append(scores.overall)
        by_class.append(scores.by_class)
    about = describe_bootstrap(len(predictions), groups, n_resamples=n_resamples, seed=seed)
    n_units = about["n_units"]
    measured = weighted_scores(predictions, np.ones((1, len(predictions))), orders)

    def interval(values: list[NDArray[np.float64]], value: np.float64) -> list[float] | None:
        if n_units < 2 or np.isnan(value):
            return None
        return percentile_interval(np.concatenate(values))

    return {
        "intervals": {
            name: interval([scores[name] for scores in overall], measured.overall[name][0])
            for name in SCORES
        },
        "class_intervals": {
            label: {
                name: interval(
                    [scores[name][:, k] for scores in by_class], measured.by_class[name][0, k]
                )
                for name in CLASS_SCORES
            }
            for k, label in enumerate(predictions.classes)
        },
        "bootstrap": about,
    }


def describe_bootstrap(
    n_records: int, groups: Sequence[str] | None, *, n_resamples: int, seed: int
) -> dict[str, Any]:
    """Return what is drawn, ready for JSON.

    Parameters
    ----------
    n_records, groups, n_resamples, seed
        As for `resample_weights`.
    """
    return {
        "over": "records" if groups is None else "groups",
        "n_units": n_records if groups is None else len(set(groups)),
        "n_resamples": n_resamples,
        "seed": seed,
        "confidence": CONFIDENCE,
    }


def percentile_interval(values: NDArray[np.float64]) -> list[float] | None:
    """Return the two percentiles that hold 95 % of resampled values between them.

    Parameters
    ----------
    values
        One per resample; NaN where undefined.

    Returns
    -------
    interval
        Lower and upper end; None if more than a tenth of the values is undefined.
    """
    defined = values[~np.isnan(values)]
    if len(defined) < (1 - _MOST_UNDEFINED) * len(values):
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail]).tolist()
    return [low, high]


def resample_weights(
    n_records: int, groups: Sequence[str] | None, n_resamples: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Yield how often each record is in each resample, in tables (R, N) of bounded size.

    Parameters
    ----------
    n_records
        N.
    groups
        Group of each record, all of which are drawn together, or None.
    n_resamples
        Rows of all tables.
    seed
        Seed of ``numpy.random.default_rng``.
    """
    unit_of_record = (
        np.arange(n_records)
        if groups is None
        else np.unique(np.array(groups, dtype=str), return_inverse=True)[1]
    )
    n_units = int(unit_of_record.max()) + 1
    rng = np.random.default_rng(seed)
    n_rows = max(1, _CHUNK_NUMBERS // n_records)
    for start in range(0, n_resamples, n_rows):
        shape = (min(n_rows, n_resamples - start), n_units)
        drawn = rng.integers(n_units, size=shape) + n_units * np.arange(shape[0])[:, None]
        counts = np.bincount(drawn.ravel(), minlength=shape[0] * n_units).reshape(shape)
        yield counts[:, unit_of_record].astype(np.float64)
