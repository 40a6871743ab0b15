"""Regression: one or more numbers for each sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastgru.estimators.baselines import REGRESSION_BASELINES
from fastgru.evaluation.records import ScoredRecords
from fastgru.evaluation.regression import REGRESSION_SCORES, WITHOUT_UNIT, ScoredNumbers
from fastgru.report.results import Run
from fastgru.report.tasks.task import Rows, Task, read_numbers
from fastgru.report.wording import listed

__all__ = ["TASK"]


class _Regression(Task):
    name = "regression"
    scores = ("r2", "pearson", "spearman", "rmse", "mae")
    # what predicts the same number for all has no correlation, but explains no variance
    compared = ("r2", "pearson", "spearman", "rmse")
    headline = ("r2", "pearson")
    with_interval = ("r2", "pearson", "spearman", "rmse")
    unit = "target"
    baselines = REGRESSION_BASELINES
    loss = "mean squared error"
    output = "a shift and scale of each output"
    kept = "Predictions with their intervals, and measurements,"

    def columns(self, run: Run) -> Sequence[str]:
        targets = run.metrics["targets"]
        return (*(f"true_{name}" for name in targets), *targets)

    def read(self, run: Run, rows: Rows) -> ScoredNumbers:
        targets = list(run.metrics["targets"])
        true = read_numbers(run, rows, [f"true_{name}" for name in targets])
        return ScoredNumbers(targets, true, read_numbers(run, rows, targets))

    def describe_output(self, experiment: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        return (
            f"Regression: a number for each of {listed(experiment['targets'])}, with an interval "
            "from the residuals of the validation sequences."
        )

    def describe(self, records: ScoredRecords) -> dict[str, Any]:
        return {"targets": records.names}

    def chance(self, records: ScoredRecords) -> float:
        return 0.0

    def scores_of_file(self, metrics: Mapping[str, Any]) -> dict[str, float | None]:
        """Return the scores of the target, or means over several as `ScoredNumbers` has them."""
        targets = list(metrics["per_target"].values())
        alone = len(targets) == 1
        found: dict[str, float | None] = {}
        for name in REGRESSION_SCORES:
            values = [row[name] for row in targets]
            known = None not in values and (alone or name in WITHOUT_UNIT)
            found[name] = float(np.mean(values)) if known else None
        return found

    def interval_of_file(self, metrics: Mapping[str, Any]) -> list[float] | None:
        """Return the interval of the target; of the mean of several there is none."""
        rows = list(metrics["intervals"].values())
        return rows[0][self.deciding] if len(rows) == 1 else None


TASK = _Regression()
