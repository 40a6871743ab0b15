"""Encoded sequences, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelledSet:
    """Encoded sequences with targets and weights.

    Attributes
    ----------
    encoded : sequence of uint8 arrays (L,), or of float64 arrays (L, F)
    targets : array (n, ...)
        What the objective compares the outputs with, such as the number of the class.
    weights : float64 (n,)
        Weight in the loss, not negative.
    groups : array of str (n,), or None
        Those of one group are held out together, where some are.
    """

    encoded: Sequence[np.ndarray]
    targets: np.ndarray
    weights: np.ndarray
    groups: np.ndarray | None = None


def pad(encoded: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return codes (B, T) or series (B, T, F), zero past each end, and int64 lengths (B,).

    Parameters
    ----------
    encoded
        uint8 codes (L,) of each sequence, or the float64 features (L, F) of each series.
    """
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    of_step, dtype = (encoded[0].shape[1:], encoded[0].dtype) if len(encoded) else ((), np.uint8)
    tokens = np.zeros((len(encoded), int(lengths.max(initial=0)), *of_step), dtype)
    for row, codes in zip(tokens, encoded, strict=True):
        row[: len(codes)] = codes
    return tokens, lengths


def shuffled_batches(
    n_sequences: int, batch_size: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield the numbers of the sequences of each batch, in random order, each once."""
    order = rng.permutation(n_sequences)
    for start in range(0, n_sequences, batch_size):
        yield order[start : start + batch_size]


def batches_by_length(lengths: np.ndarray, max_tokens: int) -> Iterator[np.ndarray]:
    """Yield the numbers of the sequences of each batch, similar lengths together.

    Parameters
    ----------
    lengths
        int64 (n,)
    max_tokens
        Largest padded size (sequences times steps) of a batch of more than one sequence.
    """
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * lengths[order[end]] <= max_tokens:
            end += 1
        yield order[start:end]
        start = end
