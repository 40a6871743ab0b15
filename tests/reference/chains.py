"""The conditional random field by brute force: every path that there is.

Axes: T steps, K labels; all float64.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np


class Field(NamedTuple):
    """Scores: transitions (K, K) from row to column, start (K,) and end (K,)."""

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


class Expected(NamedTuple):
    """log Z, and its gradients by logits (T, K), transitions, start and end."""

    log_partition: float
    marginals: np.ndarray
    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


def score(path: tuple[int, ...], logits: np.ndarray, field: Field) -> float:
    total = field.start[path[0]] + field.end[path[-1]]
    total += sum(logits[t, label] for t, label in enumerate(path))
    return float(total + sum(field.transitions[pair] for pair in itertools.pairwise(path)))


def paths(labels: np.ndarray, n_labels: int) -> list[tuple[int, ...]]:
    """All paths that have the labels that are known, those of at least 0."""
    choices = [range(n_labels) if label < 0 else [int(label)] for label in labels]
    return list(itertools.product(*choices))


def expect(logits: np.ndarray, labels: np.ndarray, field: Field) -> Expected:
    """Sum over all paths with the known labels."""
    found = paths(labels, logits.shape[1])
    scores = np.array([score(path, logits, field) for path in found])
    odds = np.exp(scores - scores.max())
    sums = [np.zeros_like(array) for array in (logits, *field)]
    for path, share in zip(found, odds / odds.sum(), strict=True):
        for t, label in enumerate(path):
            sums[0][t, label] += share
        for pair in itertools.pairwise(path):
            sums[1][pair] += share
        sums[2][path[0]] += share
        sums[3][path[-1]] += share
    return Expected(float(scores.max() + np.log(odds.sum())), *sums)


def best_score(logits: np.ndarray, field: Field) -> float:
    everything = paths(np.full(len(logits), -1), logits.shape[1])
    return max(score(path, logits, field) for path in everything)
