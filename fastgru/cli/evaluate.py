"""``fastgru evaluate``: score a model on sequences with the answers."""

from __future__ import annotations

import argparse

from fastgru.cli.features import require_features
from fastgru.cli.options import add_labelled_input, add_threads, require_new_output
from fastgru.cli.scoring import add_scores
from fastgru.cli.selection import add_split
from fastgru.cli.step_labels import add_step_labels, require_step_labels
from fastgru.cli.tasks.translation.options import (
    add_search,
    add_translations,
    refuse_search,
    refuse_translations,
)
from fastgru.errors import ConfigurationError

_DESCRIPTION = """\
Score a model on the part 'test' of --split (or of a column split beside the labels), or on all
records where there is no split. Writes the scores as JSON, each with its 95 % interval by the
bootstrap: over whole groups where the split or the labels have a column group. A language model
needs no labels, and is scored beside Markov models; a translator takes --translations, and is
scored beside the most frequent token for each letter in what the split does not test with.
"""
_EPILOG = """\
examples:
  fastgru evaluate model.safetensors genes.fa --labels labels.tsv --split split.tsv -o metrics.json
  fastgru evaluate model.safetensors --class AMP=new.fa --class decoy=other.fa
  fastgru evaluate model.safetensors proteins.fa --translations genes.fa --split split.tsv
  fastgru evaluate lm.safetensors held_out.fa --baseline-fasta genomes.fa
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score a model on sequences held out",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file from 'fastgru train'")
    add_labelled_input(parser, series=True, features=True)
    add_translations(parser)
    parser.set_defaults(alphabet=None)
    add_step_labels(parser)
    add_split(parser, subset=True)
    parser.add_argument(
        "--shuffle",
        action="store_true",
        help="a control: score the model on shuffled sequences, which keep the counts of their "
        "dinucleotides (DNA and RNA) or residues (proteins)",
    )
    parser.add_argument(
        "--baseline-fasta",
        metavar="FASTA",
        help="of a language model: what the Markov models beside it learn from (default: the parts "
        "train and validation of the split)",
    )
    add_search(parser)
    add_scores(parser)
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.cli.tasks import task_module
    from fastgru.estimators.loading import load_fitted

    require_new_output(args, args.predictions)
    fitted = load_fitted(args.model)
    refuse_translations(args, fitted.task)
    require_features(args, fitted)
    refuse_search(args, fitted)
    if args.baseline_fasta is not None and fitted.task != "language_model":
        raise ConfigurationError(
            f"--baseline-fasta: {args.model} is a model of {fitted.task}, expected one of "
            "language_model. Leave it out; 'fastgru baseline' trains what a classifier has to beat."
        )
    require_step_labels(args, fitted.task)
    code: int = task_module(fitted.task, "evaluate").run(args, fitted)
    return code
