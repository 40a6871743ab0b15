"""Several numbers for each sequence, of which some may be missing."""

from __future__ import annotations

import numpy as np

__all__ = ["known_shares"]


def known_shares(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what each target counts in a weighted mean over those that are known.

    Parameters
    ----------
    targets
        float64 (n, k), NaN where one is missing.
    weights
        float64 (n,) of the sequences or (n, k) of their targets, not negative.

    Returns
    -------
    np.ndarray
        float64 (n, k) with sum 1, zero for what is missing; all zero if nothing is known.
    """
    by_target = weights if weights.ndim == 2 else weights[:, None]
    shares = np.where(np.isnan(targets), 0.0, by_target)
    total = shares.sum()
    return shares / total if total > 0 else shares
