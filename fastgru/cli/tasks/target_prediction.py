"""``fastgru predict`` of targets, of whichever task that has some."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fastgru.cli.decision_options import refuse_decision
from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.tasks.target_tables import target_cells, target_columns

if TYPE_CHECKING:
    import numpy as np

__all__ = ["begin_targets"]


def begin_targets(
    args: argparse.Namespace,
    task: str,
    columns: Sequence[str],
    predict: Callable[[Sequence[str]], np.ndarray],
) -> tuple[PredictionColumns, CellsOf]:
    """Return the columns of the table, and what predicts records.

    Parameters
    ----------
    args
        Parsed options of ``fastgru predict``.
    task
    columns
        Of what is predicted.
    predict
        From n sequences to float (n, n_columns).
    """
    refuse_decision(
        args, f"{args.model} is a model of the task {task}, expected one of classification for it"
    )
    nested = "targets" if task == "regression" else "probabilities"
    return target_columns(columns, nested), lambda sequences, flags: target_cells(
        flags, predict(sequences)
    )
