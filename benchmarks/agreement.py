"""Whether two contenders compute the same, which has to be shown before either is timed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

STATES = {"y", "h_n", "c_n", "logits"}
STATE_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 1e-4
"""Largest differences, as a share of the largest element, between two single-precision results.

States are sums of some hundred terms, gradients of weights sums over all sequences and steps, and
the two add up in different orders.  An exchanged gate or a forgotten bias differs by far more.
"""


def differences(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> dict:
    """Return the largest difference of each array, as a share of its largest element."""
    assert ours.keys() == theirs.keys(), (sorted(ours), sorted(theirs))
    return {
        name: float(np.abs(ours[name] - expected).max() / np.abs(expected).max())
        for name, expected in theirs.items()
    }


def disagreements(found: Mapping[str, float]) -> list[str]:
    """Return a line for each array that differs too much (or is not finite)."""
    limits = {name: STATE_TOLERANCE if name in STATES else GRADIENT_TOLERANCE for name in found}
    return [
        f"{name} differs by {share:.1e}, at most {limits[name]:.0e} was expected"
        for name, share in found.items()
        if not share <= limits[name]
    ]
