"""Sequences of a batch in reverse, each within its own length."""

from __future__ import annotations

import numpy as np

__all__ = ["reverse_rows"]


def reverse_rows(rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return rows whose first ``lengths`` entries stand in reverse order; its own inverse.

    Parameters
    ----------
    rows
        (B, T, ...) of any type.
    lengths
        Integers (B,), from 0 to T.  What is past a sequence's end stays where it is.
    """
    steps = np.arange(rows.shape[1])
    places = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    reversed_rows: np.ndarray = rows[np.arange(len(rows))[:, None], places]
    return reversed_rows
