"""Is one model better than another?  Paired comparisons on the same test records.

Both models meet the same records, so most of what makes a test set hard or easy is common to
both and drops out of the difference.  What varies the difference is the choice of test records,
which `bootstrap_differences` and `mcnemar_p` measure, and the choice of training records as well,
which `corrected_t_test` measures over folds.  `holm` pays for asking several times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, stdtr, stdtrit

from fastgru.evaluation.bootstrap import CONFIDENCE, percentile_interval, resample_weights
from fastgru.evaluation.predictions import ScoredPredictions
from fastgru.evaluation.records import ScoredRecords

__all__ = [
    "Difference",
    "bootstrap_differences",
    "corrected_t_test",
    "holm",
    "mcnemar_p",
    "score_of",
]


@dataclass(frozen=True)
class Difference:
    """A difference of two scores, with what is known about it.

    Attributes
    ----------
    value
        Score of the first minus score of the second; NaN if one of them is undefined.
    low, high
        Ends of its 95 % interval, NaN if unknown.
    p
        Two-sided p value of "no difference", NaN if unknown.
    """

    value: float
    low: float
    high: float
    p: float


def score_of(predictions: ScoredRecords, name: str) -> float:
    """Return one score, NaN if undefined.

    Parameters
    ----------
    predictions
    name
        One of the scores of their task.
    """
    value = predictions.scores()[name]
    return math.nan if value is None else value


def bootstrap_differences(
    a: ScoredRecords,
    b: ScoredRecords,
    names: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare two models on one test set, by resampling its records or groups.

    Each resample scores both, and the interval holds 95 % of the differences.  The p
    value is that of the smallest interval which just touches zero, never below what so many
    resamples can show (Davison and Hinkley 1997, Bootstrap Methods and their Application,
    equation 4.11)::

        p = 2 min(1 + #{d_r <= 0}, 1 + #{d_r >= 0}) / (R + 1), at most 1

    Parameters
    ----------
    a, b
        Predictions for the same records in the same order.
    names
        Scores to compare.
    groups
        Group of each record, all drawn together, or None to draw single records.
    n_resamples
        Number of resamples R, >= 1.
    seed
        Seed of ``numpy.random.default_rng``.

    Raises
    ------
    ValueError
        If the truth of `a` and `b` is not the same.
    """
    if a.names != b.names or len(a) != len(b) or not a.has_truth_of(b):
        raise ValueError("a and b must be predictions for the same records in the same order.")
    score_a, score_b = a.scorer(), b.scorer()
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    for weights in resample_weights(len(a), groups, n_resamples, seed):
        scores_a, scores_b = score_a(weights), score_b(weights)
        for name in names:
            drawn[name].append(scores_a[name] - scores_b[name])
    n_units = len(a) if groups is None else len(set(groups))
    values = {name: score_of(a, name) - score_of(b, name) for name in names}
    return {
        name: _summarise(value, np.concatenate(drawn[name]))
        if n_units > 1
        else Difference(value, math.nan, math.nan, math.nan)
        for name, value in values.items()
    }


def _summarise(value: float, drawn: NDArray[np.float64]) -> Difference:
    interval = percentile_interval(drawn)
    if interval is None or math.isnan(value):
        return Difference(value, math.nan, math.nan, math.nan)
    drawn = drawn[~np.isnan(drawn)]
    low, high = interval
    rarer_side = 1 + min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Difference(value, low, high, min(1.0, 2 * rarer_side / (len(drawn) + 1)))


def mcnemar_p(a: ScoredPredictions, b: ScoredPredictions) -> float:
    """Return the two-sided p value of McNemar's exact test that both are right equally often.

    Of the records that one classifier alone got right, each should be of either with probability
    1/2 (McNemar 1947, doi:10.1007/BF02295996; exact by the binomial distribution)::

        p = 2 P(X <= min(n_a, n_b)), X ~ Binomial(n_a + n_b, 1/2), at most 1

    Parameters
    ----------
    a, b
        Predictions for the same records in the same order; the records must be independent.
    """
    right_a, right_b = a.predicted == a.true, b.predicted == b.true
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    if only_a == only_b:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def corrected_t_test(differences: Sequence[float], *, n_train: float, n_test: float) -> Difference:
    r"""Compare two classifiers over folds by the corrected resampled t test.

    Training sets of different folds overlap, so their differences d_j are not independent and the
    plain t test finds far too much.  The corrected variance makes up for it (Nadeau and Bengio
    2003, doi:10.1023/A:1024068626366), with J folds, mean d and variance s^2 of the
    d_j::

        t = d / sqrt((1/J + n_test/n_train) s^2),   J - 1 degrees of freedom

    Where all folds differ by the same amount, other than 0, there is no variance to judge by: p and
    the interval are NaN.

    Parameters
    ----------
    differences
        Score of the first minus score of the second classifier in each of J >= 2 folds.
    n_train, n_test
        Records to train and to test on, as means over the folds.

    Raises
    ------
    ValueError
        If there are fewer than two folds.
    """
    values = np.asarray(differences, dtype=np.float64)
    n_folds = len(values)
    if n_folds < 2:
        raise ValueError(f"differences must be those of at least 2 folds, got {n_folds}.")
    mean = float(values.mean())
    if math.isnan(mean):
        return Difference(mean, math.nan, math.nan, math.nan)
    error = math.sqrt((1 / n_folds + n_test / n_train) * float(values.var(ddof=1)))
    if error <= 8 * np.finfo(np.float64).eps * abs(mean):  # all folds agree, up to rounding
        return Difference(mean, math.nan, math.nan, math.nan if mean else 1.0)
    freedom = n_folds - 1
    p = 2 * float(stdtr(freedom, -abs(mean) / error))
    half_width = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * error
    return Difference(mean, mean - half_width, mean + half_width, p)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p values that are corrected for their number, by Holm's step-down rule.

    The chance of any false finding among m is kept: the i-th smallest p (i from 1) becomes
    ``max over j <= i of min(1, (m - j + 1) p_j)`` (Holm 1979, Scandinavian Journal of Statistics
    6, 65-70).

    Parameters
    ----------
    p_values
        float (m,); NaN stays NaN and does not count.
    """
    given = np.asarray(p_values, dtype=np.float64)
    corrected = np.full_like(given, np.nan)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.maximum.accumulate(np.minimum(1.0, factors * given[order]))
    return corrected
