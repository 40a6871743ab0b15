"""``fastgru train`` of a language model."""

from __future__ import annotations

import argparse
from functools import partial

from fastgru.cli.parameters import chosen_parameters
from fastgru.cli.plan import show_plan
from fastgru.cli.tasks.language_model.reading import read_input
from fastgru.cli.tasks.training import (
    say_sizes,
    select_to_learn,
    train_and_save,
    warn_of_nucleotides,
)
from fastgru.errors import ConfigurationError


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.estimators.language_model import SequenceLanguageModel
    from fastgru.estimators.training_parameters import check_to_train
    from fastgru.estimators.training_sets import given_sequences

    if args.shuffle_labels:
        raise ConfigurationError(
            "--shuffle-labels: a language model learns from no labels, expected a task that does. "
            "Leave the option out; 'evaluate --shuffle' is a control."
        )
    model = SequenceLanguageModel(**chosen_parameters(args))
    parameters = check_to_train(model.get_params(), args.task)
    data = read_input(args)
    training, validation = select_to_learn(args, data, parameters)
    warn_of_nucleotides(model.alphabet, data.sequences)
    held_out = None if validation is None else validation.sequences
    if args.dry_run:
        given = given_sequences(parameters, training.sequences, held_out)
        letters = "".join(map(str, given.outputs[:-1]))
        show_plan(parameters, given, ("letters", letters))
        return 0
    say_sizes(training, validation)
    train_and_save(
        *(args, model),
        partial(model.fit, training.sequences, validation_data=held_out),
        data=data,
        training=training,
    )
    return 0
