"""Where a contender stands beside the best model, by one rule for the page, table and sentences.

A test that shows no difference has two readings.  Where the scores are close the other one *is* as
good, for all that anybody could act on; where they are apart the test sequences were too few, or
the folds too few or too unlike each other, to tell.  Calling that "as good" would be the opposite
mistake, of a lower score and of a higher one alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ENOUGH_SPLITS", "MARGIN", "advantage", "stand", "stand_in_words"]

MARGIN = 0.01
"""How far from the best model a score may be that is called as good, unless a test shows it."""
ENOUGH_SPLITS = 4
"""With 2 or 3, the t test over splits needs a difference of 12.7 or 4.3 standard errors."""

_SMALLER_IS_BETTER = frozenset({"log_loss", "rmse", "mae", "bits_per_letter", "perplexity"})

_WORDS = {
    "better": "better than {}",
    "higher": "higher than {}, but not shown to be better",
    "as good": "as good as {}",
    "unclear": "not shown to be worse than {}",
    "worse": "worse than {}",
}


def advantage(metric: str, first: float, second: float) -> float:
    """Return by how much the first score is better than the second, negative if it is worse.

    Parameters
    ----------
    metric
        What was measured.
    first, second
        Its values.
    """
    return second - first if metric in _SMALLER_IS_BETTER else first - second


def stand(comparison: Mapping[str, Any] | None) -> str:
    """Return ``better``, ``higher``, ``as good``, ``unclear``, ``worse`` or ``unknown``.

    ``higher`` and ``unclear`` are scores above and below that of the best model which no test has
    shown to differ from it.

    Parameters
    ----------
    comparison
        Of the best model (a) with another contender (b), an entry of ``comparisons`` in
        ``experiment.json``; None if there is none.
    """
    if comparison is None or comparison["verdict"] == "unknown":
        return "unknown"
    if comparison["verdict"] != "no difference shown":
        return "worse" if comparison["verdict"] == "a is better" else "better"
    above = advantage(comparison["metric"], comparison["score_b"], comparison["score_a"])
    if abs(above) <= MARGIN:
        return "as good"
    return "higher" if above > 0 else "unclear"


def stand_in_words(comparison: Mapping[str, Any] | None, best: str) -> str:
    """Return the standing as the beginning of a sentence, such as ``as good as bigru``.

    Parameters
    ----------
    comparison
        As in :func:`stand`.
    best
        How to call the best model.
    """
    words = _WORDS.get(stand(comparison), "not compared with {}")
    if comparison is not None and comparison["metric"] in _SMALLER_IS_BETTER:
        words = words.replace("higher", "lower")
    return words.format(best)
