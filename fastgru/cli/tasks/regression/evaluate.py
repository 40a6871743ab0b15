"""``fastgru evaluate`` of a regressor."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING, Any

from fastgru.cli.scoring import with_interval
from fastgru.cli.tasks.regression.table import (
    columns_of,
    predict_columns,
    warn_of_wide_intervals,
)
from fastgru.cli.tasks.target_evaluation import evaluate_targets
from fastgru.cli.tasks.target_tables import check_columns
from fastgru.cli.tasks.target_training import target_array

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.fitted_regressor import FittedRegressor

_LOGGER = logging.getLogger(__name__)


def run(args: argparse.Namespace, fitted: FittedRegressor) -> int:
    """Write the scores, show them, and return the exit code."""
    from fastgru.data.target_columns import TargetColumns

    names = fitted.targets.tolist()
    columns = columns_of(names)
    check_columns(names, columns)
    warn_of_wide_intervals(fitted)
    metrics = evaluate_targets(
        *(args, fitted, TargetColumns(tuple(names)), columns),
        lambda sequences: predict_columns(fitted, sequences, args.threads),
        lambda chosen, values: _score(args, chosen, values, names),
    )
    show_regression(metrics)
    return 0


def _score(
    args: argparse.Namespace, chosen: LabelledSequences, values: np.ndarray, names: list[str]
) -> dict[str, Any]:
    """Return the scores of predictions, and how many targets their intervals hold."""
    import numpy as np

    from fastgru.evaluation.regression import regression_metrics

    truth = target_array(chosen)
    predicted, lower, upper = np.moveaxis(values.reshape(len(values), -1, 3), 2, 0)
    metrics = regression_metrics(
        *(truth, predicted, names),
        groups=chosen.groups,
        n_resamples=args.n_resamples,
        seed=args.seed,
    )
    for k, name in enumerate(names):
        known = ~np.isnan(truth[:, k])
        inside = (lower[known, k] <= truth[known, k]) & (truth[known, k] <= upper[known, k])
        has_interval = known.any() and np.isfinite(upper[:, k]).all()
        metrics["per_target"][name]["in_interval"] = float(inside.mean()) if has_interval else None
    return metrics


def show_regression(metrics: dict[str, Any]) -> None:
    """Show the scores of each target, and say which are undefined."""
    from fastgru.evaluation.regression import REGRESSION_SCORES

    _LOGGER.info("n_test: %d", metrics["n_test"])
    for name, scores in metrics["per_target"].items():
        for score in REGRESSION_SCORES:
            interval = metrics["intervals"][name][score]
            shown = with_interval(scores[score], interval, ".4g")
            _LOGGER.info("%s, %s: %s", name, score, shown)
        for score, reason in metrics["undefined"].get(name, {}).items():
            _LOGGER.warning("warning: %s, %s is undefined: %s", name, score, reason)
