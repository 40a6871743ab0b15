"""Low complexity: stretches that repeat few letters, which align and classify by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet

__all__ = ["low_complexity_share"]

_WINDOW = {"protein": 12, "nucleotide": 64}
_ENTROPY, _DUST = 2.2, 2.0


def low_complexity_share(sequences: Sequence[str], alphabet: Alphabet) -> NDArray[np.float64]:
    """Return the share of each sequence's windows that have low complexity.

    Proteins: windows of 12 residues whose letters have an entropy below 2.2 bits, with which SEG
    begins (Wootton and Federhen 1993, doi:10.1016/0097-8485(93)85006-X).  Nucleotides: windows of
    64 bases whose triplets score above 2, as in DUST (Morgulis et al. 2006,
    doi:10.1089/cmb.2006.13.1028), with ``sum(c (c - 1) / 2) / (triplets - 1)``.  A shorter
    sequence is one window; one with fewer than two triplets or residues has none, share 0.

    Parameters
    ----------
    sequences
        N normalised sequences of the alphabet.
    alphabet

    Returns
    -------
    shares
        float64 (N,).
    """
    low = _low_entropy if alphabet.name == "protein" else _high_dust
    return np.array([low(alphabet.encode(letters), len(alphabet.symbols)) for letters in sequences])


def _low_entropy(symbols: NDArray[np.uint8], n_symbols: int) -> float:
    size = min(_WINDOW["protein"], len(symbols))
    if size < 2:
        return 0.0
    shares = _window_counts(symbols.astype(np.int64), n_symbols, size) / size
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    # a short peptide cannot reach the entropy of twelve different letters
    limit = _ENTROPY * np.log2(size) / np.log2(_WINDOW["protein"])
    return float(np.mean(-(shares * logs).sum(axis=1) < limit))


def _high_dust(symbols: NDArray[np.uint8], n_symbols: int) -> float:
    codes = symbols.astype(np.int64)
    triplets = (codes[:-2] * n_symbols + codes[1:-1]) * n_symbols + codes[2:]
    size = min(_WINDOW["nucleotide"] - 2, len(triplets))
    if size < 2:
        return 0.0
    _, numbers = np.unique(triplets, return_inverse=True)
    counts = _window_counts(numbers, int(numbers.max()) + 1, size)
    return float(np.mean((counts * (counts - 1) / 2).sum(axis=1) / (size - 1) > _DUST))


def _window_counts(codes: NDArray[np.int64], n_codes: int, size: int) -> NDArray[np.int64]:
    """Return how often each code is in each window, (n_windows, n_codes); windows overlap by half.

    The last window ends with the sequence.
    """
    starts = np.unique([*range(0, len(codes) - size, max(1, size // 2)), len(codes) - size])
    counts = np.zeros((len(starts), n_codes), dtype=np.int64)
    for row, start in zip(counts, starts, strict=True):
        row += np.bincount(codes[start : start + size], minlength=n_codes)
    return counts
