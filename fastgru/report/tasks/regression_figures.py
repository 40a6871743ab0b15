"""What the page shows of a regressor: predicted against measured numbers, and the residuals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fastgru.evaluation.regression import ScoredNumbers
from fastgru.report.drawing import COLOURS, MUTED, Entry, Picture, draw, marker_entry
from fastgru.report.fold_runs import FoldRun
from fastgru.report.tasks.shown import Shown

__all__ = ["residual_picture", "scatter_picture", "show_model"]

_MOST_TARGETS = 4
_MOST_POINTS = 1500
"""A drawing with more is heavy, and shows no more."""
_MOST_TIPS = 300

Floats = NDArray[np.float64]


def show_model(runs: Sequence[FoldRun], row: dict[str, Any]) -> Shown:
    """Return what there is to show of a model.

    Parameters
    ----------
    runs
        Its folds.
    row
        Its entry in ``experiment.json``.
    """
    pooled = ScoredNumbers.pool([_numbers(run) for run in runs])
    ids = [record for run in runs for record in run.scored.ids]
    pictures: list[Picture] = []
    for k, name in enumerate(pooled.targets[:_MOST_TARGETS]):
        known = np.flatnonzero(~np.isnan(pooled.true[:, k]))
        if len(known):
            points = pooled.true[known, k], pooled.predicted[known, k]
            names = [ids[place] for place in known]
            pictures += [
                scatter_picture(name, *points, names),
                residual_picture(name, *points, names),
            ]
    return Shown(metrics=row["pooled"], pictures=pictures)


def scatter_picture(target: str, true: Floats, predicted: Floats, ids: Sequence[str]) -> Picture:
    """Draw predicted against measured values, and the line on which they are equal.

    Parameters
    ----------
    target
        Name of what is predicted.
    true, predicted
        float64 (n,), n >= 1.
    ids
        Of the n records.
    """
    shown = _spread(len(true))
    low = float(min(true.min(), predicted.min()))
    high = float(max(true.max(), predicted.max()))
    margin = 0.04 * (high - low) or 0.5
    limits = (low - margin, high + margin)

    def paint(axes: Axes) -> None:
        axes.plot(limits, limits, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        _paint_points(axes, true[shown], predicted[shown])
        axes.set(xlabel=f"Measured {target}", ylabel=f"Predicted {target}", aspect="equal")
        axes.set(xlim=limits, ylim=limits)

    legend = [
        marker_entry(0, _count(len(true), len(shown))),
        Entry("predicted as measured", MUTED, "4 3"),
    ]
    alt = (
        f"Predicted against measured {target} of {len(true)} test sequences: measured from "
        f"{true.min():.4g} to {true.max():.4g}, predicted from {predicted.min():.4g} to "
        f"{predicted.max():.4g}."
    )
    points = [
        (true[k], predicted[k], f"{ids[k]}: measured {true[k]:.4g}, predicted {predicted[k]:.4g}")
        for k in shown[:: max(1, len(shown) // _MOST_TIPS)]
    ]
    title = f"{target}: predicted and measured"
    return draw(title, alt, paint, legend=legend, points=points, width=4.6, height=4.2)


def residual_picture(target: str, true: Floats, predicted: Floats, ids: Sequence[str]) -> Picture:
    """Draw by how much predictions are too high, against what was predicted.

    Parameters
    ----------
    target, true, predicted, ids
        As for :func:`scatter_picture`.
    """
    shown = _spread(len(true))
    residuals = predicted - true
    low, median, high = np.quantile(residuals, [0.025, 0.5, 0.975]).tolist()

    def paint(axes: Axes) -> None:
        axes.axhspan(low, high, color=COLOURS[0], alpha=0.08, linewidth=0)
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        _paint_points(axes, predicted[shown], residuals[shown])
        axes.set(xlabel=f"Predicted {target}", ylabel="Predicted minus measured")

    legend = [marker_entry(0, "one test sequence"), Entry("95 % of the residuals", "#cfe2f0")]
    alt = (
        f"Residuals of {target}, predicted minus measured: the median is {median:.4g}, and 95 % "
        f"lie between {low:.4g} and {high:.4g}."
    )
    points = [
        (predicted[k], residuals[k], f"{ids[k]}: {residuals[k]:+.4g}")
        for k in shown[:: max(1, len(shown) // _MOST_TIPS)]
    ]
    return draw(f"{target}: residuals", alt, paint, legend=legend, points=points, height=4.2)


def _paint_points(axes: Axes, x: Floats, y: Floats) -> None:
    axes.plot(x, y, "o", color=COLOURS[0], markersize=4, alpha=0.45, markeredgewidth=0)


def _spread(n_records: int) -> list[int]:
    """Return the places of the records to draw, evenly from all."""
    step = max(1, -(-n_records // _MOST_POINTS))
    return list(range(0, n_records, step))


def _count(n_records: int, n_shown: int) -> str:
    if n_shown == n_records:
        return "one test sequence"
    return f"one test sequence ({n_shown:,} of {n_records:,} shown)"


def _numbers(run: FoldRun) -> ScoredNumbers:
    found = run.scored.predictions
    assert isinstance(found, ScoredNumbers)
    return found
