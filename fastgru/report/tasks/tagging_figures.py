"""What the page shows of a tagger: confused labels, scores of each, and some sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fastgru.evaluation.tagging_metrics import ScoredTags
from fastgru.report.drawing import COLOURS, Entry, Picture, Point, draw, shorten_name
from fastgru.report.fold_runs import FoldRun
from fastgru.report.run_figures import confusion_picture
from fastgru.report.tasks.part_figures import part_picture
from fastgru.report.tasks.shown import Shown
from fastgru.report.wording import percent

__all__ = ["example_picture", "show_model"]

_N_EXAMPLES = 4

Codes = NDArray[np.int64]


def show_model(runs: Sequence[FoldRun], row: dict[str, Any]) -> Shown:
    """Return what there is to show of a model.

    Parameters
    ----------
    runs
        Its folds.
    row
        Its entry in ``experiment.json``.
    """
    pooled = ScoredTags.pool([_tags(run) for run in runs])
    matrix = {"classes": pooled.classes, "confusion_matrix": pooled.confusion.tolist()}
    ids = [record for run in runs for record in run.scored.ids]
    return Shown(
        metrics=row["pooled"],
        pictures=[
            confusion_picture(matrix, "letters"),
            part_picture("Each label", row["parts"], ("f1", "sov"), "F1, and segment overlap"),
        ],
        wide=[example_picture(pooled, ids)],
    )


def example_picture(tags: ScoredTags, ids: Sequence[str]) -> Picture:
    """Draw true and predicted segments of sequences from the worst to the best.

    Parameters
    ----------
    tags
        N records.
    ids
        Theirs.
    """
    shares = np.array([_share_right(*pair) for pair in zip(tags.true, tags.predicted, strict=True)])
    places = _examples(shares)
    rows = [
        (3 * number + k, name, labels)
        for number, place in enumerate(places)
        for k, (name, labels) in enumerate(
            (
                ("true", tags.true[place]),
                ("predicted", np.where(tags.true[place] < 0, -1, tags.predicted[place])),
            )
        )
    ]
    longest = max(len(tags.true[place]) for place in places)

    def paint(axes: Axes) -> None:
        for height, _, labels in rows:
            for begin, end, label in _segments(labels):
                axes.barh(height, end - begin, left=begin, height=0.85, color=_colour(label))
        for number, place in enumerate(places):
            text = f"{shorten_name(ids[place], 40)}, {percent(float(shares[place]))} right"
            axes.text(0, 3 * number - 0.55, text, fontsize=9, va="bottom")
        axes.set_yticks([height for height, *_ in rows], [name for _, name, _ in rows])
        axes.set(xlabel="Letter", xlim=(0, longest), ylim=(3 * len(places) - 1.3, -1.4))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(False)

    said = [f"{ids[place]} {percent(float(shares[place]))}" for place in places]
    legend = [Entry(name, _colour(k)) for k, name in enumerate(tags.classes)]
    return draw(
        "Segments of sequences from the worst to the best",
        f"True and predicted segments of test sequences, with the share of letters that are "
        f"right: {', '.join(said)}.",
        paint,
        legend=legend,
        points=_points(rows, tags.classes),
        width=5.4,
        height=0.9 + 0.75 * len(places),
    )


def _examples(shares: NDArray[np.float64]) -> list[int]:
    """Return the places of the worst and best record, and of some evenly between, each once."""
    order = np.argsort(shares, kind="stable")
    wanted = np.linspace(0, len(order) - 1, _N_EXAMPLES).round().astype(int)
    return [int(order[place]) for place in dict.fromkeys(wanted.tolist())]


def _share_right(true: Codes, predicted: Codes) -> float:
    known = true >= 0
    return float((true[known] == predicted[known]).mean()) if known.any() else 1.0


def _segments(labels: Codes) -> Iterator[tuple[int, int, int]]:
    """Yield begin, end and label of each stretch of known labels."""
    begins = np.flatnonzero(np.append(True, labels[1:] != labels[:-1])).tolist()
    for begin, end in zip(begins, [*begins[1:], len(labels)], strict=True):
        if labels[begin] >= 0:
            yield begin, end, int(labels[begin])


def _points(rows: Sequence[tuple[int, str, Codes]], classes: Sequence[str]) -> Iterator[Point]:
    for height, name, labels in rows:
        for begin, end, label in _segments(labels):
            text = f"{name}: {classes[label]}, letters {begin + 1} to {end}"
            yield (begin + end) / 2, height, text


def _colour(label: int) -> str:
    return COLOURS[label % len(COLOURS)]


def _tags(run: FoldRun) -> ScoredTags:
    found = run.scored.predictions
    assert isinstance(found, ScoredTags)
    return found
