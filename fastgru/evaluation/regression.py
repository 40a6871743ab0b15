"""Scores of predicted numbers: correlations, errors and explained variance of each target.

With e = predicted - true, weighted means over the records whose target is known::

    pearson  = cov(true, predicted) / sqrt(var(true) var(predicted))
    spearman = the same of the ranks, equal values sharing the mean of theirs
    rmse     = sqrt(mean e^2),   mae = mean |e|
    r2       = 1 - mean e^2 / var(true)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.evaluation.bootstrap import describe_bootstrap, resampled_intervals
from fastgru.evaluation.records import ScoredRecords, Scorer
from fastgru.evaluation.weighted_scores import order_values

__all__ = ["REGRESSION_SCORES", "WITHOUT_UNIT", "ScoredNumbers", "regression_metrics"]

Floats = NDArray[np.float64]

REGRESSION_SCORES = ("pearson", "spearman", "rmse", "mae", "r2")
_NOTHING = 1e-20  # share of a square that is rounding
WITHOUT_UNIT = ("pearson", "spearman", "r2")


@dataclass(frozen=True, eq=False)
class ScoredNumbers(ScoredRecords):
    """Predicted numbers for N records, and the true ones.

    Attributes
    ----------
    targets
        The k names.
    true : float64 (N, k)
        NaN where a target is missing; such records do not count for it.
    predicted : float64 (N, k)
    """

    targets: list[str]
    true: Floats
    predicted: Floats

    @property
    def names(self) -> list[str]:
        """The targets."""
        return self.targets

    def __len__(self) -> int:
        return len(self.true)

    def take(self, places: NDArray[np.intp]) -> ScoredNumbers:
        """Return the records at some places, in their order."""
        return ScoredNumbers(self.targets, self.true[places], self.predicted[places])

    def has_truth_of(self, other: ScoredNumbers) -> bool:
        """Return whether the true numbers of the other's records are the same, one by one."""
        return np.array_equal(self.true, other.true, equal_nan=True)

    @classmethod
    def pool(cls, parts: Sequence[ScoredNumbers]) -> ScoredNumbers:
        """Return the numbers of all parts as those of one, in the order of the parts."""
        return cls(
            parts[0].targets,
            np.concatenate([part.true for part in parts]),
            np.concatenate([part.predicted for part in parts]),
        )

    def scorer(self) -> Scorer:
        """Return what scores weighted records.

        Of several targets, the score of all is the mean of theirs; of what has a unit there is
        none.
        """
        by_target = _scorer(self.true, self.predicted, self.targets)
        alone = len(self.targets) == 1

        def score(weights: Floats) -> dict[Hashable, Floats]:
            found = by_target(weights)
            unknown = np.full(len(weights), np.nan)
            scores: dict[Hashable, Floats] = {
                name: np.mean([found[target, name] for target in self.targets], axis=0)
                if alone or name in WITHOUT_UNIT
                else unknown
                for name in REGRESSION_SCORES
            }
            return scores if alone else scores | found

        return score


