"""``fastgru baseline`` of several labels."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.tasks.multilabel.evaluate import show_multilabel
from fastgru.cli.tasks.target_baseline import score_baseline
from fastgru.cli.tasks.target_training import target_array

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences


def run(args: argparse.Namespace, learned: LabelledSequences, chosen: LabelledSequences) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.estimators.baseline_classifier import BaselineClassifier
    from fastgru.estimators.target_baselines import predict_labels
    from fastgru.evaluation.multilabel import multilabel_metrics

    values = predict_labels(
        BaselineClassifier(
            args.baseline, args.alphabet, threads=args.threads, random_state=args.seed
        ),
        (learned.sequences, target_array(learned)),
        chosen.sequences,
        names=args.target,
        groups=learned.groups,
    )
    show_multilabel(score_baseline(args, learned, chosen, values, multilabel_metrics))
    return 0
