"""``fastgru predict`` of a tagger."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.decision_options import refuse_decision
from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.tasks.tagging.table import (
    LABEL_COLUMNS,
    label_cells,
    letter_cells,
    letter_columns,
)

if TYPE_CHECKING:
    from fastgru.estimators.fitted_tagger import FittedTagger


def begin(args: argparse.Namespace, fitted: FittedTagger) -> tuple[PredictionColumns, CellsOf]:
    """Return the columns of the table, and what labels records."""
    refuse_decision(
        args,
        f"is for classifiers, but {args.model} labels letters, each with its most probable label",
    )
    if args.per_position:
        return letter_columns(fitted.classes.tolist()), lambda sequences, flags: letter_cells(
            flags, fitted.predict_letters(sequences, args.threads)
        )
    return LABEL_COLUMNS, lambda sequences, flags: label_cells(
        flags, fitted.predict(sequences, args.threads)
    )
