"""``fastgru predict`` of a regressor."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.tasks.regression.table import (
    columns_of,
    predict_columns,
    warn_of_wide_intervals,
)
from fastgru.cli.tasks.target_prediction import begin_targets
from fastgru.cli.tasks.target_tables import check_columns

if TYPE_CHECKING:
    from fastgru.estimators.fitted_regressor import FittedRegressor


def begin(args: argparse.Namespace, fitted: FittedRegressor) -> tuple[PredictionColumns, CellsOf]:
    """Return the columns of the table, and what predicts records."""
    names = fitted.targets.tolist()
    columns = columns_of(names)
    check_columns(names, columns)
    warn_of_wide_intervals(fitted)
    return begin_targets(
        *(args, fitted.task, columns),
        lambda sequences: predict_columns(fitted, sequences, args.threads),
    )
