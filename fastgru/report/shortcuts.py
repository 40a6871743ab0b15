"""How far the trivial features of the audit go beside the best model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastgru.report.chance import CHANCE, is_above_chance

__all__ = ["CHANCES", "explain_shortcuts", "score_of_shortcut", "scores_beside"]

CHANCES = {"roc_auc": CHANCE, "pearson": 0.0}
"""The scores of trivial features, and what each is of what knows nothing."""


def explain_shortcuts(
    audit: Mapping[str, Any], best: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Say of each trivial feature how far it goes on the best model's way above chance.

    Parameters
    ----------
    audit
        Content of ``audit.json``.
    best
        Entry of the best model among the contenders.

    Returns
    -------
    entries
        ``shortcuts`` to the classes and ``target_shortcuts`` to each target or label, as in the
        audit, with the ``share``; None of a model that is not shown to be above chance.
    """
    return {
        name: [{**entry, "share": _share(entry, best)} for entry in audit.get(name, [])]
        for name in ("shortcuts", "target_shortcuts")
    }


def score_of_shortcut(entry: Mapping[str, Any]) -> str:
    """Return the name of the score that a trivial feature has, one of `CHANCES`.

    Parameters
    ----------
    entry
        Of a feature.
    """
    return next(name for name in CHANCES if name in entry)


def scores_beside(
    entry: Mapping[str, Any], best: Mapping[str, Any]
) -> tuple[float | None, list[float] | None]:
    """Return the same score of the best model, for the same target, and its interval.

    Parameters
    ----------
    entry
        Of a feature.
    best
        Entry of the best model among the contenders.
    """
    name = score_of_shortcut(entry)
    part = best.get("parts", {}).get(entry.get("target"))
    if part is None:
        return best["pooled"][name], best["intervals"][name]
    return part["metrics"][name], part["intervals"][name]


def _share(entry: Mapping[str, Any], best: Mapping[str, Any]) -> float | None:
    name = score_of_shortcut(entry)
    score, interval = scores_beside(entry, best)
    if score is None or not is_above_chance(score, interval, CHANCES[name]):
        return None
    return float((entry[name] - CHANCES[name]) / (score - CHANCES[name]))
