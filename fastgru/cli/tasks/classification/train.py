"""``fastgru train`` of a classifier."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from fastgru.cli.options import read_labelled_input
from fastgru.cli.parameters import chosen_parameters
from fastgru.cli.plan import show_plan
from fastgru.cli.predictions import check_classes_to_train
from fastgru.cli.selection import require_lengths, select_for_training
from fastgru.cli.tasks.training import train_and_save, warn_of_nucleotides
from fastgru.errors import counted, shorten

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences

_LOGGER = logging.getLogger(__name__)


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.parameters import check_parameters

    model = SequenceClassifier(**chosen_parameters(args))
    parameters = check_parameters(model.get_params())
    data = read_labelled_input(args)
    training, validation = select_for_training(data, args.split, parameters)
    for used in filter(None, (training, validation)):
        require_lengths(used, parameters["kmer_size"])
    if args.train_fraction < 1:
        training = _part_of(training, args.train_fraction, args.random_state)
    if args.shuffle_labels:
        _LOGGER.warning("warning: the labels are shuffled; the model is a control, of no other use")
        training = _with_shuffled_labels(training, args.random_state)
        validation = validation and _with_shuffled_labels(validation, args.random_state)
    check_classes_to_train(training.classes)
    warn_of_nucleotides(model.alphabet, data.sequences)
    if args.dry_run:
        show_plan(model, training, validation)
        return 0
    _LOGGER.info(
        "training on %s (classes %s)%s",
        counted(len(training), "sequence"),
        shorten(training.classes),
        "" if validation is None else f", {len(validation)} for validation",
    )
    given = None if validation is None else (validation.sequences, validation.labels)
    train_and_save(
        *(args, model),
        partial(model.fit, training.sequences, training.labels, validation_data=given),
        data=data,
        n_sequences=len(training),
        extra={"shuffled_labels": True} if args.shuffle_labels else {},
    )
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
