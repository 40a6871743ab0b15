"""``fastgru generate``: make new sequences with a language model."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING

from fastgru.cli.options import (
    add_output,
    add_seed,
    add_threads,
    non_negative_int,
    positive_int,
    require_new_output,
)
from fastgru.errors import counted

if TYPE_CHECKING:
    from fastgru.estimators.fitted_model import FittedModel

_LOGGER = logging.getLogger(__name__)
_LINE = 80
_DESCRIPTION = """\
Draw new sequences letter by letter from what a language model expects next, until their end, and
write them as FASTA with the ids generated_1, generated_2, ... The same seed gives the same
sequences. One that reaches --max-length is cut there; a warning counts these.
"""
_EPILOG = """\
examples:
  fastgru generate lm.safetensors -n 10 --temperature 0.8 --seed 1 -o new.fa
  fastgru generate lm.safetensors -n 1 --prefix ATG --max-length 300
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "generate",
        help="make new sequences with a language model",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "model", metavar="MODEL", help="model file from 'fastgru train --task language_model'"
    )
    parser.add_argument(
        "-n",
        "--number",
        type=non_negative_int,
        default=1,
        metavar="N",
        help="sequences to make (default: %(default)s)",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=1.0,
        metavar="X",
        help="below 1 likely letters become more likely, above 1 less; 0 takes the most likely one "
        "each time (default: %(default)s)",
    )
    parser.add_argument(
        "--max-length",
        type=positive_int,
        default=1000,
        metavar="N",
        help="most letters of a sequence, those of the prefix included (default: %(default)s)",
    )
    parser.add_argument(
        "--prefix", default="", metavar="LETTERS", help="what all sequences begin with"
    )
    add_seed(parser)
    add_output(parser, what="FASTA file")
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Write the sequences and return the exit code."""
    from fastgru.data.writing import atomic_write
    from fastgru.estimators.loading import load_fitted

    require_new_output(args)
    made = _generate(args, load_fitted(args.model, "language_model"))
    with atomic_write(args.output) as file:
        for number, letters in enumerate(made, start=1):
            lines = [letters[at : at + _LINE] for at in range(0, len(letters), _LINE)]
            file.write("\n".join([f">generated_{number}", *lines, ""]))
    n_cut = sum(len(letters) == args.max_length for letters in made)
    if n_cut:
        _LOGGER.warning(
            "warning: cut at %s: %s; --max-length allows more",
            counted(args.max_length, "letter"),
            counted(n_cut, "sequence"),
        )
    return 0


def _generate(args: argparse.Namespace, fitted: FittedModel) -> list[str]:
    from fastgru.estimators.fitted_language_model import FittedLanguageModel

    assert isinstance(fitted, FittedLanguageModel)
    return fitted.generate(
        args.number,
        temperature=args.temperature,
        max_length=args.max_length,
        prefix=args.prefix,
        random_state=args.seed,
        threads=args.threads,
    )