def regression_metrics(
    true: Floats,
    predicted: Floats,
    targets: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Score predictions against the truth.

    Parameters
    ----------
    true
        float64 (N, k), NaN where a target is missing; such records do not count for it.
    predicted
        float64 (N, k).
    targets
        The k names.
    groups, n_resamples, seed
        As for :func:`fastgru.evaluation.bootstrap_intervals`.

    Returns
    -------
    dict
        Ready for JSON: ``targets``, ``n_test``, ``per_target`` (name to ``n_test`` and
        `REGRESSION_SCORES`), ``intervals`` (name to score to ``[low, high]``), ``undefined`` (name
        to score to the reason why it is None) and ``bootstrap``.
    """
    columns = _columns(true, predicted)
    score = _scorer(true, predicted, targets)
    measured = score(np.ones((1, len(true))))
    intervals = resampled_intervals(score, len(true), groups, n_resamples, seed)
    per_target = {
        name: {
            "n_test": len(column.places),
            **{score: _or_none(measured[name, score][0]) for score in REGRESSION_SCORES},
        }
        for name, column in zip(targets, columns, strict=True)
    }
    return {
        "targets": list(targets),
        "n_test": len(true),
        "per_target": per_target,
        "intervals": {
            name: {score: intervals[name, score] for score in REGRESSION_SCORES} for name in targets
        },
        "undefined": {
            name: reasons
            for name, column in zip(targets, columns, strict=True)
            if (reasons := column.why_undefined())
        },
        "bootstrap": describe_bootstrap(len(true), groups, n_resamples, seed),
    }


def _columns(true: Floats, predicted: Floats) -> list[_Column]:
    return [_Column.of(truth, found) for truth, found in zip(true.T, predicted.T, strict=True)]


def _scorer(
    true: Floats, predicted: Floats, targets: Sequence[str]
) -> Callable[[Floats], dict[Hashable, Floats]]:
    """Return what computes the scores (R,) of each target for weights (R, N)."""
    columns = _columns(true, predicted)
    return lambda weights: {
        (name, score): values
        for name, column in zip(targets, columns, strict=True)
        for score, values in column.scores(weights).items()
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@dataclass(frozen=True, eq=False)
class _Column:
    """One target of the n records that have it, at these places of all records."""

    places: NDArray[np.intp]
    true: Floats
    predicted: Floats

    @classmethod
    def of(cls, true: Floats, predicted: Floats) -> _Column:
        places = np.flatnonzero(~np.isnan(true))
        return cls(places, true[places], predicted[places])

    def scores(self, weights: Floats) -> dict[str, Floats]:
        """Return each score (R,) for weights (R, N), NaN where undefined."""
        if not len(self.places):
            return {name: np.full(len(weights), np.nan) for name in REGRESSION_SCORES}
        own = weights[:, self.places]
        errors = self.predicted - self.true
        squares = _mean(own, errors**2)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            explained = 1 - squares / _variance(own, self.true)
            return {
                "pearson": _correlation(own, self.true, self.predicted),
                "spearman": _correlation(own, _ranks(own, self.true), _ranks(own, self.predicted)),
                "rmse": np.sqrt(squares),
                "mae": _mean(own, np.abs(errors)),
                "r2": np.where(np.isinf(explained), np.nan, explained),
            }

    def why_undefined(self) -> dict[str, str]:
        """Return why scores of the whole are undefined."""
        scores = self.scores(np.ones((1, int(self.places.max(initial=-1)) + 1)))
        unexplained = dict.fromkeys(
            (name for name, values in scores.items() if np.isnan(values[0])),
            "target or predictions vary too little for double precision",
        )
        return {**unexplained, **self._reasons()}

    def _reasons(self) -> dict[str, str]:
        if not len(self.places):
            return dict.fromkeys(REGRESSION_SCORES, "no test sequence has the target")
        if np.ptp(self.true) == 0:
            reason = "the target is the same for all test sequences"
            return dict.fromkeys(("pearson", "spearman", "r2"), reason)
        if np.ptp(self.predicted) == 0:
            return dict.fromkeys(("pearson", "spearman"), "all predictions are the same")
        return {}


def _mean(weights: Floats, values: Floats) -> Floats:
    # no product of matrices: its order of summation depends on the number of threads
    total = weights.sum(axis=1)
    undefined = np.full_like(total, np.nan)
    mean: Floats = np.divide((weights * values).sum(axis=1), total, out=undefined, where=total > 0)
    return mean


def _variance(weights: Floats, values: Floats) -> Floats:
    """Return the weighted variance (R,) of values (n,) or (R, n); NaN where they do not vary."""
    shifted = values - values[..., :1]
    mean = _mean(weights, shifted)
    variance = _mean(weights, (shifted - mean[:, None]) ** 2)
    varies = variance > _NOTHING * np.maximum(mean**2, np.finfo(np.float64).tiny)
    return np.where(varies, variance, np.nan)


def _correlation(weights: Floats, first: Floats, second: Floats) -> Floats:
    """Return the weighted correlation (R,) of values (n,) or (R, n)."""
    scale = np.sqrt(_variance(weights, first)) * np.sqrt(_variance(weights, second))
    first, second = first - first[..., :1], second - second[..., :1]
    off = first - _mean(weights, first)[:, None]
    covariance = _mean(weights, off * (second - _mean(weights, second)[:, None]))
    correlation: Floats = np.clip(covariance / scale, -1.0, 1.0)
    return correlation


def _ranks(weights: Floats, values: Floats) -> Floats:
    """Return the ranks (R, n) of values that occur as often as the weights say."""
    order, starts = order_values(values)
    counts = np.add.reduceat(weights[:, order], starts, axis=1)
    of_values = np.cumsum(counts, axis=1) - counts / 2
    ranks = np.empty_like(weights)
    ranks[:, order] = np.repeat(of_values, np.diff(np.append(starts, len(values))), axis=1)
    return ranks
