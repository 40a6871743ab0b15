"""``fastgru train`` of a translator."""

from __future__ import annotations

import argparse
from functools import partial

from fastgru.cli.parameters import chosen_parameters
from fastgru.cli.plan import show_plan
from fastgru.cli.tasks.training import (
    say_sizes,
    select_to_learn,
    train_and_save,
    warn_of_nucleotides,
)
from fastgru.cli.tasks.translation.reading import pairs_of, read_pairs


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.estimators.seq2seq import Seq2Seq
    from fastgru.estimators.training_parameters import check_to_train
    from fastgru.estimators.translation_sets import given_pairs

    model = Seq2Seq(**chosen_parameters(args))
    parameters = check_to_train(model.get_params(), args.task)
    data, translations = read_pairs(args, parameters["target_alphabet"])
    training, validation = select_to_learn(args, data, parameters)
    if args.shuffle_labels:
        translations = _shuffled(translations, args.random_state)
    warn_of_nucleotides(model.alphabet, data.sequences)
    learned = pairs_of(training, translations)
    held_out = None if validation is None else pairs_of(validation, translations)
    if args.dry_run:
        given = given_pairs(parameters, *learned, held_out)
        show_plan(parameters, given, ("written in", parameters["target_alphabet"]))
        return 0
    say_sizes(training, validation)
    train_and_save(
        *(args, model),
        partial(model.fit, *learned, validation_data=held_out),
        data=data,
        training=training,
    )
    return 0


def _shuffled(translations: dict[str, str], seed: int) -> dict[str, str]:
    """Return translations dealt out to other sequences at random."""
    from fastgru.data.shuffles import shuffle_labels

    dealt = shuffle_labels(list(translations.values()), seed=seed)
    return dict(zip(translations, dealt, strict=True))
