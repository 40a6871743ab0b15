"""``fastgru predict`` of a translator."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.tasks.translation.options import search_options
from fastgru.cli.tasks.translation.table import write_header, write_rows
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_translator import FittedTranslator


def begin(
    args: argparse.Namespace, fitted: FittedTranslator, table: TextIO
) -> Callable[[list[CheckedSequence]], list[tuple[str, ...]]]:
    """Write the header, and return what translates records and writes their rows."""
    for name in ("prevalence", "threshold", "abstain"):
        if getattr(args, name) is not None:
            raise ConfigurationError(
                f"--{name}: {args.model} is a translator, expected a classifier to decide by. "
                "Leave the option out."
            )
    how = search_options(args)
    write_header(table)

    def write_chunk(chunk: list[CheckedSequence]) -> list[tuple[str, ...]]:
        usable = [record.sequence for record in chunk if record.problem is None]
        flags = fitted.flag_unusual(usable)
        write_rows(
            table,
            [record.id for record in chunk],
            [record.problem for record in chunk],
            flags=flags,
            written=fitted.translate(usable, **how, threads=args.threads),
        )
        return flags

    return write_chunk
