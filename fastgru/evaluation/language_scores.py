"""Bits per letter of a language model and of Markov models, with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.evaluation.bootstrap import (
    describe_bootstrap,
    percentile_interval,
    resample_weights,
)
from fastgru.evaluation.records import ScoredRecords, Scorer

__all__ = ["LANGUAGE_SCORES", "ScoredLikelihoods", "language_scores"]

Floats = NDArray[np.float64]

LANGUAGE_SCORES = ("bits_per_letter", "perplexity")
"""The scores of a language model; smaller is better."""


@dataclass(frozen=True, eq=False)
class ScoredLikelihoods(ScoredRecords):
    """How likely a model finds N sequences.

    Attributes
    ----------
    nats : float64 (N,)
        Log-likelihoods.
    n_predicted : int64 (N,)
        Letters that they are of, ends included.
    """

    nats: Floats
    n_predicted: NDArray[np.int64]

    @property
    def names(self) -> list[str]:
        """No names: there is nothing but the sequence."""
        return []

    def __len__(self) -> int:
        return len(self.nats)

    def take(self, places: NDArray[np.intp]) -> ScoredLikelihoods:
        """Return the records at some places, in their order."""
        return ScoredLikelihoods(self.nats[places], self.n_predicted[places])

    def has_truth_of(self, other: ScoredLikelihoods) -> bool:
        """Return whether as many letters of the other's records were predicted, one by one."""
        return np.array_equal(self.n_predicted, other.n_predicted)

    @classmethod
    def pool(cls, parts: Sequence[ScoredLikelihoods]) -> ScoredLikelihoods:
        """Return the records of all parts as those of one, in the order of the parts."""
        nats = np.concatenate([part.nats for part in parts])
        return cls(nats, np.concatenate([part.n_predicted for part in parts]))

    def scorer(self) -> Scorer:
        """Return what scores weighted records."""

        def score(weights: Floats) -> dict[Hashable, Floats]:
            # sums in order, whatever the linear algebra library of the machine would do
            nats = -(weights * self.nats).sum(axis=1)
            bits = nats / (weights * self.n_predicted).sum(axis=1) / math.log(2)
            return {"bits_per_letter": bits, "perplexity": 2**bits}

        return score


def language_scores(
    nats: np.ndarray,
    n_predicted: np.ndarray,
    markov: Mapping[int, np.ndarray],
    *,
    groups: Sequence[str] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return all scores with their 95 % intervals, ready for JSON.

    Parameters
    ----------
    nats
        float64 (n,), log-likelihoods of n sequences, at least one.
    n_predicted
        int64 (n,), letters that they are of, ends included.
    markov
        The log-likelihoods of Markov models, by order.
    groups, n_resamples, seed
        As for :func:`fastgru.evaluation.bootstrap.bootstrap_intervals`.

    Returns
    -------
    dict
        ``bits_per_letter``, ``perplexity``, ``n_letters``, ``intervals`` and ``bootstrap``; and
        ``markov``: for each order its ``bits_per_letter``, ``perplexity``, ``intervals``, and
        ``gain``, the bits per letter that the model saves beside it.  Intervals are None for one
        sequence or group.
    """
    # a column for each model, and the letters
    table = np.column_stack([-nats, *(-values for values in markov.values()), n_predicted])

    def bits(weights: np.ndarray) -> np.ndarray:
        # sums in order, whatever the linear algebra library of the machine would do
        sums = np.array([[(row * column).sum() for column in table.T] for row in weights])
        per_letter: np.ndarray = sums[:, :-1] / sums[:, -1:] / math.log(2)
        return per_letter

    measured = bits(np.ones((1, len(nats))))[0]
    tables = resample_weights(len(nats), groups, n_resamples, seed)
    resampled = np.concatenate([bits(weights) for weights in tables])
    about = describe_bootstrap(len(nats), groups, n_resamples, seed)
    alone = about["n_units"] < 2

    def interval(values: np.ndarray) -> list[float] | None:
        return None if alone else percentile_interval(values)

    def scores(column: int) -> dict[str, Any]:
        values = resampled[:, column]
        return {
            "bits_per_letter": float(measured[column]),
            "perplexity": float(2 ** measured[column]),
            "intervals": {"bits_per_letter": interval(values), "perplexity": interval(2**values)},
        }

    return {
        **scores(0),
        "n_letters": int(n_predicted.sum()),
        "bootstrap": about,
        "markov": [
            {
                "order": order,
                **scores(column),
                "gain": float(measured[column] - measured[0]),
                "gain_interval": interval(resampled[:, column] - resampled[:, 0]),
            }
            for column, order in enumerate(markov, start=1)
        ],
    }
