"""What the input of a command consists of: letters of an alphabet, or series of real numbers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.alphabets import Alphabet
    from fastgru.data.series_files import SeriesKind

__all__ = ["NUMERIC_TASKS", "SERIES", "add_alphabet", "chosen_alphabet", "refuse_series"]

_LETTERS = ("dna", "rna", "protein")
SERIES = "series"  # of fastgru.data.series, which loads NumPy
NUMERIC_TASKS = ("classification", "multilabel", "regression")
"""Tasks that read numbers in place of letters, or beside them."""


def add_alphabet(parser: argparse._ActionsContainer, *, series: bool = False) -> None:
    """Add ``--alphabet``.

    Parameters
    ----------
    parser
    series
        Whether the command also reads series.
    """
    more = "; with series, FASTA is a table (TSV), an .npz file or a folder of these"
    parser.add_argument(
        "--alphabet",
        choices=(*_LETTERS, SERIES) if series else _LETTERS,
        default="dna",
        help=f"kind of sequences{more if series else ''} (default: %(default)s)",
    )


def refuse_series(args: argparse.Namespace, task: str) -> None:
    """Refuse series for a task that learns nothing from them.

    Parameters
    ----------
    args
        Parsed options, ``alphabet`` among them.
    task

    Raises
    ------
    ConfigurationError
    """
    if args.alphabet == SERIES and task not in NUMERIC_TASKS:
        raise ConfigurationError(
            f"--alphabet series: the task is {task}, which is about letters, expected one of "
            f"{', '.join(NUMERIC_TASKS)}. Choose another task or alphabet."
        )


def chosen_alphabet(args: argparse.Namespace) -> Alphabet | SeriesKind:
    """Return what the options say that sequences are like.

    Parameters
    ----------
    args
        Parsed options, ``alphabet`` among them; ``time_decay`` and ``n_features`` if known.
    """
    if args.alphabet != SERIES:
        from fastgru.data.alphabets import get_alphabet

        return get_alphabet(args.alphabet)
    from fastgru.data.series_files import SeriesKind

    timed = getattr(args, "time_decay", False)
    return SeriesKind(getattr(args, "n_features", None), timed=timed)
