"""Classification: one class for each sequence, and the probability of every class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastgru.errors import FastgruError, LabelError
from fastgru.estimators.baselines import BASELINES
from fastgru.evaluation.predictions import ScoredPredictions, check_predictions
from fastgru.evaluation.records import ScoredRecords
from fastgru.evaluation.weighted_scores import SCORES
from fastgru.report.chance import CHANCE
from fastgru.report.results import Run
from fastgru.report.tasks.task import Rows, Task
from fastgru.report.wording import listed

__all__ = ["TASK"]


class _Classification(Task):
    name = "classification"
    scores = SCORES
    compared = ("roc_auc", "accuracy", "mcc")
    headline = ("roc_auc", "accuracy")
    with_interval = ("accuracy", "roc_auc")
    baselines = BASELINES
    loss = "cross-entropy"
    chosen = "Epoch, temperature and thresholds come"
    kept = "Labels, probabilities and truth"

    @property
    def uncompared(self) -> str:
        return "accuracy"

    def columns(self, run: Run) -> Sequence[str]:
        return ("label", "true_label", *run.classes)

    def read(self, run: Run, rows: Rows) -> ScoredPredictions:
        true, predicted = ([row[name] for row in rows] for name in ("true_label", "label"))
        proba = _probabilities(run, rows)
        try:
            return check_predictions(true, predicted, proba, run.classes)
        except (LabelError, ValueError) as error:
            raise FastgruError(
                f"{run.folder / 'predictions.tsv'}: {error} Evaluate again."
            ) from error

    def describe_output(self, experiment: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        temperature = "divided by a fitted temperature" if options.get("calibrate") else "as is"
        return (
            f"Classification: a probability of each of {listed(experiment['classes'])}, logits "
            f"{temperature}, and the most probable class."
        )

    def describe(self, records: ScoredRecords) -> dict[str, Any]:
        classes = records.names
        return {"classes": classes, "positive": classes[1] if len(classes) == 2 else None}

    def chance(self, records: ScoredRecords) -> float:
        return CHANCE

    def validation_loss(self, card: Mapping[str, Any]) -> float | None:
        loss: float | None = card.get("calibration", {}).get("validation_log_loss")
        return loss


def _probabilities(run: Run, rows: Rows) -> np.ndarray:
    table = np.empty((len(rows), len(run.classes)))
    for number, row in enumerate(rows):
        try:
            table[number] = [float(row[name]) for name in run.classes]
        except ValueError as error:
            raise FastgruError(
                f"{run.folder / 'predictions.tsv'}, record {row['id']!r}: {error}, expected a "
                "probability of each class. Evaluate again."
            ) from None
    return table


TASK = _Classification()
