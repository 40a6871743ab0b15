"""Draws what the READMEs show of a stored run: ``python -m benchmarks.plots FILE.json FOLDER``.

``roofline.svg`` holds the speed of training steps against the limit that was measured in turns with
them, ``ratios.svg`` the training step against PyTorch's for every size.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.results import Document, Row, load, rows_of
from benchmarks.rows import BATCHES, HIDDEN, STEPS
from benchmarks.targets import TARGETS
from benchmarks.verdicts import verdicts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, LIMIT = "#1f2933", "#9aa5b1", "#c0392b"
TOKENS, DENSE = "#1b6ca8", "#e08e0b"
BATCH_COLOURS = dict(zip(BATCHES, ("#7fb8da", "#1b6ca8", "#0b3c5d"), strict=True))
MARKERS = dict(zip(STEPS, ("o", "D"), strict=True))
STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "fastgru",  # so that the same run draws the same file
}


def sizes(row: Row) -> tuple[int, int, int]:
    """Return B, T and H of a row."""
    found = re.search(r"B (\d+), T (\d+), H (\d+)", row.label)
    assert found is not None, row.label
    batch, steps, hidden = map(int, found.groups())
    return batch, steps, hidden


def rows_named(document: Document, prefix: str) -> list[Row]:
    """Return the rows about a target whose name starts so."""
    return [
        row for row in rows_of(document) if any(name.startswith(prefix) for name in row.targets)
    ]


def _by_hidden(rows: list[Row], steps: int) -> tuple[list[int], list[float]]:
    """Return hidden units and GFLOP/s of the rows of one length, narrow layers first."""
    points = sorted((sizes(row)[2], row.speed or 0.0) for row in rows if sizes(row)[1] == steps)
    return [hidden for hidden, _ in points], [speed for _, speed in points]


def _axis_of_hidden(axes: Axes, ticks: list[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [str(hidden) for hidden in ticks])
    axes.set_xlabel("hidden units H")
    axes.minorticks_off()


def _draw_limit(axes: Axes, rows: list[Row], hidden: list[int]) -> None:
    """Draw the median limit for each H, which the machine's clock moves."""
    speeds = [
        median(row.rival_speed or 0.0 for row in rows if sizes(row)[2] == size) for size in hidden
    ]
    axes.plot(hidden, speeds, color=LIMIT, linewidth=2, zorder=2)
    axes.fill_between(hidden, speeds, max(speeds) * 1.12, color=LIMIT, alpha=0.07, linewidth=0)
    note = "FMA limit, measured in turns with each row"
    axes.annotate(
        *(note, (hidden[0], max(speeds))),
        xytext=(0, 5),
        textcoords="offset points",
        color=LIMIT,
        fontsize=9,
    )
    axes.set_ylim(0, max(speeds) * 1.12)


def draw_roofline(document: Document, axes: Axes) -> None:
    """Draw GFLOP/s of training steps against H, below the limit."""
    kinds = (("tokens", TOKENS, "-"), ("dense", DENSE, "--"))
    everything = rows_named(document, "limit-tokens") + rows_named(document, "limit-dense")
    for kind, colour, dash in kinds:
        rows = rows_named(document, f"limit-{kind}")
        for steps in STEPS:
            hidden, speed = _by_hidden(rows, steps)
            axes.plot(
                *(hidden, speed, dash),
                color=colour,
                marker=MARKERS[steps],
                markeredgecolor="white",
                markersize=7,
                linewidth=1.6,
                label=f"{'tokens' if kind == 'tokens' else 'dense input, I = H'}, T {steps}",
                zorder=3,
            )
    ticks = sorted({sizes(row)[2] for row in everything})
    _draw_limit(axes, everything, ticks)
    _axis_of_hidden(axes, ticks)
    axes.set_ylabel("GFLOP/s")
    axes.set_title("GRU training step, B 64, float32", pad=12)
    axes.yaxis.grid(True, color=FAINT, alpha=0.25)
    axes.legend(loc="lower right", fontsize=9)


def _draw_floors(axes: Axes) -> None:
    for place, hidden in enumerate(HIDDEN):
        floor = TARGETS[f"pytorch-{hidden}"].bound
        label = "target" if place == 0 else None
        ends = [place - 0.38, place + 0.38]
        axes.plot(ends, [floor, floor], color=LIMIT, linewidth=2, zorder=2, label=label)


def draw_ratios(document: Document, axes: Axes) -> None:
    """Draw PyTorch's time in terms of fastgru's for every size."""
    rows = rows_named(document, "pytorch-mean")
    for row in rows:
        batch, steps, hidden = sizes(row)
        shift = (BATCHES.index(batch) - 1) * 0.22 + (STEPS.index(steps) - 0.5) * 0.1
        axes.plot(
            *(HIDDEN.index(hidden) + shift, row.ratio, MARKERS[steps]),
            color=BATCH_COLOURS[batch],
            markeredgecolor="white",
            markersize=8,
            zorder=3,
        )
    for batch, colour in BATCH_COLOURS.items():
        axes.plot([], [], "s", color=colour, markersize=7, label=f"B {batch}")
    for steps, marker in MARKERS.items():
        axes.plot([], [], marker, color=FAINT, markersize=7, label=f"T {steps}")
    _draw_floors(axes)
    target = TARGETS["pytorch-mean"]
    (mean,) = (found.value for found in verdicts(document) if found.target is target)
    axes.axhline(1, color=INK, linewidth=1, zorder=1)
    axes.set_yscale("log")
    ratios = [1.0, *(row.ratio for row in rows if row.ratio is not None)]
    ticks = [2**power for power in range(-2, 9)]
    axes.set_yticks(ticks, [f"{tick:g}x" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(min(ratios) * 0.8, max(ratios) * 1.6)
    axes.set_xticks(range(len(HIDDEN)), [str(hidden) for hidden in HIDDEN])
    axes.set_xlabel("hidden units H")
    axes.set_ylabel("PyTorch's time / fastgru's")
    axes.set_title(f"Against PyTorch: {mean:.1f}x in the geometric mean", pad=12)
    axes.yaxis.grid(True, color=FAINT, alpha=0.25)
    axes.legend(loc="upper right", fontsize=9, ncols=2)


DRAWINGS = {
    "roofline.svg": ("limit-tokens", draw_roofline),
    "ratios.svg": ("pytorch-mean", draw_ratios),
}
"""For each file the rows that it shows, and what draws it."""


def drawable(document: Document) -> list[str]:
    """Return the names of the files for which a run has the rows."""
    return [name for name, (prefix, _) in DRAWINGS.items() if rows_named(document, prefix)]


def _figure() -> tuple[Figure, Any]:
    from matplotlib.figure import Figure  # takes a second, and tables do without

    figure = Figure(figsize=(6.4, 4.2), layout="constrained", facecolor="white")
    return figure, figure.subplots()


def draw(document: Document, folder: Path) -> None:
    """Write the drawings of a run into a folder."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        for name in drawable(document):
            figure, axes = _figure()
            DRAWINGS[name][1](document, axes)
            figure.savefig(folder / name, metadata={"Date": None})


if __name__ == "__main__":
    draw(load(Path(sys.argv[1])), Path(sys.argv[2]))
