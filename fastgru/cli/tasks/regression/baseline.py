"""``fastgru baseline`` of numbers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.tasks.regression.evaluate import show_regression
from fastgru.cli.tasks.target_baseline import score_baseline
from fastgru.cli.tasks.target_training import target_array

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences


def run(args: argparse.Namespace, learned: LabelledSequences, chosen: LabelledSequences) -> int:
    """Write the scores, show them, and return the exit code."""
    from fastgru.estimators.target_baselines import predict_numbers
    from fastgru.evaluation.regression import regression_metrics

    values = predict_numbers(
        *(args.baseline, args.alphabet),
        (learned.sequences, target_array(learned)),
        chosen.sequences,
        names=args.target,
        groups=learned.groups,
        random_state=args.seed,
    )
    show_regression(score_baseline(args, learned, chosen, values, regression_metrics))
    return 0
