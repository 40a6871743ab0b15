"""``fastgru evaluate``: score a classifier on labelled sequences."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import (
    add_labelled_input,
    add_output,
    add_threads,
    read_labelled_input,
    require_new_output,
)
from fastgru.cli.predictions import check_class_names, write_header, write_rows
from fastgru.cli.selection import add_split, select_parts
from fastgru.errors import ConfigurationError, LabelError, shorten

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Score a classifier on labelled sequences: the part 'test' of --split (or of a column split beside
the labels), or all records where there is no split. Writes the scores as JSON.
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
    add_output(parser, what="JSON file for the scores")
    parser.add_argument("--predictions", metavar="TSV", help="table of the predictions as well")
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    import json

    from fastgru.data.files import atomic_write
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.models.model_file import read_model

    require_new_output(args, args.predictions)
    model = SequenceClassifier.load(args.model).set_params(threads=args.threads)
    _match_alphabet(args, model)
    chosen = select_parts(read_labelled_input(args), args.split, args.subset)
    metrics = _score(args, model, chosen)
    trained_on = read_model(args.model).card.get("data", {})
    metrics["n_train"] = trained_on.get("n_train")
    metrics["n_validation"] = trained_on.get("n_validation")
    metrics["schema_version"] = 1
    with atomic_write(args.output) as file:
        json.dump(metrics, file, indent=2, sort_keys=True, allow_nan=False)
        file.write("\n")
    for name in ("n_test", "accuracy", "balanced_accuracy", "mcc", "roc_auc", "pr_auc"):
        value = metrics[name]
        _LOGGER.info("%s: %s", name, f"{value:.4f}" if isinstance(value, float) else value)
    return 0


def _match_alphabet(args: argparse.Namespace, model: SequenceClassifier) -> None:
    """Take the alphabet of the model; refuse another one."""
    if args.alphabet not in (None, model.alphabet):
        raise ConfigurationError(
            f"--alphabet {args.alphabet}: the model was trained on {model.alphabet}. "
            "Leave the option out."
        )
    args.alphabet = model.alphabet


def _score(
    args: argparse.Namespace, model: SequenceClassifier, chosen: LabelledSequences
) -> dict[str, Any]:
    from fastgru.data.files import atomic_write
    from fastgru.evaluation.metrics import classification_metrics

    classes = [str(name) for name in model.classes_]
    unknown = sorted(set(chosen.labels) - set(classes))
    if unknown:
        raise LabelError(
            f"{args.model}: does not know {shorten(unknown)}, expected the classes "
            f"{shorten(classes)}."
        )
    check_class_names(classes)
    probabilities = model.predict_proba(chosen.sequences)
    if args.predictions is not None:
        with atomic_write(args.predictions) as file:
            write_header(file, classes)
            write_rows(file, chosen.ids, [None] * len(chosen), probabilities, classes)
    predicted = [classes[k] for k in probabilities.argmax(axis=1)]
    return classification_metrics(chosen.labels, predicted, probabilities, classes)
