"""What the page says about each model, gathered from its runs on all folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastgru.report.drawing import Picture
from fastgru.report.fold_runs import FoldRun, read_fold_run
from fastgru.report.reading import Experiment
from fastgru.report.results import read_seconds
from fastgru.report.run_figures import epochs_picture
from fastgru.report.tasks import task_figures
from fastgru.report.wording import count, counted, listed

__all__ = ["ModelView", "view_models"]


@dataclass(frozen=True)
class ModelView:
    """One model, as the page shows it."""

    name: str
    anchor: str
    description: str
    metrics: dict[str, Any]
    """Scores of the test predictions of all folds together."""
    thresholds: list[dict[str, Any]]
    """Means over the folds, by name."""
    pictures: list[Picture]
    n_weights: int
    epochs: list[int]
    """The epoch that was kept, of each fold."""
    card: dict[str, Any]
    """Card of the first fold's model file."""
    gradient: list[float]
    """Norm of the gradient by the distance in time, in the first fold; empty if unknown."""
    speed: float | None
    """Training sequences a second over all folds; None if nothing timed them."""
    intervals: dict[str, list[float] | None] = field(default_factory=dict)
    """Those of `metrics`."""
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """``metrics`` and ``intervals`` of each class, label or target, by name."""
    wide: list[Picture] = field(default_factory=list)
    """Pictures that want the width of two."""

    @property
    def options(self) -> dict[str, Any]:
        """Options of the training, by name."""
        return dict(self.card["training"]["parameters"])


def view_models(experiment: Experiment, anchor: str) -> list[ModelView]:
    """Gather what the page says about each model of a data set, the best one first.

    Raises
    ------
    FastgruError
        If a file of a run is missing or does not fit the others.
    """
    return [
        _view(experiment, row, f"{anchor}-{place}")
        for place, row in enumerate(experiment.models, start=1)
    ]


def _view(experiment: Experiment, row: dict[str, Any], anchor: str) -> ModelView:
    runs = {
        fold["fold"]: read_fold_run(experiment.run_folder(row["name"], fold["fold"]))
        for fold in row["folds"]
    }
    task = experiment.task
    parts = row.get("parts", {})
    row = {**row, "parts": {name: parts[name] for name in experiment.names if name in parts}}
    shown = task_figures(task.name).show_model(list(runs.values()), row)
    first = next(iter(runs.values())).saved
    kept = {fold: int(run.saved.card["training"]["best_epoch"]) for fold, run in runs.items()}
    histories = {fold: run.history for fold, run in runs.items()}
    n_validation = sum(run.metrics["n_validation"] for run in runs.values())
    return ModelView(
        name=row["name"],
        anchor=anchor,
        description=_describe(list(runs.values())),
        metrics={**shown.metrics, "n_validation": n_validation},
        thresholds=shown.thresholds,
        pictures=[*shown.pictures, epochs_picture(histories, kept, task.loss)],
        n_weights=sum(
            tensor.size for network in first.networks for tensor in network.tensors.values()
        ),
        epochs=list(kept.values()),
        card=first.card,
        gradient=next(iter(runs.values())).metrics.get("gradient_by_distance") or [],
        speed=_speed(experiment, row["name"], runs),
        intervals=row["intervals"],
        parts=row["parts"],
        wide=shown.wide,
    )


def _speed(experiment: Experiment, name: str, runs: dict[int, FoldRun]) -> float | None:
    """Return the sequences a second that training took on, the start of the program included."""
    seconds = [
        read_seconds(experiment.timing("train", experiment.run_folder(name, fold))) for fold in runs
    ]
    learned = sum(run.metrics["n_train"] * len(run.history["epoch"]) for run in runs.values())
    known = [value for value in seconds if value]
    return learned / sum(known) if len(known) == len(runs) else None


def _describe(runs: list[FoldRun]) -> str:
    learned, stopped = (
        _range([run.metrics[name] for run in runs]) for name in ("n_train", "n_validation")
    )
    kept = listed(str(run.saved.card["training"]["best_epoch"]) for run in runs)
    parts = [f"Trained on {learned} sequences"]
    if any(run.metrics["n_validation"] for run in runs):
        parts.append(f", while {stopped} validation sequences chose the weights (epoch {kept})")
    n_test = sum(run.metrics["n_test"] for run in runs)
    over = f" in {counted(len(runs), 'fold')}" if len(runs) > 1 else ""
    return f"{''.join(parts)}. Tested on {counted(n_test, 'other sequence')}{over}."


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return count(low) if low == high else f"{count(low)} to {count(high)}"
