"""``fastgru train`` of a classifier."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import read_labelled_input
from fastgru.cli.parameters import chosen_parameters
from fastgru.cli.plan import describe_classes, show_plan
from fastgru.cli.predictions import check_classes_to_train
from fastgru.cli.selection import require_lengths
from fastgru.cli.tasks.training import (
    say_sizes,
    select_to_learn,
    train_and_save,
    warn_of_nucleotides,
)
from fastgru.errors import shorten

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.training_sets import GivenSets


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.training_parameters import check_to_train

    model = SequenceClassifier(**chosen_parameters(args))
    parameters = check_to_train(model.get_params())
    data = read_labelled_input(args)
    training, validation = select_to_learn(args, data, parameters)
    for used in filter(None, (training, validation)):
        require_lengths(used, parameters["kmer_size"])
    check_classes_to_train(training.classes)
    warn_of_nucleotides(model.alphabet, data.sequences)
    given = None if validation is None else (validation.sequences, validation.labels)
    if args.dry_run:
        sets = _given_sets(args, parameters, training, given)
        show_plan(parameters, sets, describe_classes(training.labels))
        return 0
    say_sizes(training, validation, f" (classes {shorten(training.classes)})")
    train_and_save(
        *(args, model),
        partial(
            model.fit,
            *(training.sequences, training.labels),
            validation_data=given,
            pretrained=args.pretrained,
            freeze_epochs=args.freeze_epochs,
        ),
        data=data,
        training=training,
    )
    return 0


def _given_sets(
    args: argparse.Namespace,
    parameters: dict[str, Any],
    training: LabelledSequences,
    validation_data: tuple[list[str], list[str]] | None,
) -> GivenSets:
    """Return what `fit` would make of the data."""
    from fastgru.estimators.pretraining import read_pretrained
    from fastgru.estimators.training_sets import given_sets

    return given_sets(
        *(parameters, training.sequences, training.labels),
        sample_weight=None,
        validation_data=validation_data,
        pretrained=read_pretrained(args.pretrained, args.freeze_epochs, parameters),
    )
