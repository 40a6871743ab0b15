"""What the page shows of a language model: bits per letter beside those of Markov models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fastgru.evaluation.language_scores import ScoredLikelihoods
from fastgru.report.contender_runs import ContenderRuns, baselines_of_model
from fastgru.report.drawing import (
    COLOURS,
    MUTED,
    Entry,
    Picture,
    draw,
    line_entry,
    marker_entry,
    marker_style,
)
from fastgru.report.fold_runs import FoldRun
from fastgru.report.tasks.shown import Shown

__all__ = ["markov_picture", "show_model"]

_MOST_POINTS = 1500

Floats = NDArray[np.float64]
_Bits = dict[int, tuple[float, list[float] | None]]


def show_model(runs: Sequence[FoldRun], row: dict[str, Any]) -> Shown:
    """Return what there is to show of a model.

    Parameters
    ----------
    runs
        Its folds.
    row
        Its entry in ``experiment.json``.
    """
    own = _pool([run.scored.predictions for run in runs])
    alone = ContenderRuns(row["name"], "model", "", [run.scored for run in runs])
    markov = {
        int(name.removeprefix("markov_")): _pool([run.predictions for run in found.folds])
        for name, found in baselines_of_model(alone).items()
    }
    if not markov:
        return Shown(metrics=row["pooled"], pictures=[])
    bits = {order: found.scores()["bits_per_letter"] or math.nan for order, found in markov.items()}
    best = min(bits, key=bits.__getitem__)
    ids = [record for run in runs for record in run.scored.ids]
    return Shown(
        metrics=row["pooled"],
        pictures=[
            markov_picture(row, bits),
            _sequence_picture(own, markov[best], best, ids),
        ],
    )


def markov_picture(row: dict[str, Any], bits: dict[int, float]) -> Picture:
    """Draw the bits per letter of Markov models by their order, and those of the model.

    Parameters
    ----------
    row
        Entry of the model in ``experiment.json``.
    bits
        Bits per letter of the Markov models, by order.
    """
    own, ends = row["pooled"]["bits_per_letter"], row["intervals"]["bits_per_letter"]

    def paint(axes: Axes) -> None:
        if ends is not None:
            axes.axhspan(*ends, color=COLOURS[0], alpha=0.15, linewidth=0)
        axes.axhline(own, color=COLOURS[0])
        axes.plot(list(bits), list(bits.values()), linewidth=1, alpha=0.6, color=COLOURS[1])
        axes.plot(
            list(bits), list(bits.values()), linestyle="none", markersize=7, **marker_style(1)
        )
        axes.set(xlabel="Letters before, that a Markov model looks at", ylabel="Bits per letter")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    legend = [line_entry(0, f"{row['name']} ({own:.3f})"), marker_entry(1, "Markov model")]
    if ends is not None:
        legend.append(Entry("95 % interval", "#cfe2f0"))
    said = [f"order {order} {value:.3f}" for order, value in bits.items()]
    return draw(
        "Bits per letter",
        f"Bits per letter of {row['name']}: {own:.3f}; of Markov models: {', '.join(said)}.",
        paint,
        legend=legend,
        points=[
            (order, value, f"Markov model of order {order}: {value:.3f} bits per letter")
            for order, value in bits.items()
        ],
    )


def _sequence_picture(
    own: ScoredLikelihoods, markov: ScoredLikelihoods, order: int, ids: Sequence[str]
) -> Picture:
    """Draw the bits of each sequence by the model against those by the best Markov model."""
    x, y = _bits(markov), _bits(own)
    shown = list(range(0, len(ids), max(1, -(-len(ids) // _MOST_POINTS))))
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    better = float((y < x).mean())

    def paint(axes: Axes) -> None:
        axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        style: dict[str, Any] = {"markersize": 4, "alpha": 0.45, "markeredgewidth": 0}
        axes.plot(x[shown], y[shown], "o", color=COLOURS[0], **style)
        axes.set(xlabel=f"Markov model of order {order}", ylabel="This model", aspect="equal")

    legend = [
        marker_entry(0, f"one test sequence; below the line in {100 * better:.0f} %"),
        Entry("both the same", MUTED, "4 3"),
    ]
    alt = (
        f"Bits per letter of each test sequence beside those of the Markov model of order {order}, "
        f"the best one: {100 * better:.0f} % of {len(ids)} sequences need fewer."
    )
    points = [
        (x[k], y[k], f"{ids[k]}: {y[k]:.3f} instead of {x[k]:.3f} bits per letter")
        for k in shown[:: max(1, len(shown) // 300)]
    ]
    title = "Each sequence beside the best Markov model"
    return draw(title, alt, paint, legend=legend, points=points, height=4)


def _bits(found: ScoredLikelihoods) -> Floats:
    bits: Floats = -found.nats / np.maximum(found.n_predicted, 1) / math.log(2)
    return bits


def _pool(parts: Sequence[Any]) -> ScoredLikelihoods:
    return ScoredLikelihoods.pool(parts)
