"""``fastgru predict`` of a classifier."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fastgru.cli.decision_options import chosen_decision
from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.predictions import check_class_names, class_cells, class_columns

if TYPE_CHECKING:
    from fastgru.estimators.fitted_classifier import FittedClassifier


def begin(args: argparse.Namespace, fitted: FittedClassifier) -> tuple[PredictionColumns, CellsOf]:
    """Return the columns of the table, and what classifies records."""
    check_class_names(map(str, fitted.classes))
    decision = chosen_decision(args, fitted)

    def cells_of(
        sequences: Sequence[str], flags: Sequence[tuple[str, ...]]
    ) -> Iterable[Sequence[str]]:
        probabilities, labels = decision.apply(fitted.predict_proba(sequences, args.threads))
        return class_cells(flags, labels, probabilities)

    return class_columns(decision.classes), cells_of
