"""Whether a score is shown to be above chance: one rule for all that is said about it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CHANCE", "is_above_chance"]

CHANCE = 0.5
"""ROC AUC of what knows nothing."""


def is_above_chance(roc_auc: float | None, interval: Sequence[float] | None) -> bool:
    """Return whether a ROC AUC and its whole interval are above chance.

    Parameters
    ----------
    roc_auc
        None if undefined.
    interval
        Its lower and upper end; None if unknown, and then nothing is shown.
    """
    if roc_auc is None or interval is None:
        return False
    return min(roc_auc, interval[0]) > CHANCE
