"""Features beside letters, such as quality or conservation: numbers of each letter of a sequence.

An encoded sequence is then float64 (L, 1 + F): the codes of its letters, which these numbers hold
exactly, and F features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastgru.data.series import SeriesScale

__all__ = ["FeaturedReading", "codes_of", "features_of", "join_features"]


@dataclass(frozen=True, eq=False)
class FeaturedReading:
    """What letters with features are read by.

    Attributes
    ----------
    mixture
        float (n_symbols, n_letters), rows sum to 1: the letters that each symbol stands for.
    scale
        Of the features.
    """

    mixture: np.ndarray
    scale: SeriesScale


def join_features(codes: np.ndarray, features: np.ndarray) -> NDArray[np.float64]:
    """Return codes uint8 (L,) and features float64 (L, F) as float64 (L, 1 + F)."""
    return np.column_stack([codes, features])


def codes_of(encoded: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the codes of each sequence, uint8 (L,), with features or without."""
    return [row if row.ndim == 1 else row[:, 0].astype(np.uint8) for row in encoded]


def features_of(encoded: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the features of each sequence that has some, float64 (L, F)."""
    return [row[:, 1:] for row in encoded]
