"""``fastgru annotate``: say more of a model in its file."""

from __future__ import annotations

import argparse
import logging

from fastgru.cli.options import add_output, require_new_output
from fastgru.cli.origin import add_purpose, chosen_purpose
from fastgru.cli.overwriting import refuse_compressed
from fastgru.errors import ConfigurationError

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Write a model file that says more of the same model: how well it does on sequences held out, under
which licence it is, and what it is for. Weights and predictions stay what they are.
"""
_EPILOG = """\
example:
  fastgru evaluate model.safetensors genes.fa --labels labels.tsv --split split.tsv -o metrics.json
  fastgru annotate model.safetensors --metrics metrics.json --license CC-BY-4.0 \\
      --intended-use "Donor sites of human genes; not for diagnosis." -o published.safetensors
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "annotate",
        help="add scores, licence and intended use to a model file",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file")
    parser.add_argument(
        "--metrics",
        metavar="JSON",
        help="scores that 'fastgru evaluate' has written of this model",
    )
    add_purpose(parser)
    add_output(parser, what="model file (.safetensors)", default=None)


def run(args: argparse.Namespace) -> int:
    """Write the model file and return the exit code."""
    from fastgru.estimators.annotating import annotate_model

    entries = chosen_purpose(args)
    if args.metrics is None and not entries:
        raise ConfigurationError(
            "annotate: there is nothing to add, expected --metrics, --license or --intended-use. "
            "Give one of them."
        )
    refuse_compressed(args.output, "model files", "annotated.safetensors")
    require_new_output(args)
    annotate_model(args.model, args.output, metrics=args.metrics, entries=entries)
    added = [*(["metrics"] if args.metrics is not None else []), *entries]
    _LOGGER.info("added: %s", ", ".join(added))
    return 0
