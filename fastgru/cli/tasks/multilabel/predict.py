"""``fastgru predict`` of a classifier of several labels."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.tasks.target_prediction import begin_targets
from fastgru.cli.tasks.target_tables import check_columns

if TYPE_CHECKING:
    from fastgru.estimators.fitted_multilabel import FittedMultilabel


def begin(args: argparse.Namespace, fitted: FittedMultilabel) -> tuple[PredictionColumns, CellsOf]:
    """Return the columns of the table, and what predicts records."""
    names = fitted.classes.tolist()
    check_columns(names, names)
    return begin_targets(
        *(args, fitted.task, names),
        lambda sequences: fitted.predict_proba(sequences, args.threads),
    )
