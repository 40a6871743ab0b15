"""``fastgru predict`` of a language model."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.tasks.language_model.table import write_header, write_rows
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_language_model import FittedLanguageModel


def begin(
    args: argparse.Namespace, fitted: FittedLanguageModel, table: TextIO
) -> Callable[[list[CheckedSequence]], list[tuple[str, ...]]]:
    """Write the header, and return what scores records and writes their rows."""
    for name in ("prevalence", "threshold", "abstain"):
        if getattr(args, name) is not None:
            raise ConfigurationError(
                f"--{name}: {args.model} is a language model, expected a classifier to decide by. "
                "Leave the option out."
            )
    write_header(table)

    def write_chunk(chunk: list[CheckedSequence]) -> list[tuple[str, ...]]:
        usable = [record.sequence for record in chunk if record.problem is None]
        nats, n_predicted = fitted.score(usable, args.threads)
        flags = fitted.flag_unusual(usable)
        write_rows(
            table,
            [record.id for record in chunk],
            [record.problem for record in chunk],
            flags=flags,
            nats=nats,
            n_predicted=n_predicted,
        )
        return flags

    return write_chunk
