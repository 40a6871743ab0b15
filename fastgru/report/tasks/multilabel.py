"""Several labels: the probability of each, for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastgru.estimators.baselines import BASELINES, BASELINES_OF_TASK
from fastgru.evaluation.multilabel import MULTILABEL_SCORES, ScoredLabels
from fastgru.evaluation.records import ScoredRecords
from fastgru.report.chance import CHANCE
from fastgru.report.results import Run
from fastgru.report.tasks.task import Rows, Task, read_numbers
from fastgru.report.wording import listed

__all__ = ["TASK"]


class _Multilabel(Task):
    name = "multilabel"
    scores = MULTILABEL_SCORES
    compared = ("roc_auc_macro", "pr_auc_macro", "roc_auc_micro", "pr_auc_micro")
    headline = ("roc_auc_macro", "pr_auc_macro")
    with_interval = ("roc_auc_macro", "pr_auc_macro")
    unit = "label"
    baselines = {  # noqa: RUF012
        name: f"{BASELINES[name]}, for each label" for name in BASELINES_OF_TASK["multilabel"]
    }
    loss = "cross-entropy of each label"
    output = "a logistic function of each output"
    kept = "Probabilities and truth"

    def columns(self, run: Run) -> Sequence[str]:
        labels = run.metrics["labels"]
        return (*(f"true_{name}" for name in labels), *labels)

    def read(self, run: Run, rows: Rows) -> ScoredLabels:
        labels = list(run.metrics["labels"])
        true = read_numbers(run, rows, [f"true_{name}" for name in labels])
        return ScoredLabels(labels, true, read_numbers(run, rows, labels))

    def describe_output(self, experiment: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        return f"Several labels: a probability of each of {listed(experiment['labels'])}."

    def describe(self, records: ScoredRecords) -> dict[str, Any]:
        return {"labels": records.names}

    def chance(self, records: ScoredRecords) -> float:
        return CHANCE


TASK = _Multilabel()
