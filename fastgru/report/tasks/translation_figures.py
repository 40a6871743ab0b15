"""What the page shows of a translator: where it is right, and beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from fastgru.report.contender_runs import ContenderRuns, baselines_of_model
from fastgru.report.drawing import COLOURS, MUTED, Entry, Picture, draw, line_entry, marker_entry
from fastgru.report.fold_runs import FoldRun
from fastgru.report.results import read_table
from fastgru.report.tasks.shown import Shown
from fastgru.report.wording import percent

__all__ = ["place_picture", "show_model"]

_FEWEST = 5
"""Translations that have a place, below which nothing is said of it."""
_MOST_POINTS = 1500


def show_model(runs: Sequence[FoldRun], row: dict[str, Any]) -> Shown:
    """Return what there is to show of a model.

    Parameters
    ----------
    runs
        Its folds.
    row
        Its entry in ``experiment.json``.
    """
    pairs = [
        (line["true_sequence"], line["sequence"])
        for run in runs
        for line in read_table(run.scored.folder / "predictions.tsv", ("true_sequence", "sequence"))
    ]
    pictures = [place_picture(pairs)]
    alone = ContenderRuns(row["name"], "model", "", [run.scored for run in runs])
    for found in baselines_of_model(alone).values():
        beside = [run.predictions for run in found.folds]
        own = [run.scored.predictions for run in runs]
        ids = [record for run in runs for record in run.scored.ids]
        pictures.append(_baseline_picture(_shares(own), _shares(beside), ids))
    return Shown(metrics=row["pooled"], pictures=pictures)


def place_picture(pairs: Sequence[tuple[str, str]]) -> Picture:
    """Draw how often the letter at each place is right.

    Parameters
    ----------
    pairs
        True translations and written ones.
    """
    longest = max(len(true) for true, _ in pairs)
    n_known, n_right = np.zeros(longest), np.zeros(longest)
    for true, written in pairs:
        n_known[: len(true)] += 1
        both = min(len(true), len(written))
        n_right[:both] += [a == b for a, b in zip(true[:both], written[:both], strict=True)]
    places = np.flatnonzero(n_known >= min(_FEWEST, n_known.max()))
    shares = n_right[places] / n_known[places]

    def paint(axes: Axes) -> None:
        axes.plot(places + 1, n_known[places] / len(pairs), color=MUTED, linestyle=(0, (4, 3)))
        axes.plot(places + 1, shares, color=COLOURS[0])
        axes.set(xlabel="Letter of the translation", ylabel="Share of translations", ylim=(0, 1.02))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))

    step = max(1, len(places) // 100)
    points = [
        (place + 1, share, f"letter {place + 1}: {percent(share)} of {n_known[place]:.0f} right")
        for place, share in zip(places[::step].tolist(), shares[::step].tolist(), strict=True)
    ]
    legend = [line_entry(0, "right, of those that long"), Entry("that long", MUTED, "4 3")]
    alt = (
        f"Share of translations whose letter is right, by its place: {percent(float(shares[0]))} "
        f"at the first, {percent(float(shares[-1]))} at letter {places[-1] + 1}."
    )
    return draw("Right letters by place", alt, paint, legend=legend, points=points)


def _baseline_picture(
    own: NDArray[np.float64], beside: NDArray[np.float64], ids: Sequence[str]
) -> Picture:
    """Draw the share of right tokens of each translation, and the baseline's."""
    shown = list(range(0, len(ids), max(1, -(-len(ids) // _MOST_POINTS))))
    better = float((own > beside).mean())

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        style: dict[str, Any] = {"markersize": 5, "alpha": 0.35, "markeredgewidth": 0}
        axes.plot(beside[shown], own[shown], "o", color=COLOURS[0], **style)
        axes.set(xlabel="Letter by letter", ylabel="This model, as written", aspect="equal")
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))

    legend = [
        marker_entry(0, f"one translation; above the line in {100 * better:.0f} %"),
        Entry("both the same", MUTED, "4 3"),
    ]
    alt = (
        "Share of right tokens of each translation beside that of the commonest token for each "
        f"letter: {100 * better:.0f} % of {len(ids)} translations have more."
    )
    points = [
        (beside[k], own[k], f"{ids[k]}: {percent(own[k])}, letter by letter {percent(beside[k])}")
        for k in shown[:: max(1, len(shown) // 300)]
    ]
    title = "Right tokens beside the baseline"
    return draw(title, alt, paint, legend=legend, points=points, height=4)


def _shares(parts: Sequence[Any]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.concatenate(
        [part.n_right_written / part.n_tokens for part in parts]
    )
    return shares
