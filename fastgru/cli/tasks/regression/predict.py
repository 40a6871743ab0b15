"""``fastgru predict`` of a regressor."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.tasks.regression.table import (
    columns_of,
    predict_columns,
    warn_of_wide_intervals,
)
from fastgru.cli.tasks.target_prediction import begin_targets
from fastgru.cli.tasks.target_tables import check_columns

if TYPE_CHECKING:
    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_regressor import FittedRegressor


def begin(
    args: argparse.Namespace, fitted: FittedRegressor, table: TextIO
) -> Callable[[list[CheckedSequence]], list[tuple[str, ...]]]:
    """Write the header, and return what predicts records and writes their rows."""
    names = fitted.targets.tolist()
    columns = columns_of(names)
    check_columns(names, columns)
    warn_of_wide_intervals(fitted)
    return begin_targets(
        *(args, fitted, table, columns),
        lambda sequences: predict_columns(fitted, sequences, args.threads),
    )
