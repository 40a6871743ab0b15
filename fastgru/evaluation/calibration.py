"""How far probabilities can be believed, and the temperature that makes them believable.

A network that has learned its training set by heart is too sure.  Temperature scaling divides its
logits by one number T, fitted on sequences that it has not learned from: no label changes, nor any
ranking of two classes, and the probabilities come to say how often they are right (C. Guo et al.,
2017, "On calibration of modern neural networks", arXiv:1706.04599).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "N_BINS",
    "brier_score",
    "calibration_scores",
    "expected_calibration_error",
    "fit_temperature",
    "mean_log_loss",
    "reliability_bins",
    "rescale",
    "scaled_softmax",
]

N_BINS = 15
"""Bins of the confidence, as many as in the paper."""

_TINY = np.finfo(np.float64).tiny
_STEPS = 200
_LIMIT = 1e6


def fit_temperature(
    logits: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
) -> float:
    """Return the temperature T > 0 by which to divide logits.

    It minimises the log loss (section 4.2 of the paper) and a term that counts as much as one
    sequence, so that a handful of sequences which are all right does not make T zero.  The log
    loss is never above that of T = 1, where the added term is smallest.

    Parameters
    ----------
    logits
        float (N, K), N >= 1, of sequences that the network has not learned from.
    targets
        int (N,), number of the true class.
    weights
        float (N,), weight of each sequence, positive; None for 1.  Only their ratios count.

    Returns
    -------
    float
        Between 1e-6 and 1e6.

    Notes
    -----
    With ``b = 1 / T`` and weights ``w`` of mean 1::

        sum_i w_i (log sum_k exp(b z_ik) - b z_iy)  +  b - 1 - log b

    Both terms are convex in b (the second is that of a Gamma prior with its mode at 1), so the
    slope rises with b and has one zero, which is found by bisection of log b.
    """
    z = np.asarray(logits, np.float64)
    z = z - z.max(axis=1, keepdims=True)
    true = z[np.arange(len(z)), np.asarray(targets)]
    w = _weights(weights, len(z))

    def slope(b: float) -> float:
        p = np.exp(b * z)
        expected = (p * z).sum(axis=1) / p.sum(axis=1)
        return float((w * (expected - true)).sum()) + 1 - 1 / b

    low, high = -np.log(_LIMIT), np.log(_LIMIT)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if slope(float(np.exp(middle))) > 0 else (middle, high)
    return float(np.exp(-(low + high) / 2))


def scaled_softmax(logits: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Return the probabilities of logits (N, K) divided by a temperature, float64 (N, K)."""
    z = np.asarray(logits, np.float64) / temperature
    powers = np.exp(z - z.max(axis=1, keepdims=True, initial=-np.inf))
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def rescale(probabilities: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Return the probabilities that logits divided by a temperature would have given.

    Parameters
    ----------
    probabilities
        float (N, K), rows sum to 1.
    temperature
        Above 1 makes them less sure, below 1 surer; ``1 / T`` takes T back.

    Returns
    -------
    np.ndarray
        float64 (N, K), proportional to ``probabilities ** (1 / temperature)``.
    """
    return scaled_softmax(np.log(np.maximum(np.asarray(probabilities), _TINY)), temperature)


def mean_log_loss(
    probabilities: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
) -> float:
    """Return the mean of -ln(probability of the true class); arguments of `brier_score`."""
    proba, true = np.asarray(probabilities, np.float64), np.asarray(targets)
    losses = -np.log(np.maximum(proba[np.arange(len(true)), true], _TINY))
    return float(np.average(losses, weights=_weights(weights, len(true))))


def brier_score(
    probabilities: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
) -> float:
    """Return the mean squared distance between probabilities and truth, summed over the classes.

    From 0 (sure and right) to 2 (sure and wrong), as G. W. Brier (1950, Monthly Weather Review 78,
    1-3) defined it; programs that look at one of two classes alone give half of it.

    Parameters
    ----------
    probabilities
        float (N, K), N >= 1.
    targets
        int (N,), number of the true class.
    weights
        float (N,), not negative; None for 1.
    """
    proba, true = np.asarray(probabilities, np.float64), np.asarray(targets)
    distances = ((proba - np.eye(proba.shape[1])[true]) ** 2).sum(axis=1)
    return float(np.average(distances, weights=_weights(weights, len(true))))


def reliability_bins(
    probabilities: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
) -> list[dict[str, Any]]:
    """Return how often predictions of each confidence are right, the table of the diagram.

    The confidence is the probability of the predicted class.  Bin m of M = 15 holds those above
    ``(m - 1) / M`` and up to ``m / M``.

    Parameters
    ----------
    probabilities, targets, weights
        As in :func:`brier_score`.

    Returns
    -------
    list of dict
        For each bin ``low``, ``high``, ``n`` (sequences), ``share`` (of the weight), and the means
        ``confidence`` and ``accuracy``, None in an empty bin.
    """
    proba, true = np.asarray(probabilities, np.float64), np.asarray(targets)
    w = _weights(weights, len(true))
    confidence, right = proba.max(axis=1), proba.argmax(axis=1) == true
    edges = np.linspace(0, 1, N_BINS + 1)
    place = np.minimum(np.searchsorted(edges[1:], confidence), N_BINS - 1)
    bins: list[dict[str, Any]] = []
    for number in range(N_BINS):
        inside = place == number
        total = float(w[inside].sum())
        row = {
            "low": float(edges[number]),
            "high": float(edges[number + 1]),
            "n": int(inside.sum()),
            "share": total / len(true),
            "confidence": None,
            "accuracy": None,
        }
        if total > 0:
            row["confidence"] = float((w * confidence)[inside].sum()) / total
            row["accuracy"] = float((w * right)[inside].sum()) / total
        bins.append(row)
    return bins


def expected_calibration_error(bins: list[dict[str, Any]]) -> float:
    """Return the mean gap between confidence and accuracy, equation 3 of the paper, in [0, 1].

    Parameters
    ----------
    bins
        From :func:`reliability_bins`.
    """
    filled = [row for row in bins if row["confidence"] is not None]
    return float(sum(row["share"] * abs(row["confidence"] - row["accuracy"]) for row in filled))


def calibration_scores(
    probabilities: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
) -> dict[str, float]:
    """Return ``log_loss``, ``brier`` and ``ece``; arguments of `brier_score`."""
    return {
        "log_loss": mean_log_loss(probabilities, targets, weights),
        "brier": brier_score(probabilities, targets, weights),
        "ece": expected_calibration_error(reliability_bins(probabilities, targets, weights)),
    }


def _weights(weights: ArrayLike | None, n: int) -> NDArray[np.float64]:
    """Return weights of mean 1."""
    if weights is None:
        return np.ones(n)
    given: NDArray[np.float64] = np.asarray(weights, np.float64)
    scaled: NDArray[np.float64] = given / given.mean()
    return scaled
