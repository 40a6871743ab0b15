"""``fastgru train``: learn a classifier from labelled sequences."""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from fastgru.cli.checkpointing import fit_with_checkpoint, require_outputs
from fastgru.cli.options import (
    add_labelled_input,
    add_output,
    add_threads,
    read_labelled_input,
    share,
)
from fastgru.cli.parameters import add_parameters, add_random_state, chosen_parameters
from fastgru.cli.plan import show_plan
from fastgru.cli.predictions import check_classes_to_train, look_like_nucleotides
from fastgru.cli.selection import add_split, select_for_training
from fastgru.errors import counted, shorten

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Train a classifier. With --split (or a column split beside the labels) it learns from the part
'train' and stops by the part 'validation'; the part 'test' is left alone. Without, repeated
sequences and those with conflicting labels are left out, and a share is held out to stop by.

The same seed gives the same file, bit for bit, for any number of threads. A training that was
interrupted, by whatever, goes on with --resume, and ends with that same file.
"""
_EPILOG = """\
examples:
  fastgru train genes.fa --labels labels.tsv --split split.tsv -o model.safetensors
  fastgru train --alphabet protein --class AMP=amp.fa.gz --class decoy=decoy.fa.gz \\
      --hidden-size 128 --seed 7 -o model.safetensors
"""


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
    add_output(group, what="model file (.safetensors)", default=None, required=False)
    group.add_argument("--history", metavar="TSV", help="table with one row per epoch")
    _add_checkpoint(group)
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="print what would be trained, with estimates of memory and time, and write nothing",
    )
    add_random_state(group)
    _add_studies(group)
    add_threads(group)


def _add_studies(group: argparse._ArgumentGroup) -> None:
    """Add what makes of a training a part of a study."""
    group.add_argument(
        "--train-fraction",
        type=share,
        default=1.0,
        metavar="X",
        help="share of the training sequences of each class to learn from, for a learning curve "
        "(default: all)",
    )
    group.add_argument(
        "--shuffle-labels",
        action="store_true",
        help="deal the labels out at random: a control, which must do no better than chance",
    )


def _add_checkpoint(group: argparse._ArgumentGroup) -> None:
    where = group.add_mutually_exclusive_group()
    where.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="where to keep the state of training, renewed after each epoch and removed when the "
        "model has been written (default: the model file with .checkpoint added)",
    )
    where.add_argument(
        "--no-checkpoint",
        dest="checkpoint",
        action="store_const",
        const=False,
        help="keep no state",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint, if there is one; the model is that of a training that was "
        "never interrupted. With --force, a checkpoint that does not fit is replaced",
    )


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.parameters import check_parameters
    from fastgru.training.checkpoint import remove_checkpoint

    require_outputs(args)
    model = SequenceClassifier(**chosen_parameters(args))
    parameters = check_parameters(model.get_params())
    data = read_labelled_input(args)
    training, validation = select_for_training(data, args.split, parameters)
    if args.train_fraction < 1:
        training = _part_of(training, args.train_fraction, args.random_state)
    if args.shuffle_labels:
        _LOGGER.warning("warning: the labels are shuffled; the model is a control, of no other use")
        training = _with_shuffled_labels(training, args.random_state)
        validation = validation and _with_shuffled_labels(validation, args.random_state)
    check_classes_to_train(training.classes)
    if model.alphabet == "protein" and look_like_nucleotides(data.sequences):
        _LOGGER.warning(
            "warning: all letters are A, C, G, T, U or N; if these are nucleotides, "
            "use --alphabet dna or rna"
        )
    if args.dry_run:
        show_plan(model, training, validation)
        return 0
    _LOGGER.info(
        "training on %s (classes %s)%s",
        counted(len(training), "sequence"),
        shorten(training.classes),
        "" if validation is None else f", {len(validation)} for validation",
    )
    fit_with_checkpoint(args, model, training, validation)
    files = [asdict(file) for file in data.files]
    extra: dict[str, Any] = {"data": {"files": files, "n_records": len(data)}}
    if args.shuffle_labels:
        extra["shuffled_labels"] = True
    model.save(args.output, extra=extra)
    if args.checkpoint is not None:
        remove_checkpoint(args.checkpoint)
    _LOGGER.info("%s", _summarise(model))
    return 0


def _part_of(data: LabelledSequences, fraction: float, seed: int) -> LabelledSequences:
    """Return a share of each class, at random, with one sequence of it at least."""
    import numpy as np

    from fastgru.data.partition import partition_records

    # the first takes the remainder, so a class of one record keeps it
    shares = {"used": fraction, "rest": 1 - fraction}
    parts = partition_records(data.labels, shares, np.random.default_rng(seed))
    return data.subset(k for k, part in enumerate(parts) if part == "used")


def _with_shuffled_labels(data: LabelledSequences, seed: int) -> LabelledSequences:
    from fastgru.data.shuffles import shuffle_labels

    return replace(data, labels=shuffle_labels(data.labels, seed=seed))


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
