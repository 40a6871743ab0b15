"""Checks of parameters of what a network reads that only fit together or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastgru.data.alphabets import get_alphabet
from fastgru.data.series import SERIES
from fastgru.errors import ConfigurationError
from fastgru.layers.kmer_sizes import MAX_KMER_ROWS

__all__ = ["check_kmers", "check_series"]


def check_series(checked: Mapping[str, Any]) -> None:
    """Refuse what series have not: words, and embeddings of positions.

    Parameters
    ----------
    checked
        Parameters, each within its own range.

    Raises
    ------
    ConfigurationError
    """
    if checked["alphabet"] != SERIES:
        return
    for name, without in (("kmer_size", 1), ("kmer_stride", 1), ("position_embedding", False)):
        if checked.get(name, without) != without:
            raise ConfigurationError(
                f"{name} must be {without!r} for the alphabet 'series', got {checked[name]!r}; "
                "only letters have embeddings. A feature may say where a step stands."
            )


def check_kmers(checked: Mapping[str, Any]) -> None:
    """Refuse k-mers with gaps between them, and more of them than an embedding may have rows.

    Parameters
    ----------
    checked
        Parameters, each within its own range.

    Raises
    ------
    ConfigurationError
    """
    size, stride, alphabet = (checked[name] for name in ("kmer_size", "kmer_stride", "alphabet"))
    n_letters = len(get_alphabet(alphabet).letters)
    if n_letters**size > MAX_KMER_ROWS:
        largest = max(k for k in range(1, size) if n_letters**k <= MAX_KMER_ROWS)
        raise ConfigurationError(
            f"kmer_size must be at most {largest} for the alphabet {alphabet!r}, got {size}: there "
            f"are {n_letters}^{size} = {n_letters**size} words, and an embedding may have "
            f"{MAX_KMER_ROWS} rows."
        )
    if stride > size:
        raise ConfigurationError(
            f"kmer_stride must be at most kmer_size, {size}, got {stride}; letters between the "
            "words would not be read."
        )
