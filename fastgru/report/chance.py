"""Whether a score is shown to be above chance: one rule for all that is said about it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CHANCE", "MOST_OF", "is_above_chance"]

CHANCE = 0.5
"""ROC AUC of what knows nothing."""
MOST_OF = 0.5
"""From which share of a model's way above chance something explains most of what it does."""


def is_above_chance(
    score: float | None, interval: Sequence[float] | None, chance: float = CHANCE
) -> bool:
    """Return whether a score and its whole interval are above chance.

    Parameters
    ----------
    score
        None if undefined; larger is better.
    interval
        Its lower and upper end; None if unknown, and then nothing is shown.
    chance
        What it is of what knows nothing.
    """
    if score is None or interval is None:
        return False
    return min(score, interval[0]) > chance
