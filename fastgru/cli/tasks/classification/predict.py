"""``fastgru predict`` of a classifier."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.decision_options import chosen_decision
from fastgru.cli.predictions import check_class_names, write_header, write_rows

if TYPE_CHECKING:
    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_classifier import FittedClassifier


def begin(
    args: argparse.Namespace, fitted: FittedClassifier, table: TextIO
) -> Callable[[list[CheckedSequence]], list[tuple[str, ...]]]:
    """Write the header, and return what classifies records and writes their rows."""
    check_class_names(map(str, fitted.classes))
    decision = chosen_decision(args, fitted)
    write_header(table, decision.classes)

    def write_chunk(chunk: list[CheckedSequence]) -> list[tuple[str, ...]]:
        usable = [record.sequence for record in chunk if record.problem is None]
        probabilities, labels = decision.apply(fitted.predict_proba(usable, args.threads))
        flags = fitted.flag_unusual(usable)
        write_rows(
            table,
            [record.id for record in chunk],
            [record.problem for record in chunk],
            labels=labels,
            flags=flags,
            probabilities=probabilities,
        )
        return flags

    return write_chunk
