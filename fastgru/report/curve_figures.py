"""ROC and precision-recall curves: thin for each fold, bold for all test sequences together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fastgru.evaluation import ScoredPredictions, precision_recall_points, roc_points
from fastgru.report.drawing import (
    MUTED,
    Entry,
    Picture,
    Point,
    draw,
    line_entry,
    line_style,
    list_labels,
)
from fastgru.report.wording import percent

__all__ = ["precision_recall_picture", "roc_picture"]

_MAX_FOLD_CURVES = 15
_POINTS_OF_A_CURVE = 40
# Curves are drawn on a grid of so many spots to a side; thin ones need no finer.
_SPOTS, _SPOTS_OF_A_FOLD = 500, 200
_UNIT_SQUARE: dict[str, Any] = {"xlim": (-0.01, 1.01), "ylim": (0, 1.02)}

Folds = Sequence[ScoredPredictions]
_Curve = Callable[[NDArray[np.bool_], NDArray[np.float64]], tuple[Any, Any]]


def roc_picture(metrics: dict[str, Any], pooled: ScoredPredictions, folds: Folds) -> Picture:
    """Draw the ROC curve of each class against the rest; of two classes only the positive one.

    Parameters
    ----------
    metrics
        Scores of the pooled predictions.
    pooled
        The predictions of all folds.
    folds
        Those of each fold.
    """
    classes = metrics["classes"]
    shown = _with_curve(pooled, [1] if len(classes) == 2 else range(len(classes)))

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        _paint_curves(axes, roc_points, shown, pooled, folds, drawstyle="default")
        axes.set(xlabel="False-positive rate", ylabel="True-positive rate", **_UNIT_SQUARE)

    legend = _curve_legend(metrics, shown, "roc_auc", folds)
    alt = f"ROC curves on the test sequences. Area under the curve: {list_labels(legend)}."
    points = _curve_points(roc_points, shown, pooled, ("false-positive rate", "true-positive rate"))
    return draw("ROC curve (area under it)", alt, paint, legend=legend, points=points)


def precision_recall_picture(
    metrics: dict[str, Any], pooled: ScoredPredictions, folds: Folds
) -> Picture:
    """Draw the precision-recall curve of each class; arguments as in `roc_picture`."""
    shown = _with_curve(pooled, range(len(metrics["classes"])))

    def paint(axes: Axes) -> None:
        _paint_curves(axes, precision_recall_points, shown, pooled, folds, drawstyle="steps-post")
        axes.set(xlabel="Recall", ylabel="Precision", **_UNIT_SQUARE)

    legend = _curve_legend(metrics, shown, "pr_auc", folds)
    alt = (
        f"Precision-recall curves on the test sequences. Average precision: {list_labels(legend)}."
    )
    points = _curve_points(precision_recall_points, shown, pooled, ("recall", "precision"))
    title = "Precision and recall (average precision)"
    return draw(title, alt, paint, legend=legend, points=points)


def _paint_curves(
    axes: Axes,
    curve: _Curve,
    shown: list[int],
    pooled: ScoredPredictions,
    folds: Folds,
    *,
    drawstyle: str,
) -> None:
    each = folds if len(folds) > 1 and len(folds) * len(shown) <= _MAX_FOLD_CURVES else ()
    for part, width, alpha in (*((fold, 0.8, 0.5) for fold in each), (pooled, 2.0, 1.0)):
        for k in _with_curve(part, shown):
            spots = _SPOTS if part is pooled else _SPOTS_OF_A_FOLD
            x, y = _thin(*curve(part.true == k, part.proba[:, k]), spots)
            axes.plot(x, y, **line_style(k) | {"lw": width, "alpha": alpha, "ds": drawstyle})


def _thin(
    x: NDArray[np.float64], y: NDArray[np.float64], n_spots: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Leave out the points that lie on the same spot of the drawing as the one before."""
    spots = np.round(np.stack([x, y], axis=1) * n_spots)
    moved = np.any(spots[1:] != spots[:-1], axis=1)
    kept = np.concatenate([[True], moved])
    kept[-1] = True
    return x[kept], y[kept]


def _curve_points(
    curve: _Curve, shown: list[int], pooled: ScoredPredictions, names: tuple[str, str]
) -> Iterable[Point]:
    for k in shown:
        x, y = (np.asarray(values) for values in curve(pooled.true == k, pooled.proba[:, k]))
        # Places that are evenly spaced along the curve, not along the list of its corners.
        length = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        wanted = np.linspace(0, length[-1], _POINTS_OF_A_CURVE)
        for place in np.unique(np.searchsorted(length, wanted).clip(max=len(x) - 1)).tolist():
            values = (
                f"{name} {percent(float(value))}"
                for name, value in zip(names, (x[place], y[place]), strict=True)
            )
            yield float(x[place]), float(y[place]), f"{pooled.classes[k]}: {', '.join(values)}"


def _with_curve(predictions: ScoredPredictions, candidates: Iterable[int]) -> list[int]:
    """Return the classes that have test sequences inside and outside."""
    n_inside = np.bincount(predictions.true, minlength=len(predictions.classes))
    return [k for k in candidates if 0 < n_inside[k] < len(predictions)]


def _curve_legend(
    metrics: dict[str, Any], shown: list[int], score: str, folds: Folds
) -> list[Entry]:
    names = [metrics["classes"][k] for k in shown]
    values = [metrics["per_class"][name][score] for name in names]
    legend = [
        line_entry(k, f"{name} ({value:.3f})")
        for k, name, value in zip(shown, names, values, strict=True)
    ]
    if legend and len(folds) > 1 and len(folds) * len(shown) <= _MAX_FOLD_CURVES:
        legend[0] = Entry(f"{legend[0].label}; thin: each fold", legend[0].colour, legend[0].dashes)
    return legend
