"""``fastgru evaluate`` on columns of targets, of whichever task that has some."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import read_labelled_input
from fastgru.cli.predictions import warn_of_shuffled_labels
from fastgru.cli.scoring import write_scores_and_table
from fastgru.cli.selection import select_parts
from fastgru.cli.tasks.evaluation import (
    about_model,
    match_alphabet,
    require_readable,
    shuffled,
    warn_of_doubts,
)
from fastgru.cli.tasks.target_tables import (
    target_cells,
    target_columns,
    truth_columns,
)

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.data.target_columns import TargetColumns
    from fastgru.estimators.fitted_network import FittedNetwork

__all__ = ["evaluate_targets", "write_target_scores"]


def evaluate_targets(
    args: argparse.Namespace,
    fitted: FittedNetwork,
    targets: TargetColumns,
    columns: Sequence[str],
    predict: Callable[[Sequence[str]], np.ndarray],
    score: Callable[[LabelledSequences, np.ndarray], dict[str, Any]],
) -> dict[str, Any]:
    """Score a model, write the scores, and return them.

    Parameters
    ----------
    args
        Parsed options of ``fastgru evaluate``.
    fitted
    targets
        What to read of the table.
    columns
        Of the predictions.
    predict
        From n sequences to float (n, n_columns).
    score
        From records and predictions to the scores of the task.
    """
    match_alphabet(args, fitted)
    data = read_labelled_input(args, targets)
    chosen = select_parts(data, args.split, args.subset)
    require_readable(fitted, chosen)
    n_seen = warn_of_doubts(fitted, data, chosen)
    shuffled_labels = warn_of_shuffled_labels(fitted, args.model)
    chosen, kept = shuffled(args, chosen)
    values = predict(chosen.sequences)
    metrics = {
        **score(chosen, values),
        "task": fitted.task,
        **about_model(fitted, data, chosen, n_seen, kept),
        "shuffled_labels": shuffled_labels,
    }
    flags = fitted.flag_unusual(chosen.sequences)
    write_target_scores(
        *(args, chosen, targets.names, metrics), columns=columns, values=values, flags=flags
    )
    return metrics


def write_target_scores(
    args: argparse.Namespace,
    chosen: LabelledSequences,
    names: Sequence[str],
    metrics: Mapping[str, Any],
    *,
    columns: Sequence[str],
    values: np.ndarray,
    flags: Sequence[tuple[str, ...]],
) -> None:
    """Write the scores, and the predictions if the scores could be written.

    Parameters
    ----------
    args
        Parsed options of :func:`fastgru.cli.scoring.add_scores`.
    chosen
        The n records.
    names
        Of the targets.
    metrics
        What becomes metrics.json.
    columns
        Of the predictions.
    values
        float (n, n_columns), the predictions.
    flags
        In which ways each record is unlike those of training.
    """
    write_scores_and_table(
        *(args, chosen, metrics, target_columns(columns), target_cells(flags, values)),
        known=truth_columns(chosen, names),
    )
