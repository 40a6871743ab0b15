"""``fastgru predict`` of a language model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.decision_options import refuse_decision
from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.tasks.language_model.table import LIKELIHOOD_COLUMNS, likelihood_cells

if TYPE_CHECKING:
    from fastgru.estimators.fitted_language_model import FittedLanguageModel


def begin(
    args: argparse.Namespace, fitted: FittedLanguageModel
) -> tuple[PredictionColumns, CellsOf]:
    """Return the columns of the table, and what scores records."""
    refuse_decision(args, f"{args.model} is a language model, expected a classifier to decide by")
    return LIKELIHOOD_COLUMNS, lambda sequences, flags: likelihood_cells(
        flags, *fitted.score(sequences, args.threads)
    )
