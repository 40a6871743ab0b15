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
from fastgru.cli.selection import select_for_training
from fastgru.cli.tasks.training import part_of, train_and_save, warn_of_nucleotides
from fastgru.errors import counted, shorten

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier

_LOGGER = logging.getLogger(__name__)


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.parameters import check_parameters

    model = SequenceClassifier(**chosen_parameters(args))
    parameters = check_parameters(model.get_params())
    data = read_labelled_input(args)
    training, validation = select_for_training(data, args.split, parameters)
    if args.train_fraction < 1:
        training = part_of(training, args.train_fraction, args.random_state)
    if args.shuffle_labels:
        _LOGGER.warning("warning: the labels are shuffled; the model is a control, of no other use")
        training = _with_shuffled_labels(training, args.random_state)
        validation = validation and _with_shuffled_labels(validation, args.random_state)
    check_classes_to_train(training.classes)
    warn_of_nucleotides(model.alphabet, data.sequences)
    given = None if validation is None else (validation.sequences, validation.labels)
    if args.dry_run:
        _show_plan(args, model, training, given)
        return 0
    _LOGGER.info(
        "training on %s (classes %s)%s",
        counted(len(training), "sequence"),
        shorten(training.classes),
        "" if validation is None else f", {len(validation)} for validation",
    )
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
        n_sequences=len(training),
        extra={"shuffled_labels": True} if args.shuffle_labels else {},
    )
    return 0


def _show_plan(
    args: argparse.Namespace,
    model: SequenceClassifier,
    training: LabelledSequences,
    validation_data: tuple[list[str], list[str]] | None,
) -> None:
    from fastgru.estimators.parameters import check_parameters
    from fastgru.estimators.pretraining import read_pretrained
    from fastgru.estimators.training_sets import given_sets

    parameters = check_parameters(model.get_params())
    given = given_sets(
        *(parameters, training.sequences, training.labels),
        sample_weight=None,
        validation_data=validation_data,
        pretrained=read_pretrained(args.pretrained, args.freeze_epochs, parameters),
    )
    show_plan(model, parameters, given, labels=training.labels)


def _with_shuffled_labels(data: LabelledSequences, seed: int) -> LabelledSequences:
    from fastgru.data.shuffles import shuffle_labels

    return replace(data, labels=shuffle_labels(data.labels, seed=seed))
