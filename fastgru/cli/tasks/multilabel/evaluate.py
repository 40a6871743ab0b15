"""``fastgru evaluate`` of a classifier of several labels."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING, Any

from fastgru.cli.scoring import with_interval
from fastgru.cli.tasks.target_evaluation import evaluate_targets
from fastgru.cli.tasks.target_tables import check_columns
from fastgru.cli.tasks.target_training import target_array

if TYPE_CHECKING:
    from fastgru.estimators.fitted_multilabel import FittedMultilabel

_LOGGER = logging.getLogger(__name__)


def run(args: argparse.Namespace, fitted: FittedMultilabel) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.data.target_columns import TargetColumns
    from fastgru.evaluation.multilabel import multilabel_metrics

    names = fitted.classes.tolist()
    check_columns(names, names)
    metrics = evaluate_targets(
        *(args, fitted, TargetColumns(tuple(names), binary=True), names),
        lambda sequences: fitted.predict_proba(sequences, args.threads),
        lambda chosen, values: multilabel_metrics(
            *(target_array(chosen), values, names),
            groups=chosen.groups,
            n_resamples=args.n_resamples,
            seed=args.seed,
        ),
    )
    show_multilabel(metrics)
    return 0


def show_multilabel(metrics: dict[str, Any]) -> None:
    """Show the scores of all labels, and say which are undefined or left out."""
    from fastgru.evaluation.multilabel import MULTILABEL_SCORES

    _LOGGER.info("n_test: %d", metrics["n_test"])
    for name in MULTILABEL_SCORES:
        _LOGGER.info("%s: %s", name, with_interval(metrics[name], metrics["intervals"][name]))
    for label, reason in metrics["left_out"].items():
        _LOGGER.warning("warning: %s is left out of the macro means: %s", label, reason)
    for name, reason in metrics["undefined"].items():
        _LOGGER.warning("warning: %s is undefined: %s", name, reason)
