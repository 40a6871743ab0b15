"""``fastgru predict`` of a language model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.tasks.language_model.table import LIKELIHOOD_COLUMNS, likelihood_cells
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.estimators.fitted_language_model import FittedLanguageModel


def begin(
    args: argparse.Namespace, fitted: FittedLanguageModel
) -> tuple[PredictionColumns, CellsOf]:
    """Return the columns of the table, and what scores records."""
    for name in ("prevalence", "threshold", "abstain"):
        if getattr(args, name) is not None:
            raise ConfigurationError(
                f"--{name}: {args.model} is a language model, expected a classifier to decide by. "
                "Leave the option out."
            )
    return LIKELIHOOD_COLUMNS, lambda sequences, flags: likelihood_cells(
        flags, *fitted.score(sequences, args.threads)
    )
