"""``fastgru train``: learn a classifier from labelled sequences."""

from __future__ import annotations

import argparse
import contextlib
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from fastgru.cli.options import (
    add_labelled_input,
    add_output,
    add_threads,
    non_negative_int,
    read_labelled_input,
    require_new_output,
)
from fastgru.cli.parameters import add_parameters, chosen_parameters
from fastgru.cli.predictions import check_class_names, look_like_nucleotides
from fastgru.cli.selection import add_split, select_for_training
from fastgru.errors import ConfigurationError, counted, shorten

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.training.state import Epoch

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Train a classifier. With --split (or a column split beside the labels) it learns from the part
'train' and stops by the part 'validation'; the part 'test' is left alone. Without, repeated
sequences and those with conflicting labels are left out, and a share is held out to stop by.

The same seed gives the same file, bit for bit, for any number of threads.
"""
_EPILOG = """\
examples:
  fastgru train genes.fa --labels labels.tsv --split split.tsv -o model.safetensors
  fastgru train --alphabet protein --class AMP=amp.fa.gz --class decoy=decoy.fa.gz \\
      --hidden-size 128 --seed 7 -o model.safetensors
"""
HISTORY_COLUMNS = (
    "epoch",
    "learning_rate",
    "train_loss",
    "validation_loss",
    "validation_accuracy",
    "gradient_norm",
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "train",
        help="learn a classifier from labelled sequences",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_labelled_input(parser)
    add_split(parser, subset=False)
    add_parameters(parser)
    group = parser.add_argument_group("run")
    add_output(group, what="model file (.safetensors)", default=None)
    group.add_argument("--history", metavar="TSV", help="table with one row per epoch")
    group.add_argument(
        "--random-state",
        "--seed",
        dest="random_state",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="source of all randomness (default: %(default)s)",
    )
    add_threads(group)


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.cli.progress import show_progress
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.parameters import check_parameters

    _require_outputs(args)
    model = SequenceClassifier(**chosen_parameters(args))
    check_parameters(model.get_params())
    data = read_labelled_input(args)
    training, validation = select_for_training(data, args.split)
    check_class_names(training.classes)
    if model.alphabet == "protein" and look_like_nucleotides(data.sequences):
        _LOGGER.warning(
            "warning: all letters are A, C, G, T, U or N; if these are nucleotides, "
            "use --alphabet dna or rna"
        )
    _LOGGER.info(
        "training on %s (classes %s)%s",
        counted(len(training), "sequence"),
        shorten(training.classes),
        "" if validation is None else f", {len(validation)} for validation",
    )
    with show_progress("training", model.max_epochs) as progress:

        def report(epoch: Epoch) -> None:
            progress.advance(text=_describe(epoch))

        given = None if validation is None else (validation.sequences, validation.labels)
        model.fit(training.sequences, training.labels, validation_data=given, on_epoch=report)
    _write(args, model, data)
    _LOGGER.info("%s", _summarise(model))
    return 0


def _require_outputs(args: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written, before hours of work."""
    if args.output.endswith(".gz"):
        raise ConfigurationError(
            f"{args.output}: model files are not compressed, expected a name such as "
            "model.safetensors. Choose another name."
        )
    require_new_output(args, args.history)


def _describe(epoch: Epoch) -> str:
    text = f"loss {epoch.train_loss:.4f}"
    if epoch.validation_loss == epoch.validation_loss:
        text += f", validation {epoch.validation_loss:.4f}"
    return text


def _write(args: argparse.Namespace, model: SequenceClassifier, data: LabelledSequences) -> None:
    """Write the model, and the history if the model could be written."""
    from fastgru.data.files import atomic_write

    with contextlib.ExitStack() as stack:
        if args.history is not None:
            file = stack.enter_context(atomic_write(args.history))
            file.write("\t".join(HISTORY_COLUMNS) + "\n")
            for epoch in model.history_:
                values = [epoch[name] for name in HISTORY_COLUMNS]
                cells = ["" if value != value else f"{value:.9g}" for value in values]
                file.write("\t".join(cells) + "\n")
        files = [asdict(file) for file in data.files]
        model.save(args.output, extra={"data": {"files": files, "n_records": len(data)}})


def _summarise(model: SequenceClassifier) -> str:
    kept = model.history_[model.best_epoch_ - 1]
    text = (
        f"{model.n_parameters_} weights learned from {counted(model.n_train_, 'sequence')}; "
        f"epoch {model.best_epoch_} of {model.n_iter_} kept"
    )
    if kept["validation_loss"] == kept["validation_loss"]:
        text += (
            f", validation loss {kept['validation_loss']:.4f}, "
            f"accuracy {kept['validation_accuracy']:.4f}"
        )
    return text
