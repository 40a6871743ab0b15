"""Thresholds for the probability of the second of two classes, and what each of them gives.

A sequence is called positive if its probability is at least the threshold.  Thresholds lie halfway
between neighbouring probabilities, so that rounding moves no sequence across.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SCORES", "choose_thresholds", "score_threshold"]

SCORES = ("sensitivity", "specificity", "precision", "f1", "mcc")
"""What a row of the table says about a threshold."""

_RATES = (0.01, 0.05)


def choose_thresholds(
    is_positive: ArrayLike, proba: ArrayLike, *, precision: float = 0.9
) -> list[dict[str, Any]]:
    """Return the thresholds that are best by some criterion.

    ``youden`` maximises sensitivity + specificity - 1 (W. J. Youden, 1950, Cancer 3, 32-35),
    ``f1`` and ``mcc`` these scores; ``fpr_X`` finds the most positive sequences with a
    false-positive rate of at most X, ``precision_X`` with a precision of at least X.  Of equal
    ones the highest threshold is taken.

    Parameters
    ----------
    is_positive
        Whether each sequence belongs to the second class, boolean (N,).
    proba
        Its probability, float (N,) in [0, 1], on sequences that were not learned from.
    precision
        What ``precision_X`` asks for, in (0, 1].

    Returns
    -------
    list of dict
        For each ``name`` the ``threshold`` in (0, 1) with its `SCORES`, or None for all of them
        and the ``reason``, which is None else.
    """
    true, scores = np.asarray(is_positive, bool), np.asarray(proba, np.float64)
    n_positive, n_negative = int(true.sum()), int((~true).sum())
    names = ["youden", "f1", "mcc", *(f"fpr_{rate:g}" for rate in _RATES)]
    names.append(f"precision_{precision:g}")
    if not (n_positive and n_negative):
        reason = f"there is no {'negative' if n_positive else 'positive'} sequence"
        return [_unreached(name, reason) for name in names]
    cuts, tp, fp = _cut(true, scores)
    table = _rates(tp, fp, n_positive, n_negative)
    finds, every = table["sensitivity"], np.full(len(cuts), True)
    nothing = "no threshold finds a positive sequence"
    criteria = [
        (finds + table["specificity"], every, nothing),
        (table["f1"], every, nothing),
        (table["mcc"], every, nothing),
    ]
    for rate in _RATES:
        # as a quotient: one false positive of a hundred is 0.01, and 1 - 0.99 is more
        reason = f"no positive sequence is found at a false-positive rate of {rate:g}"
        criteria.append((finds, fp / n_negative <= rate, reason))
    reason = f"no threshold has a precision of {precision:g}"
    criteria.append((finds, table["precision"] >= precision, reason))
    rows = []
    for name, (goal, allowed, reason) in zip(names, criteria, strict=True):
        allowed = allowed & (tp > 0)
        if not allowed.any():
            rows.append(_unreached(name, reason))
            continue
        best = int(np.argmax(np.where(allowed, goal, -np.inf)))
        chosen = {score: float(values[best]) for score, values in table.items()}
        rows.append({"name": name, "threshold": float(cuts[best]), "reason": None, **chosen})
    return rows


def score_threshold(
    is_positive: ArrayLike, proba: ArrayLike, threshold: float
) -> dict[str, float | None]:
    """Return the `SCORES` of one threshold; None for one that is not defined.

    Parameters
    ----------
    is_positive, proba
        As in :func:`choose_thresholds`, N >= 1.
    threshold
        In (0, 1).
    """
    true = np.asarray(is_positive, bool)
    called = np.asarray(proba, np.float64) >= threshold
    n_positive, n_negative = int(true.sum()), int((~true).sum())
    tp, fp = np.array([(called & true).sum()]), np.array([(called & ~true).sum()])
    table = _rates(tp, fp, n_positive, n_negative)
    missing = set()
    if not n_positive:
        missing |= {"sensitivity", "f1", "mcc"}
    if not n_negative:
        missing |= {"specificity", "mcc"}
    if not called.any():
        missing.add("precision")
    return {name: None if name in missing else float(v[0]) for name, v in table.items()}


def _cut(
    true: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return all thresholds, falling, with their numbers of true and false positives."""
    values, place = np.unique(scores, return_inverse=True)
    positive = np.bincount(place, true, minlength=len(values)).astype(np.int64)
    negative = np.bincount(place, ~true, minlength=len(values)).astype(np.int64)
    below = np.concatenate([[0.0], values[:-1]])
    cuts = (below + values) / 2
    cuts = np.where(cuts > below, cuts, values)  # neighbours without a number between them
    tp, fp = np.cumsum(positive[::-1]), np.cumsum(negative[::-1])
    usable = (cuts[::-1] > 0) & (cuts[::-1] < 1)
    return cuts[::-1][usable], tp[usable], fp[usable]


def _rates(
    tp: NDArray[np.int64], fp: NDArray[np.int64], n_positive: int, n_negative: int
) -> dict[str, NDArray[np.float64]]:
    """Return the `SCORES` of each threshold; 0 where a denominator is."""
    true, false = tp.astype(np.float64), fp.astype(np.float64)
    missed, spared = n_positive - true, n_negative - false
    product = (true + false) * (true + missed) * (spared + false) * (spared + missed)
    return {
        "sensitivity": _ratio(true, true + missed),
        "specificity": _ratio(spared, spared + false),
        "precision": _ratio(true, true + false),
        "f1": _ratio(2 * true, 2 * true + false + missed),
        "mcc": _ratio(true * spared - false * missed, np.sqrt(product)),
    }


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    zeros = np.zeros_like(numerator)
    return np.divide(numerator, denominator, out=zeros, where=denominator > 0)


def _unreached(name: str, reason: str) -> dict[str, Any]:
    return {"name": name, "threshold": None, "reason": reason, **dict.fromkeys(SCORES)}
