"""``fastgru train``: learn a classifier from labelled sequences."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import (
    add_labelled_input,
    add_output,
    add_threads,
    non_negative_int,
    read_labelled_input,
    require_new_output,
)
from fastgru.cli.parameters import add_parameters, chosen_parameters
from fastgru.cli.selection import add_split, select_for_training

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.training.loop import Epoch

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

    require_new_output(args, args.history)
    model = SequenceClassifier(**chosen_parameters(args))
    check_parameters(model.get_params())
    data = read_labelled_input(args)
    training, validation = select_for_training(data, args.split)
    _LOGGER.info("training on %d sequences of %d classes", len(training), len(training.classes))
    with show_progress("training", model.max_epochs) as progress:

        def report(epoch: Epoch) -> None:
            progress.advance(text=_describe(epoch))

        given = None if validation is None else (validation.sequences, validation.labels)
        model.fit(training.sequences, training.labels, validation_data=given, on_epoch=report)
    if args.history is not None:
        _write_history(args.history, model)
    model.save(args.output, extra={"data": _describe_data(data, training, validation)})
    kept = model.history_[model.best_epoch_ - 1]
    _LOGGER.info(
        "%d parameters, epoch %d of %d kept, validation loss %.4f, accuracy %.4f",
        model.n_parameters_,
        model.best_epoch_,
        model.n_iter_,
        kept["validation_loss"],
        kept["validation_accuracy"],
    )
    return 0


def _describe(epoch: Epoch) -> str:
    text = f"loss {epoch.train_loss:.4f}"
    if epoch.validation_loss == epoch.validation_loss:
        text += f", validation {epoch.validation_loss:.4f}"
    return text


def _write_history(path: str, model: SequenceClassifier) -> None:
    from fastgru.data.files import atomic_write

    with atomic_write(path) as file:
        file.write("\t".join(HISTORY_COLUMNS) + "\n")
        for epoch in model.history_:
            values = [epoch[name] for name in HISTORY_COLUMNS]
            cells = ["" if value != value else f"{value:.9g}" for value in values]
            file.write("\t".join(cells) + "\n")


def _describe_data(
    data: LabelledSequences, training: LabelledSequences, validation: LabelledSequences | None
) -> dict[str, Any]:
    """Return what the model file remembers of where it learned."""
    return {
        "files": [
            {"name": file.name, "sha256": file.sha256, "n_records": file.n_records}
            for file in data.files
        ],
        "n_records": len(data),
        "n_train": len(training),
        "n_validation": 0 if validation is None else len(validation),
        "longest": max(len(sequence) for sequence in training.sequences),
    }
