"""``fastgru predict`` of a tagger."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.tasks.tagging.table import write_header, write_rows
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_tagger import FittedTagger


def begin(
    args: argparse.Namespace, fitted: FittedTagger, table: TextIO
) -> Callable[[list[CheckedSequence]], list[tuple[str, ...]]]:
    """Write the header, and return what labels records and writes their rows."""
    for name in ("prevalence", "threshold", "abstain"):
        if getattr(args, name) is not None:
            raise ConfigurationError(
                f"--{name}: is for classifiers, but {args.model} labels letters, each with its "
                "most probable label. Leave it out."
            )
    write_header(table)

    def write_chunk(chunk: list[CheckedSequence]) -> list[tuple[str, ...]]:
        usable = [record.sequence for record in chunk if record.problem is None]
        flags, labels = fitted.flag_unusual(usable), fitted.predict(usable, args.threads)
        write_rows(
            table,
            [record.id for record in chunk],
            [record.problem for record in chunk],
            zip(flags, labels, strict=True),
        )
        return flags

    return write_chunk
