"""What the page shows of a classifier: curves, confusion, calibration and thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastgru.errors import FastgruError
from fastgru.evaluation import ScoredPredictions, classification_metrics
from fastgru.evaluation.calibration import expected_calibration_error
from fastgru.report.curve_figures import precision_recall_picture, roc_picture
from fastgru.report.fold_runs import FoldRun
from fastgru.report.results import read_object
from fastgru.report.run_figures import confusion_picture, reliability_picture
from fastgru.report.tasks.shown import Shown
from fastgru.report.wording import listed

__all__ = ["show_model"]

_KEYS = ("temperature", "uncalibrated", "thresholds")
_RATES = ("sensitivity", "specificity", "precision", "f1", "mcc")


def show_model(runs: Sequence[FoldRun], row: dict[str, Any]) -> Shown:
    """Return what there is to show of a model.

    Parameters
    ----------
    runs
        Its folds.
    row
        Its entry in ``experiment.json``.
    """
    folds = [_check(run) for run in runs]
    pooled = ScoredPredictions.pool(folds)
    metrics = _score(pooled) | _pool_probabilities([run.metrics for run in runs])
    return Shown(
        metrics=metrics,
        thresholds=_pool_thresholds([run.metrics["thresholds"] for run in runs]),
        pictures=[
            roc_picture(metrics, pooled, folds),
            precision_recall_picture(metrics, pooled, folds),
            confusion_picture(metrics),
            reliability_picture(metrics),
        ],
    )


def _check(run: FoldRun) -> ScoredPredictions:
    found = run.scored.predictions
    assert isinstance(found, ScoredPredictions)
    folder = run.scored.folder
    read_object(folder / "metrics.json", "fastgru evaluate", _KEYS)
    if run.saved.card["classes"] != found.classes:
        raise FastgruError(
            f"{folder / 'model.safetensors'}: has the classes {listed(run.saved.card['classes'])}, "
            f"expected {listed(found.classes)} as in metrics.json. Evaluate again."
        )
    return found


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
