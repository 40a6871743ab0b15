"""Figures about scores: all contenders, folds and seeds, amount of data, kind of record."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from fastgru.report.drawing import (
    MUTED,
    N_DISTINCT,
    Entry,
    Picture,
    draw,
    line_entry,
    line_style,
    marker_entry,
    marker_style,
    shorten_name,
)
from fastgru.report.reading import Experiment
from fastgru.report.wording import LABELS, measure, span

__all__ = ["band_picture", "contender_picture", "share_picture", "spread_picture"]


def contender_picture(experiment: Experiment) -> Picture:
    """Draw the score of every contender with its interval, and those of the controls."""
    metric = experiment.metric
    rows = [
        (row["name"], row["pooled"][metric], row["intervals"].get(metric), row["kind"])
        for row in experiment.scored
    ]
    rows += [
        (r["name"], r["metrics"][metric], None, "control") for r in experiment.content["controls"]
    ]
    rows = [row for row in rows if row[1] is not None]
    styles = {kind: marker_style(k) for k, kind in enumerate(("model", "baseline", "control"))}

    def paint(axes: Axes) -> None:
        for place, (_, value, ends, kind) in enumerate(rows):
            style = styles.get(kind, styles["baseline"])
            if ends is not None:
                axes.plot(ends, [place, place], color=style["color"], linewidth=2.5, alpha=0.6)
            axes.plot(value, place, linestyle="none", markersize=7, **style)
        axes.set_yticks(range(len(rows)), [shorten_name(name, 28) for name, *_ in rows])
        axes.set(xlabel=f"{LABELS[metric]} on the test sequences")
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(False, axis="y")
        _format_axis(axes.xaxis, metric)

    names = ("model", "baseline", "control, which has to fail")
    shown = [k for k, kind in enumerate(styles) if kind in {row[3] for row in rows}]
    legend = [marker_entry(k, names[k]) for k in shown]
    legend.append(Entry("95 % interval", MUTED))
    said = [f"{name} {_with_interval(value, ends, metric)}" for name, value, ends, _ in rows]
    return draw(
        f"{LABELS[metric]} of all contenders",
        f"{LABELS[metric]} of each contender: {'; '.join(said)}.",
        paint,
        legend=legend,
        points=[(row[1], place, said[place]) for place, row in enumerate(rows)],
        width=5.4,
        height=0.9 + 0.3 * len(rows),
    )


def _with_interval(value: float, ends: list[float] | None, metric: str) -> str:
    return measure(value, metric) + (f" ({span(ends, metric)})" if ends else "")


def spread_picture(experiment: Experiment) -> Picture:
    """Draw the score of every fold of each contender, and of every seed of each model."""
    metric = experiment.metric
    dots: list[tuple[Any, float, int, str]] = []
    for place, row in enumerate(experiment.scored):
        name = row["name"]
        for fold in row["folds"]:
            text = f"{name}, fold {fold['fold']}"
            dots.append((fold["metrics"][metric], place - 0.16, 0, text))
        for seed in experiment.content["seeds"].get(name, []):
            text = f"{name}, {seed['variant'].replace('seed', 'seed ')}"
            dots.append((seed["metrics"][metric], place + 0.16, 1, text))
    dots = [dot for dot in dots if dot[0] is not None]

    def paint(axes: Axes) -> None:
        for value, place, kind, _ in dots:
            axes.plot(value, place, linestyle="none", markersize=6, alpha=0.8, **marker_style(kind))
        names = [shorten_name(row["name"], 28) for row in experiment.scored]
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set(xlabel=LABELS[metric])
        axes.grid(False, axis="y")
        _format_axis(axes.xaxis, metric)

    legend = [marker_entry(0, "one fold")]
    if any(kind == 1 for _, _, kind, _ in dots):
        legend.append(marker_entry(1, "one seed, on fold 1"))
    points = [(x, y, f"{text}: {measure(x, metric)}") for x, y, _, text in dots]
    alt = f"{LABELS[metric]} by fold and seed: {'; '.join(text for *_, text in points)}."
    title = "Spread over folds and seeds"
    height = 0.9 + 0.34 * len(experiment.scored)
    return draw(title, alt, paint, legend=legend, points=points, width=5.4, height=height)


def share_picture(experiment: Experiment) -> Picture:
    """Draw the score of each model against the number of sequences that it learned from."""
    metric = experiment.metric
    curves = {
        name: [(row["n_train"], row["metrics"][metric]) for row in rows]
        for name, rows in experiment.content["learning_curve"].items()
        if rows
    }
    points = [
        (n, value, f"{name}, {n:,} training sequences: {measure(value, metric)}")
        for name, rows in curves.items()
        for n, value in rows
        if value is not None
    ]

    def paint(axes: Axes) -> None:
        for k, rows in enumerate(curves.values()):
            x, y = np.array(rows, dtype=float).T
            axes.plot(x, y, marker=marker_style(k)["marker"], **line_style(k))
        axes.set(xlabel="Training sequences", ylabel=f"{LABELS[metric]} (fold 1)")
        axes.set_xlim(left=0)
        _format_axis(axes.yaxis, metric)

    legend = [line_entry(k, name) for k, name in enumerate(curves)]
    alt = f"{LABELS[metric]} by amount of training data: {'; '.join(t for *_, t in points)}."
    return draw("More data", alt, paint, legend=legend, points=points)


def band_picture(title: str, axis: str, bands: list[dict[str, Any]], metric: str) -> Picture:
    """Draw the score of each contender in each band of the test sequences.

    Parameters
    ----------
    title
        Heading of the picture.
    axis
        What the bands divide.
    bands
        With ``name``, ``n`` and ``metrics`` by contender.
    metric
        The score to draw.
    """
    names = list(dict.fromkeys(name for band in bands for name in band["metrics"]))[:N_DISTINCT]
    table = {name: [band["metrics"].get(name, {}).get(metric) for band in bands] for name in names}
    points = [
        (place, value, f"{name}, {band['name']}: {measure(value, metric)}")
        for name, values in table.items()
        for place, (band, value) in enumerate(zip(bands, values, strict=True))
        if value is not None
    ]

    def paint(axes: Axes) -> None:
        for k, values in enumerate(table.values()):
            y = np.array(values, dtype=float)
            axes.plot(range(len(bands)), y, marker=marker_style(k)["marker"], **line_style(k))
        ticks = [f"{band['name']}\n{band['n']:,}" for band in bands]
        axes.set_xticks(range(len(bands)), ticks, fontsize=8)
        axes.set(xlabel=axis, ylabel=LABELS[metric], xlim=(-0.4, len(bands) - 0.6))
        _format_axis(axes.yaxis, metric)

    legend = [line_entry(k, name) for k, name in enumerate(names)]
    alt = f"{LABELS[metric]} by {axis[:1].lower()}{axis[1:]}: {'; '.join(t for *_, t in points)}."
    return draw(title, alt, paint, legend=legend, points=points, width=max(4.6, 1.1 * len(bands)))


def _format_axis(axis: Any, metric: str) -> None:
    if measure(0.5, metric).endswith("%"):
        axis.set_major_formatter(PercentFormatter(1, decimals=None))
