"""Figures about one run: curves, confusion matrix, reliability diagram, learning curve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fastgru.evaluation import precision_recall_points, roc_points, wilson_interval
from fastgru.report.drawing import (
    COLOURS,
    MUTED,
    Entry,
    Picture,
    draw,
    line_entry,
    line_style,
    marker_entry,
    marker_style,
    shorten_name,
)
from fastgru.report.results import Predictions

__all__ = [
    "confusion_picture",
    "learning_picture",
    "precision_recall_picture",
    "reliability_picture",
    "roc_picture",
]

_MAX_CLASSES_WITH_SHARES = 8
_MAX_CLASSES_WITH_COUNTS = 25
_UNIT_SQUARE: dict[str, Any] = {"xlim": (-0.01, 1.01), "ylim": (0, 1.02)}


def roc_picture(metrics: dict[str, Any], predictions: Predictions) -> Picture:
    """Draw the ROC curve of each class against the rest; of two classes only the positive one."""
    classes = metrics["classes"]
    shown = _with_curve(predictions, [1] if len(classes) == 2 else range(len(classes)))

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        for k in shown:
            x, y = roc_points(predictions.is_class[:, k], predictions.proba[:, k])
            axes.plot(x, y, **line_style(k))
        axes.set(xlabel="False-positive rate", ylabel="True-positive rate", **_UNIT_SQUARE)

    legend = _curve_legend(metrics, shown, "roc_auc")
    alt = f"ROC curves on the test sequences. Area under the curve: {_listed(legend)}."
    return draw("ROC curve (area under it)", alt, paint, legend=legend)


def precision_recall_picture(metrics: dict[str, Any], predictions: Predictions) -> Picture:
    """Draw the precision-recall curve of each class against the rest."""
    shown = _with_curve(predictions, range(len(metrics["classes"])))

    def paint(axes: Axes) -> None:
        for k in shown:
            recall, precision = precision_recall_points(
                predictions.is_class[:, k], predictions.proba[:, k]
            )
            axes.step(recall, precision, where="post", **line_style(k))
        axes.set(xlabel="Recall", ylabel="Precision", **_UNIT_SQUARE)

    legend = _curve_legend(metrics, shown, "pr_auc")
    alt = f"Precision-recall curves on the test sequences. Average precision: {_listed(legend)}."
    return draw("Precision and recall (average precision)", alt, paint, legend=legend)


def confusion_picture(metrics: dict[str, Any]) -> Picture:
    """Draw the confusion matrix, shaded by the share of each true class."""
    classes = metrics["classes"]
    counts = np.array(metrics["confusion_matrix"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    n_classes = len(classes)
    names = [shorten_name(name) for name in classes]

    def paint(axes: Axes) -> None:
        axes.grid(False)
        axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1)
        axes.invert_yaxis()
        ticks = np.arange(n_classes) + 0.5
        axes.set_xticks(ticks, names, **_slanted(names))
        axes.set_yticks(ticks, names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="Predicted class", ylabel="True class", aspect="equal")
        for (row, column), count in np.ndenumerate(counts):
            text = _cell_text(int(count), float(shares[row, column]), n_classes)
            axes.text(
                column + 0.5,
                row + 0.5,
                text,
                ha="center",
                va="center",
                fontsize=10 if n_classes <= 4 else 8 if n_classes <= 10 else 6,
                color="white" if shares[row, column] > 0.5 else "#1d2733",
            )

    right = int(np.trace(counts))
    side = 3.6 if n_classes <= 8 else 5.4
    return draw(
        "Confusion matrix",
        f"Confusion matrix: {right} of {counts.sum()} test sequences on the diagonal, "
        "that is, labelled correctly. The table of classes below gives recall and precision.",
        paint,
        width=side * 1.25,
        height=side,
    )


def reliability_picture(metrics: dict[str, Any]) -> Picture:
    """Draw how often predictions of each confidence are right, with and without temperature."""
    series = [(metrics, f"with temperature {metrics['temperature']:.3g}")]
    if metrics["temperature"] == 1:
        series = [(metrics, "as trained")]
    else:
        series.append((metrics["uncalibrated"], "without"))
    least = 1 / len(metrics["classes"])

    def paint(axes: Axes) -> None:
        axes.plot([least, 1], [least, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        for place, (scores, _) in reversed(list(enumerate(series))):
            bins = [row for row in scores["reliability"] if row["n"]]
            x, y = ([row[name] for row in bins] for name in ("confidence", "accuracy"))
            if place == 0:
                ends = [
                    wilson_interval(round(row["accuracy"] * row["n"]), row["n"]) for row in bins
                ]
                axes.vlines(x, *zip(*ends, strict=True), color=COLOURS[0], linewidth=1, alpha=0.5)
            axes.plot(x, y, linewidth=1.2, alpha=0.6, **line_style(place))
            axes.plot(x, y, linestyle="none", markersize=6, **marker_style(place))
        axes.set(xlabel="Confidence", ylabel="Share that is right", ylim=(0, 1.02))
        axes.set_xlim(least - 0.02, 1.02)

    legend = [
        marker_entry(place, f"{name} (calibration error {scores['ece']:.3f})")
        for place, (scores, name) in enumerate(series)
    ]
    legend[0] = Entry(
        f"{legend[0].label}, with 95 % intervals", COLOURS[0], "none", legend[0].marker
    )
    alt = (
        "Reliability diagram on the test sequences: how often predictions of each confidence are "
        f"right. Expected calibration error: {_listed(legend)}."
    )
    return draw("Confidence and how often it is right", alt, paint, legend=legend)


def learning_picture(history: dict[str, list[float]], kept_epoch: int) -> Picture:
    """Draw training and validation loss by epoch, and mark the epoch whose weights were kept."""
    epochs = history["epoch"]
    validation = history["validation_loss"]
    kept = epochs.index(kept_epoch) if kept_epoch in epochs else None
    has_validation = any(loss == loss for loss in validation)

    def paint(axes: Axes) -> None:
        axes.plot(epochs, history["train_loss"], **line_style(0))
        axes.plot(epochs, validation, **line_style(1))
        if kept is not None and has_validation:
            axes.plot(epochs[kept], validation[kept], markersize=8, **marker_style(1))
        axes.set(xlabel="Epoch", ylabel="Loss (cross-entropy)")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    legend = [line_entry(0, "training")]
    ending = "no validation loss was recorded"
    if kept is not None and has_validation:
        legend += [line_entry(1, "validation"), marker_entry(1, f"epoch {kept_epoch}, kept")]
        ending = f"epoch {kept_epoch}, with a validation loss of {validation[kept]:.3f}, was kept"
    alt = f"Training and validation loss over {len(epochs)} epochs; {ending}."
    return draw("Learning curve", alt, paint, legend=legend)


def _with_curve(predictions: Predictions, candidates: Iterable[int]) -> list[int]:
    """Return the classes that have test sequences inside and outside."""
    n_inside = predictions.is_class.sum(axis=0)
    return [k for k in candidates if 0 < n_inside[k] < len(predictions.is_class)]


def _curve_legend(metrics: dict[str, Any], shown: list[int], score: str) -> list[Entry]:
    names = [metrics["classes"][k] for k in shown]
    values = [metrics["per_class"][name][score] for name in names]
    return [
        line_entry(k, f"{name} ({value:.3f})")
        for k, name, value in zip(shown, names, values, strict=True)
    ]


def _listed(legend: list[Entry]) -> str:
    return ", ".join(entry.label for entry in legend) or "not defined"


def _cell_text(count: int, share: float, n_classes: int) -> str:
    if n_classes > _MAX_CLASSES_WITH_COUNTS or (n_classes > _MAX_CLASSES_WITH_SHARES and not count):
        return ""
    return f"{count}\n{share:.0%}" if n_classes <= _MAX_CLASSES_WITH_SHARES else str(count)


def _slanted(names: list[str]) -> dict[str, Any]:
    if sum(len(name) for name in names) <= 30:
        return {}
    return {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
