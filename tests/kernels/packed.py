"""Weights to be packed, every element another number, and the gates that are taken of them."""

from __future__ import annotations

import numpy as np

ORDERS = [(3, (2, 0, 1)), (3, (0, 1)), (3, (2,)), (4, (0, 1, 2, 3)), (1, (0,))]
"""Of how many gates, the ones that are packed, in which order: every cell's products."""


def weights(gates: int, hidden: int, k: int, dtype: str) -> np.ndarray:
    """(G * H, K)."""
    return 1 + np.arange(gates * hidden * k, dtype=dtype).reshape(gates * hidden, k)
