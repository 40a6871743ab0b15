"""``fastgru baseline`` on columns of targets, of whichever task that has some."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastgru.cli.scoring import SCHEMA_VERSION
from fastgru.cli.tasks.target_evaluation import write_target_scores
from fastgru.cli.tasks.target_tables import check_columns
from fastgru.cli.tasks.target_training import target_array

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences

__all__ = ["score_baseline"]


def score_baseline(
    args: argparse.Namespace,
    learned: LabelledSequences,
    chosen: LabelledSequences,
    values: np.ndarray,
    score: Callable[..., dict[str, Any]],
) -> dict[str, Any]:
    """Write the scores of what a baseline has predicted, and return them.

    Parameters
    ----------
    args
        Parsed options of ``fastgru baseline``.
    learned
        Records that it has learned from.
    chosen
        The n records to score it on.
    values
        float (n, k), its predictions.
    score
        From truth, predictions and names of the targets to the scores of the task.
    """
    check_columns(args.target, args.target)
    metrics = {
        **score(
            *(target_array(chosen), values, args.target),
            groups=chosen.groups,
            n_resamples=args.n_resamples,
            seed=args.seed,
        ),
        "schema_version": SCHEMA_VERSION,
        "task": args.task,
        "kind": "baseline",
        "baseline": args.baseline,
        "n_train": len(learned),
        "n_validation": 0,
        "shuffled_labels": False,
        "shuffled_sequences": None,
    }
    write_target_scores(
        *(args, chosen, args.target, metrics),
        columns=args.target,
        values=values,
        flags=[()] * len(chosen),
    )
    return metrics
