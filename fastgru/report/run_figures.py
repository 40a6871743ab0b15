"""Figures about one model, over its folds: confusion matrix, reliability diagram, epochs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fastgru.evaluation import wilson_interval
from fastgru.report.drawing import (
    COLOURS,
    INK,
    MUTED,
    Entry,
    Picture,
    Point,
    draw,
    line_entry,
    line_style,
    list_labels,
    marker_entry,
    marker_style,
    shorten_name,
)
from fastgru.report.wording import percent

__all__ = [
    "SHADES",
    "confusion_picture",
    "epochs_picture",
    "reliability_picture",
]

SHADES: dict[str, Any] = {"cmap": "Blues", "vmin": 0, "vmax": 1.8}
"""Shades of shares from 0 to 1, on all of which dark text can be read."""

_MAX_CLASSES_WITH_SHARES = 8
_MAX_CLASSES_WITH_COUNTS = 25


def confusion_picture(metrics: dict[str, Any], of: str = "test sequences") -> Picture:
    """Draw the confusion matrix, shaded by the share of each true class.

    Parameters
    ----------
    metrics
        ``classes`` and ``confusion_matrix``.
    of
        What it counts.
    """
    classes = metrics["classes"]
    counts = np.array(metrics["confusion_matrix"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    n_classes = len(classes)
    names = [shorten_name(name) for name in classes]

    def paint(axes: Axes) -> None:
        axes.grid(False)
        axes.pcolormesh(shares, edgecolors="white", linewidth=1, **SHADES)
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
                color=INK,
            )

    right = int(np.trace(counts))
    side = 3.6 if n_classes <= 8 else 5.4
    return draw(
        "Confusion matrix",
        f"Confusion matrix: {right} of {counts.sum()} {of} on the diagonal, "
        "that is, labelled correctly. The table of classes below gives recall and precision.",
        paint,
        width=side * 1.25,
        height=side,
    )


def reliability_picture(metrics: dict[str, Any]) -> Picture:
    """Draw how often predictions of each confidence are right, with and without temperature.

    Parameters
    ----------
    metrics
        ``classes``, ``temperatures`` (of the folds), ``ece`` and ``reliability``; and the last
        two ``uncalibrated``.
    """
    series = _reliability_series(metrics)
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
        f"right. Expected calibration error: {list_labels(legend)}."
    )
    points = [
        (row["confidence"], row["accuracy"], _describe_bin(row, name))
        for scores, name in series
        for row in scores["reliability"]
        if row["n"]
    ]
    return draw("Confidence and how often it is right", alt, paint, legend=legend, points=points)


def _reliability_series(metrics: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    low, high = min(metrics["temperatures"]), max(metrics["temperatures"])
    if low == high == 1:
        return [(metrics, "as trained")]
    name = f"with temperature {low:.3g}{f' to {high:.3g}' if high > low else ''}"
    return [(metrics, name), (metrics["uncalibrated"], "without")]


def _describe_bin(row: dict[str, Any], name: str) -> str:
    return (
        f"{name}: {row['n']} predictions with a confidence of {percent(row['confidence'])}, "
        f"{percent(row['accuracy'])} are right"
    )


def epochs_picture(
    histories: dict[int, dict[str, list[float]]], kept: dict[int, int], loss: str = "cross-entropy"
) -> Picture:
    """Draw training and validation loss by epoch, and mark the epoch whose weights were kept.

    Parameters
    ----------
    histories
        The epochs of each fold, by its number.
    kept
        The epoch that was kept, by fold.
    loss
        What was minimised, in words.
    """
    marks = [
        (kept[fold], history["validation_loss"][history["epoch"].index(kept[fold])])
        for fold, history in histories.items()
        if kept[fold] in history["epoch"]
    ]
    marks = [(epoch, value) for epoch, value in marks if value == value]
    thin = {"alpha": 0.75, "linewidth": 1.8 if len(histories) == 1 else 1.1}

    def paint(axes: Axes) -> None:
        for history in histories.values():
            for k, name in enumerate(("train_loss", "validation_loss")):
                axes.plot(history["epoch"], history[name], **line_style(k) | thin)
        for epoch, value in marks:
            axes.plot(epoch, value, markersize=7, **marker_style(1))
        axes.set(xlabel="Epoch", ylabel=f"Loss ({loss})")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    legend = [line_entry(0, "training")]
    ending = "no validation loss was recorded"
    if marks:
        which = ", ".join(str(epoch) for epoch, _ in marks)
        legend += [line_entry(1, "validation"), marker_entry(1, f"epoch kept ({which})")]
        losses = ", ".join(f"{value:.3f}" for _, value in marks)
        ending = f"the weights of epoch {which} were kept, with a validation loss of {losses}"
    of = f" of {len(histories)} folds" if len(histories) > 1 else ""
    alt = f"Training and validation loss{of} by epoch; {ending}."
    return draw("Loss by epoch", alt, paint, legend=legend, points=_epoch_points(histories))


def _epoch_points(histories: dict[int, dict[str, list[float]]]) -> Iterable[Point]:
    for fold, history in histories.items():
        for name in ("train_loss", "validation_loss"):
            for epoch, loss in zip(history["epoch"], history[name], strict=True):
                what = name.replace("_loss", "").replace("train", "training")
                if loss == loss:
                    text = f"fold {fold}, epoch {epoch:g}: {what} loss {loss:.3f}"
                    yield epoch, loss, text


def _cell_text(count: int, share: float, n_classes: int) -> str:
    if n_classes > _MAX_CLASSES_WITH_COUNTS or (n_classes > _MAX_CLASSES_WITH_SHARES and not count):
        return ""
    return f"{count}\n{share:.0%}" if n_classes <= _MAX_CLASSES_WITH_SHARES else str(count)


def _slanted(names: list[str]) -> dict[str, Any]:
    if sum(len(name) for name in names) <= 30:
        return {}
    return {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
