"""``fastgru predict`` of targets, of whichever task that has some."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.decision_options import refuse_decision
from fastgru.cli.tasks.target_tables import write_target_header, write_target_rows

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_network import FittedNetwork

__all__ = ["begin_targets"]


def begin_targets(
    args: argparse.Namespace,
    fitted: FittedNetwork,
    table: TextIO,
    columns: Sequence[str],
    predict: Callable[[Sequence[str]], np.ndarray],
) -> Callable[[list[CheckedSequence]], list[tuple[str, ...]]]:
    """Write the header, and return what predicts records and writes their rows.

    Parameters
    ----------
    args
        Parsed options of ``fastgru predict``.
    fitted
    table
    columns
        Of what is predicted.
    predict
        From n sequences to float (n, n_columns).
    """
    refuse_decision(args, fitted.task)
    write_target_header(table, columns)

    def write_chunk(chunk: list[CheckedSequence]) -> list[tuple[str, ...]]:
        usable = [record.sequence for record in chunk if record.problem is None]
        flags = fitted.flag_unusual(usable)
        write_target_rows(
            table,
            [record.id for record in chunk],
            [record.problem for record in chunk],
            flags=flags,
            values=predict(usable),
        )
        return flags

    return write_chunk
