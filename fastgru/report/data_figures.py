"""Figures about the data: lengths and letters by class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from fastgru.report.drawing import (
    COLOURS,
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
from fastgru.report.wording import percent

__all__ = ["composition_picture", "length_picture"]

_QUARTILES = ("q25", "median", "q75")


def length_picture(
    classes: dict[str, dict[str, Any]], edges: list[int], unit: str = "letters"
) -> Picture:
    """Draw how long the sequences of each class are.

    Parameters
    ----------
    classes
        By class, ``length`` with ``min``, ``q25``, ``median``, ``q75``, ``max`` and ``histogram``.
    edges
        Edges of the bins of all histograms.
    unit
        What the sequences are made of.
    """
    title = "Length of the sequences"
    lengths = {name: content["length"] for name, content in classes.items()}
    alt = "Length of the sequences by class, as smallest, median and largest: " + "; ".join(
        f"{name} {row['min']}, {row['median']:g}, {row['max']}" for name, row in lengths.items()
    )
    shortest = min(row["min"] for row in lengths.values())
    longest = max(row["max"] for row in lengths.values())
    if len(lengths) > N_DISTINCT or shortest == longest:
        return _length_ranges(title, alt, lengths, longest, unit)

    def paint(axes: Axes) -> None:
        for k, row in enumerate(lengths.values()):
            counts = np.array(row["histogram"])
            axes.stairs(counts / counts.sum(), edges, linewidth=1.8, **_stairs_style(k))
        axes.set(
            xlabel=unit.capitalize(),
            ylabel=f"Share of the {'class' if len(lengths) > 1 else 'sequences'}",
        )
        if len(edges) > 2 and edges[-1] - edges[-2] > 3 * (edges[1] - edges[0]):
            axes.set_xscale("log")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))

    legend = [line_entry(k, name) for k, name in enumerate(lengths)]
    points = [
        ((low + high) / 2, n / sum(row["histogram"]), f"{name}, {low} to {high} {unit}: {n:,}")
        for name, row in lengths.items()
        for low, high, n in zip(edges, edges[1:], row["histogram"], strict=False)
        if n
    ]
    return draw(title, alt, paint, legend=legend, points=points)


def _length_ranges(
    title: str, alt: str, lengths: dict[str, dict[str, Any]], longest: int, unit: str
) -> Picture:
    """Draw range, quartiles and median of each class: for many of them, or one single length."""

    def paint(axes: Axes) -> None:
        for place, row in enumerate(lengths.values()):
            q25, median, q75 = (row[name] for name in _QUARTILES)
            axes.plot([row["min"], row["max"]], [place, place], color=MUTED, linewidth=1)
            axes.plot([q25, q75], [place, place], color=COLOURS[0], linewidth=5)
            axes.plot(median, place, "o", color="white", markeredgecolor=COLOURS[0], markersize=6)
        axes.set_yticks(range(len(lengths)), [shorten_name(name) for name in lengths])
        axes.set(
            xlabel=unit.capitalize(), xlim=(0, 1.05 * longest), ylim=(len(lengths) - 0.5, -0.5)
        )
        axes.grid(False, axis="y")

    legend = [Entry("middle half, with the median", COLOURS[0]), Entry("all", MUTED)]
    if all(row["min"] == row["max"] for row in lengths.values()):
        legend = [marker_entry(0, f"every sequence has {longest} {unit}")]
    return draw(title, alt, paint, legend=legend, height=1 + 0.2 * len(lengths))


def composition_picture(classes: dict[str, dict[str, Any]]) -> Picture:
    """Draw the share of each letter in each class.

    Parameters
    ----------
    classes
        By class, ``composition`` from letter to share.
    """
    title = "Share of each letter"
    letters = list(next(iter(classes.values()))["composition"])
    shares = np.array(
        [[content["composition"][letter] for letter in letters] for content in classes.values()]
    )
    alt = "Share of each letter by class. " + "; ".join(
        f"{name}: "
        + ", ".join(f"{letter} {share:.1%}" for letter, share in zip(letters, row, strict=True))
        for name, row in zip(classes, shares.tolist(), strict=True)
    )
    if len(classes) > N_DISTINCT:
        return _composition_grid(title, alt, list(classes), letters, shares)

    def paint(axes: Axes) -> None:
        places = np.arange(len(letters))
        axes.vlines(places, shares.min(axis=0), shares.max(axis=0), color=MUTED, linewidth=1)
        for k, row in enumerate(shares):
            axes.plot(places, row, linestyle="none", markersize=6.5, alpha=0.9, **marker_style(k))
        axes.set_xticks(places, letters)
        axes.set(ylabel="Share of the letters", ylim=(0, 1.08 * shares.max()))
        axes.grid(False, axis="x")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))

    legend = [marker_entry(k, name) for k, name in enumerate(classes)]
    points = [
        (place, share, f"{name}: {percent(share)} {letter}")
        for name, row in zip(classes, shares.tolist(), strict=True)
        for place, (letter, share) in enumerate(zip(letters, row, strict=True))
    ]
    return draw(title, alt, paint, legend=legend, points=points)


def _composition_grid(
    title: str, alt: str, names: list[str], letters: list[str], shares: np.ndarray
) -> Picture:
    """Draw the shares of many classes as shades of a grid."""

    def paint(axes: Axes) -> None:
        mesh = axes.pcolormesh(shares, cmap="Blues", vmin=0, edgecolors="white", linewidth=0.5)
        axes.set_xticks(np.arange(len(letters)) + 0.5, letters)
        axes.set_yticks(np.arange(len(names)) + 0.5, [shorten_name(name) for name in names])
        axes.invert_yaxis()
        axes.tick_params(length=0)
        axes.grid(False)
        bar = axes.figure.colorbar(mesh, ax=axes, format=PercentFormatter(1, decimals=0))
        bar.outline.set_visible(False)

    return draw(title, alt, paint, height=1 + 0.2 * len(names))


def _stairs_style(index: int) -> dict[str, Any]:
    return {**line_style(index), "fill": False}
