"""Length and letters of sequences, by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet

__all__ = [
    "count_symbols",
    "describe_lengths",
    "describe_letters",
    "describe_values",
    "histogram_edges",
]

_QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
_MAX_BINS = 30


def count_symbols(sequences: Sequence[str], alphabet: Alphabet) -> NDArray[np.int64]:
    """Count the symbols of each sequence.

    Parameters
    ----------
    sequences
        N sequences of the alphabet.
    alphabet
        Alphabet with K symbols.

    Returns
    -------
    counts
        int64 (N, K).
    """
    counts = np.zeros((len(sequences), len(alphabet.symbols)), dtype=np.int64)
    for row, sequence in zip(counts, sequences, strict=True):
        row += np.bincount(alphabet.encode(sequence), minlength=row.size)
    return counts


def histogram_edges(lengths: NDArray[np.int64]) -> list[int]:
    """Return the edges of the length bins that all classes share.

    At most 30 bins of equal width; of equal ratio if the longest sequence is more than twenty
    times the median, when bins of equal width would put everything into the first.
    The last bin includes its right edge, as in ``numpy.histogram``.
    """
    if lengths.size == 0:
        return []
    low, high = int(lengths.min()), int(lengths.max())
    n_bins = min(_MAX_BINS, high - low)
    if n_bins == 0:
        return [low, low + 1]
    if high > 20 * np.median(lengths):
        edges = np.geomspace(low, high, n_bins + 1)
    else:
        edges = np.linspace(low, high, n_bins + 1)
    return sorted({round(edge) for edge in edges.tolist()})


def describe_lengths(lengths: NDArray[np.int64], edges: list[int]) -> dict[str, Any]:
    """Summarise the lengths of one class, ready for JSON; `lengths` is not empty."""
    quantiles = np.quantile(lengths, list(_QUANTILES.values()))
    counts, _ = np.histogram(lengths, bins=edges)
    return {
        "min": int(lengths.min()),
        "max": int(lengths.max()),
        "mean": round(float(lengths.mean()), 3),
        **dict(zip(_QUANTILES, quantiles.round(3).tolist(), strict=True)),
        "histogram": counts.tolist(),
    }


def describe_values(values: Sequence[float]) -> dict[str, float]:
    """Summarise numbers, ready for JSON, to six digits; empty for none.

    Returns
    -------
    summary
        ``min``, ``max``, ``mean`` and the quantiles of `describe_lengths`.
    """
    if not len(values):
        return {}
    found = np.quantile(values, list(_QUANTILES.values())).tolist()
    summary = {"min": min(values), "max": max(values), "mean": float(np.mean(values))}
    summary |= dict(zip(_QUANTILES, found, strict=True))
    return {name: float(f"{value:.6g}") for name, value in summary.items()}


def describe_letters(counts: NDArray[np.int64], alphabet: Alphabet) -> dict[str, Any]:
    """Summarise the symbol counts (N, K) of one class, ready for JSON.

    Returns
    -------
    summary
        ``composition``: share of each letter, with an ambiguous symbol shared out among the
        letters it stands for (sums to 1).  ``ambiguous``: number of each ambiguous symbol.
    """
    totals = counts.sum(axis=0)
    shares = totals @ alphabet.mixture / totals.sum()
    first = len(alphabet.letters)
    ambiguous = zip(alphabet.symbols[first:], totals[first:].tolist(), strict=True)
    return {
        "composition": dict(zip(alphabet.letters, shares.round(6).tolist(), strict=True)),
        "ambiguous": {symbol: count for symbol, count in ambiguous if count},
    }
