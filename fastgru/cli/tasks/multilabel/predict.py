"""``fastgru predict`` of a classifier of several labels."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.tasks.target_prediction import begin_targets
from fastgru.cli.tasks.target_tables import check_columns

if TYPE_CHECKING:
    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_multilabel import FittedMultilabel


def begin(
    args: argparse.Namespace, fitted: FittedMultilabel, table: TextIO
) -> Callable[[list[CheckedSequence]], list[tuple[str, ...]]]:
    """Write the header, and return what predicts records and writes their rows."""
    names = fitted.classes.tolist()
    check_columns(names, names)
    return begin_targets(
        *(args, fitted, table, names),
        lambda sequences: fitted.predict_proba(sequences, args.threads),
    )
