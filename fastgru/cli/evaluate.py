"""``fastgru evaluate``: score a model on sequences with the answers."""

from __future__ import annotations

import argparse

from fastgru.cli.options import add_labelled_input, add_threads, require_new_output
from fastgru.cli.predictions import require_letters
from fastgru.cli.scoring import add_scores
from fastgru.cli.selection import add_split

_DESCRIPTION = """\
Score a classifier on labelled sequences: the part 'test' of --split (or of a column split beside
the labels), or all records where there is no split. Writes the scores as JSON, each with its 95 %
interval by the bootstrap: over whole groups where the split or the labels have a column group.
"""
_EPILOG = """\
examples:
  fastgru evaluate model.safetensors genes.fa --labels labels.tsv --split split.tsv -o metrics.json
  fastgru evaluate model.safetensors --class AMP=new.fa --class decoy=other.fa
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score a classifier on labelled sequences",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file from 'fastgru train'")
    add_labelled_input(parser)
    parser.set_defaults(alphabet=None)
    add_split(parser, subset=True)
    parser.add_argument(
        "--shuffle",
        action="store_true",
        help="a control: score the model on shuffled sequences, which keep the counts of their "
        "dinucleotides (DNA and RNA) or residues (proteins)",
    )
    add_scores(parser)
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.cli.tasks import task_module
    from fastgru.estimators.loading import load_fitted

    require_new_output(args, args.predictions)
    fitted = load_fitted(args.model)
    require_letters(fitted, args.model)
    code: int = task_module(fitted.task, "evaluate").run(args, fitted)
    return code
