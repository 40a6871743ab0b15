"""Models with different recurrent cells beside each other: what each costs, and how far it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from fastgru.models.architecture import Architecture
from fastgru.report.drawing import Picture, draw, line_entry, line_style
from fastgru.report.model_views import ModelView
from fastgru.report.networks import describe_layers

__all__ = ["CellRow", "CellsView", "compare_cells"]

_SMALLEST = 1e-8
"""Norms below are drawn here: the axis is a logarithm's."""


@dataclass(frozen=True)
class CellRow:
    """One model.

    Attributes
    ----------
    name
    layers
        In words.
    n_weights
    speed
        Training sequences a second, with the start of the program; None if nothing timed it.
    score
        Of the test sequences of all folds.
    reach
        Steps until the gradient has fallen below a hundredth; None if it does not.
    """

    name: str
    layers: str
    n_weights: int
    speed: float | None
    score: float | None
    reach: int | None


@dataclass(frozen=True)
class CellsView:
    """The table, and the figure of the gradient's norm against the distance in time."""

    rows: list[CellRow]
    picture: Picture


def compare_cells(models: Sequence[ModelView], metric: str) -> CellsView | None:
    """Set models side by side; None unless their cells differ.

    Parameters
    ----------
    models
    metric
        The score to show.
    """
    sizes = {model.name: Architecture.from_dict(model.card["architecture"]) for model in models}
    known = [model for model in models if model.gradient]
    if len({sizes[model.name].cell for model in known}) < 2:
        return None
    rows = [
        CellRow(
            name=model.name,
            layers=describe_layers(sizes[model.name]),
            n_weights=model.n_weights,
            speed=model.speed,
            score=model.metrics[metric],
            reach=_reach(model.gradient),
        )
        for model in known
    ]
    return CellsView(rows, _picture(known))


def _reach(gradient: Sequence[float]) -> int | None:
    return next((d for d, norm in enumerate(gradient) if norm < 0.01), None)


def _picture(models: Sequence[ModelView]) -> Picture:
    """Draw the norms, in terms of that of the last step."""

    def paint(axes: Axes) -> None:
        for k, model in enumerate(models):
            axes.plot([max(norm, _SMALLEST) for norm in model.gradient], **line_style(k))
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda norm, _: f"{norm:g}")
        axes.invert_xaxis()
        axes.set(xlabel="Steps before the last", ylabel="Norm of the gradient")

    points = [
        (d, max(model.gradient[d], _SMALLEST), f"{model.name}, {d} steps: {model.gradient[d]:.2g}")
        for model in models
        for d in range(0, len(model.gradient), max(1, len(model.gradient) // 10))
    ]
    legend = [line_entry(k, model.name) for k, model in enumerate(models)]
    ends = [
        f"{model.name} {model.gradient[-1]:.2g} after {len(model.gradient) - 1} steps"
        for model in models
    ]
    alt = (
        "Norm of the gradient of the last state by the distance in time, in terms of that of the "
        f"last step: {', '.join(ends)}."
    )
    return draw("How far back the gradient reaches", alt, paint, legend=legend, points=points)
