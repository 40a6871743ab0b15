"""A figure that several tasks share: the scores of each class, label or target, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from fastgru.report.drawing import (
    MUTED,
    Entry,
    Picture,
    draw,
    marker_entry,
    marker_style,
    shorten_name,
)
from fastgru.report.wording import LABELS, measure, span

__all__ = ["part_picture"]

_MOST_PARTS = 30


def part_picture(
    title: str, parts: Mapping[str, Mapping[str, Any]], scores: Sequence[str], axis: str
) -> Picture:
    """Draw the scores of each part with their 95 % intervals, the lowest ones if there are many.

    Parameters
    ----------
    title
        Heading of the picture.
    parts
        ``metrics`` and ``intervals`` of each, by name.
    scores
        Those to draw, the first of which says which parts are the lowest.
    axis
        What they measure.
    """
    known = {name: part for name, part in parts.items() if part["metrics"][scores[0]] is not None}
    lowest = sorted(known, key=lambda name: float(known[name]["metrics"][scores[0]]))
    shown = [name for name in known if name in set(lowest[:_MOST_PARTS])]
    dots = [
        (known[name]["metrics"][score], known[name]["intervals"].get(score), row, k)
        for row, name in enumerate(shown)
        for k, score in enumerate(scores)
    ]
    offsets = [0.22 * (2 * k - len(scores) + 1) / max(len(scores) - 1, 1) for k in range(9)]
    texts = [_say(shown[row], scores[k], value, ends) for value, ends, row, k in dots]

    def paint(axes: Axes) -> None:
        for value, ends, row, k in dots:
            if value is None:
                continue
            place, style = row + offsets[k], marker_style(k)
            if ends is not None:
                axes.plot(ends, [place, place], color=style["color"], linewidth=2.5, alpha=0.6)
            axes.plot(value, place, linestyle="none", markersize=6.5, **style)
        axes.set_yticks(range(len(shown)), [shorten_name(name, 28) for name in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set(xlabel=axis)
        axes.grid(False, axis="y")

    legend = [marker_entry(k, LABELS[score]) for k, score in enumerate(scores)]
    legend.append(Entry("95 % interval", MUTED))
    few = f", the {_MOST_PARTS} lowest of {len(known)}" if len(known) > _MOST_PARTS else ""
    points = [
        (value, row + offsets[k], text)
        for (value, _, row, k), text in zip(dots, texts, strict=True)
        if value is not None
    ]
    return draw(
        f"{title}{few}",
        f"{title}{few}: {'; '.join(texts) or 'none is defined'}.",
        paint,
        legend=legend,
        points=points,
        height=1 + 0.42 * max(len(shown), 1),
    )


def _say(name: str, score: str, value: float | None, ends: list[float] | None) -> str:
    around = f" ({span(ends, score)})" if ends is not None else ""
    return f"{name}, {LABELS[score]} {measure(value, score)}{around}"
