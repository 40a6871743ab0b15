"""What the page says about each model, gathered from its runs on all folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastgru.errors import FastgruError
from fastgru.evaluation import ScoredPredictions, classification_metrics
from fastgru.evaluation.calibration import expected_calibration_error
from fastgru.models.model_file import SavedModel, read_model
from fastgru.report.curve_figures import precision_recall_picture, roc_picture
from fastgru.report.drawing import Picture
from fastgru.report.reading import Experiment
from fastgru.report.results import read_history, read_object, read_seconds
from fastgru.report.run_figures import confusion_picture, epochs_picture, reliability_picture
from fastgru.report.scored_runs import read_scored_run
from fastgru.report.wording import count, counted, listed

__all__ = ["ModelView", "view_models"]

_KEYS = ("n_train", "n_validation", "n_test", "temperature", "uncalibrated", "thresholds")
_RATES = ("sensitivity", "specificity", "precision", "f1", "mcc")


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

    @property
    def options(self) -> dict[str, Any]:
        """Options of the training, by name."""
        return dict(self.card["training"]["parameters"])


@dataclass(frozen=True)
class _FoldRun:
    """One run: the files of one model on one fold."""

    metrics: dict[str, Any]
    predictions: ScoredPredictions
    history: dict[str, list[float]]
    saved: SavedModel


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
        fold["fold"]: _read_run(experiment.run_folder(row["name"], fold["fold"]))
        for fold in row["folds"]
    }
    folds = [run.predictions for run in runs.values()]
    pooled = ScoredPredictions.pool(folds)
    metrics = _score(pooled) | _pool_probabilities([run.metrics for run in runs.values()])
    first = next(iter(runs.values())).saved
    kept = {fold: int(run.saved.card["training"]["best_epoch"]) for fold, run in runs.items()}
    return ModelView(
        name=row["name"],
        anchor=anchor,
        description=_describe(list(runs.values())),
        metrics=metrics,
        thresholds=_pool_thresholds([run.metrics["thresholds"] for run in runs.values()]),
        pictures=[
            roc_picture(metrics, pooled, folds),
            precision_recall_picture(metrics, pooled, folds),
            confusion_picture(metrics),
            reliability_picture(metrics),
            epochs_picture({fold: run.history for fold, run in runs.items()}, kept),
        ],
        n_weights=sum(
            tensor.size for network in first.networks for tensor in network.tensors.values()
        ),
        epochs=list(kept.values()),
        card=first.card,
        gradient=next(iter(runs.values())).metrics.get("gradient_by_distance") or [],
        speed=_speed(experiment, row["name"], runs),
    )


def _speed(experiment: Experiment, name: str, runs: dict[int, _FoldRun]) -> float | None:
    """Return the sequences a second that training took on, the start of the program included."""
    seconds = [
        read_seconds(experiment.timing("train", experiment.run_folder(name, fold))) for fold in runs
    ]
    learned = sum(run.metrics["n_train"] * len(run.history["epoch"]) for run in runs.values())
    known = [value for value in seconds if value]
    return learned / sum(known) if len(known) == len(runs) else None


def _read_run(folder: Path) -> _FoldRun:
    scored = read_scored_run(folder)
    metrics = read_object(folder / "metrics.json", "fastgru evaluate", _KEYS)
    if scored is None:
        raise FastgruError(
            f"{folder / 'metrics.json'}: says that it is not applicable, expected the scores of a "
            "model. Evaluate again."
        )
    saved = read_model(folder / "model.safetensors")
    if saved.card["classes"] != scored.predictions.classes:
        raise FastgruError(
            f"{folder / 'model.safetensors'}: has the classes {listed(saved.card['classes'])}, "
            f"expected {listed(scored.predictions.classes)} as in metrics.json. Evaluate again."
        )
    return _FoldRun(metrics, scored.predictions, read_history(folder), saved)


def _score(pooled: ScoredPredictions) -> dict[str, Any]:
    names = np.array(pooled.classes)
    true, predicted = names[pooled.true].tolist(), names[pooled.predicted].tolist()
    return classification_metrics(true, predicted, pooled.proba, pooled.classes)


def _pool_probabilities(folds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return temperatures, and the scores without them over all test sequences."""
    weights = [fold["n_test"] for fold in folds]
    before = [fold["uncalibrated"] for fold in folds]
    pooled = {
        name: float(np.average([scores[name] for scores in before], weights=weights))
        for name in ("log_loss", "brier")
    }
    bins = [_pool_bin(rows) for rows in zip(*(s["reliability"] for s in before), strict=True)]
    n_all = sum(row["n"] for row in bins)
    bins = [{**row, "share": row["n"] / n_all} for row in bins]
    uncalibrated = {**pooled, "reliability": bins, "ece": expected_calibration_error(bins)}
    return {
        "n_validation": sum(fold["n_validation"] for fold in folds),
        "temperatures": [fold["temperature"] for fold in folds],
        "uncalibrated": uncalibrated,
    }


def _pool_bin(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    filled = [row for row in rows if row["n"]]
    n = [row["n"] for row in filled]
    means = {
        name: float(np.average([row[name] for row in filled], weights=n)) if n else None
        for name in ("confidence", "accuracy")
    }
    return {**rows[0], "n": sum(n), **means}


def _pool_thresholds(folds: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the means of each threshold over the folds in which it was found."""
    pooled = []
    for name in dict.fromkeys(row["name"] for rows in folds for row in rows):
        found = [row for rows in folds for row in rows if row["name"] == name]
        reached = [row for row in found if row["threshold"] is not None]
        pooled.append(
            {
                "name": name,
                "n_folds": len(reached),
                "reason": None if reached else found[0]["reason"],
                "threshold": _mean([row["threshold"] for row in reached]),
                **{
                    part: {rate: _mean([row[part][rate] for row in reached]) for rate in _RATES}
                    for part in ("test", "validation")
                },
            }
        )
    return pooled


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _describe(runs: list[_FoldRun]) -> str:
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
