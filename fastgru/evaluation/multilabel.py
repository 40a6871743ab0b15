"""Scores of several labels: the areas under the curves of each, their mean, and those of all pairs.

The macro mean counts each label once; labels that all, or none, of the known test sequences have
are left out of it.  The micro scores take each pair of a sequence and a label for a record.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.evaluation.bootstrap import describe_bootstrap, resampled_intervals
from fastgru.evaluation.records import ScoredRecords, Scorer
from fastgru.evaluation.weighted_scores import order_class, weighted_areas

__all__ = ["AREAS", "MULTILABEL_SCORES", "ScoredLabels", "multilabel_metrics"]

Floats = NDArray[np.float64]

AREAS = ("roc_auc", "pr_auc")
MULTILABEL_SCORES = ("roc_auc_macro", "pr_auc_macro", "roc_auc_micro", "pr_auc_micro")


@dataclass(frozen=True, eq=False)
class ScoredLabels(ScoredRecords):
    """Probabilities of several labels for N records, and which of them each has.

    Attributes
    ----------
    labels
        The k names.
    true : float64 (N, k)
        1 with a label, 0 without, NaN where that is unknown.
    proba : float64 (N, k)
    """

    labels: list[str]
    true: Floats
    proba: Floats

    @property
    def names(self) -> list[str]:
        """The labels."""
        return self.labels

    def __len__(self) -> int:
        return len(self.true)

    def take(self, places: NDArray[np.intp]) -> ScoredLabels:
        """Return the records at some places, in their order."""
        return ScoredLabels(self.labels, self.true[places], self.proba[places])

    def has_truth_of(self, other: ScoredLabels) -> bool:
        """Return whether the other's records have the same labels, one by one."""
        return np.array_equal(self.true, other.true, equal_nan=True)

    @classmethod
    def pool(cls, parts: Sequence[ScoredLabels]) -> ScoredLabels:
        """Return the records of all parts as those of one, in the order of the parts."""
        return cls(
            parts[0].labels,
            np.concatenate([part.true for part in parts]),
            np.concatenate([part.proba for part in parts]),
        )

    def scorer(self) -> Scorer:
        """Return what scores weighted records, their probabilities sorted once."""
        return _scorer(self.true, self.proba, self.labels)


def multilabel_metrics(
    true: Floats,
    proba: Floats,
    labels: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Score probabilities of labels against the truth.

    Parameters
    ----------
    true
        float64 (N, k): 1 with a label, 0 without, NaN where that is unknown.
    proba
        float64 (N, k).
    labels
        The k names.
    groups, n_resamples, seed
        As for :func:`fastgru.evaluation.bootstrap_intervals`.

    Returns
    -------
    dict
        Ready for JSON: ``labels``, ``n_test``, `MULTILABEL_SCORES`, ``per_label`` (name to
        ``n_test``, ``n_positive`` and `AREAS`), ``intervals`` and ``label_intervals`` (score, and
        name to score, to ``[low, high]``), ``left_out`` (label to the reason why its areas are None
        and not in the macro mean), ``undefined`` (score to the reason why it is None) and
        ``bootstrap``.
    """
    score = _scorer(true, proba, labels)
    measured = {name: _or_none(value[0]) for name, value in score(np.ones((1, len(true)))).items()}
    found = resampled_intervals(score, len(true), groups, n_resamples, seed)
    per_label = {
        name: {
            "n_test": int((~np.isnan(true[:, k])).sum()),
            "n_positive": int((true[:, k] == 1).sum()),
            **{area: measured[name, area] for area in AREAS},
        }
        for k, name in enumerate(labels)
    }
    without = [name for name in MULTILABEL_SCORES if measured[name] is None]
    reason = "no label has test sequences with and without it"
    return {
        "labels": list(labels),
        "n_test": len(true),
        **{name: measured[name] for name in MULTILABEL_SCORES},
        "per_label": per_label,
        "intervals": {name: found[name] for name in MULTILABEL_SCORES},
        "label_intervals": {name: {area: found[name, area] for area in AREAS} for name in labels},
        "left_out": _why_left_out(true, labels),
        "undefined": dict.fromkeys(without, reason),
        "bootstrap": describe_bootstrap(len(true), groups, n_resamples, seed),
    }


def _scorer(
    true: Floats, proba: Floats, labels: Sequence[str]
) -> Callable[[Floats], dict[Hashable, Floats]]:
    """Return what computes all scores (R,) for weights (R, N)."""
    places = [np.flatnonzero(~np.isnan(true[:, k])) for k in range(len(labels))]
    orders = [
        order_class(proba[rows, k], true[rows, k] == 1) if len(rows) else None
        for k, rows in enumerate(places)
    ]
    rows, columns = np.nonzero(~np.isnan(true))
    of_pairs = order_class(proba[rows, columns], true[rows, columns] == 1) if len(rows) else None

    def score(weights: Floats) -> dict[Hashable, Floats]:
        nothing = (np.full(len(weights), np.nan),) * 2
        scores: dict[Hashable, Floats] = {}
        by_label = [
            nothing if order is None else weighted_areas(order, weights[:, chosen])
            for order, chosen in zip(orders, places, strict=True)
        ]
        micro = nothing if of_pairs is None else weighted_areas(of_pairs, weights[:, rows])
        for k, area in enumerate(AREAS):
            values = np.stack([areas[k] for areas in by_label])
            scores |= {(name, area): row for name, row in zip(labels, values, strict=True)}
            scores[f"{area}_macro"] = _mean_of_defined(values)
            scores[f"{area}_micro"] = micro[k]
        return scores

    return score


def _mean_of_defined(values: Floats) -> Floats:
    defined = ~np.isnan(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0.0).sum(axis=0)
    mean: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return mean


def _why_left_out(true: Floats, labels: Sequence[str]) -> dict[str, str]:
    reasons = {}
    for k, name in enumerate(labels):
        known = true[:, k][~np.isnan(true[:, k])]
        if not len(known):
            reasons[name] = "it is known of no test sequence"
        elif known.min() == known.max():
            which = "with" if known[0] else "without"
            reasons[name] = f"all test sequences of which it is known are {which} it"
    return reasons


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
