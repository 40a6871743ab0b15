"""How many k-mers there are, apart from the code that reads them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

__all__ = ["MAX_KMER_ROWS", "MAX_KMER_SIZE", "count_kmers", "max_letters"]

MAX_KMER_SIZE = 6
MAX_KMER_ROWS = 8000
"""Rows of the largest embedding: all words of 3 amino acids, or of 6 nucleotides (4096)."""

_Letters = TypeVar("_Letters", int, np.ndarray)


def count_kmers(n_letters: _Letters, size: int, stride: int) -> _Letters:
    """Return the k-mers of sequences of so many letters, 0 for those shorter than one.

    Parameters
    ----------
    n_letters
        One number, or int64 (B,).
    size
        k
    stride
        Letters from the start of a k-mer to that of the next, at most k.
    """
    return (n_letters + stride - size) // stride * (n_letters >= size)


def max_letters(n_kmers: int, size: int, stride: int) -> int:
    """Return the most letters of a sequence with at most so many k-mers.

    Parameters
    ----------
    n_kmers
    size, stride
        As for :func:`count_kmers`.
    """
    return size + n_kmers * stride - 1
