"""``fastgru predict`` of a translator."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.decision_options import refuse_decision
from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.tasks.translation.options import search_options
from fastgru.cli.tasks.translation.table import TRANSLATION_COLUMNS, translation_cells

if TYPE_CHECKING:
    from fastgru.estimators.fitted_translator import FittedTranslator


def begin(args: argparse.Namespace, fitted: FittedTranslator) -> tuple[PredictionColumns, CellsOf]:
    """Return the columns of the table, and what translates records."""
    refuse_decision(args, f"{args.model} is a translator, expected a classifier to decide by")
    how = search_options(args)
    return TRANSLATION_COLUMNS, lambda sequences, flags: translation_cells(
        flags, fitted.translate(sequences, **how, threads=args.threads)
    )
