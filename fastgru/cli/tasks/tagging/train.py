"""``fastgru train`` of a tagger."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from fastgru.cli.parameters import chosen_parameters
from fastgru.cli.plan import describe_classes, show_plan
from fastgru.cli.step_labels import leave_conflicts_out, read_tagged_input
from fastgru.cli.tasks.training import (
    say_sizes,
    select_to_learn,
    train_and_save,
    warn_of_nucleotides,
)
from fastgru.errors import counted

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences

Examples = tuple[list[str], list[str]]


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.data.step_labels import MASKED
    from fastgru.estimators.tagger import SequenceTagger
    from fastgru.estimators.tagging_sets import given_tagging_sets
    from fastgru.estimators.training_parameters import check_to_train

    model = SequenceTagger(**chosen_parameters(args))
    parameters = check_to_train(model.get_params(), "tagging")
    data, labels = read_tagged_input(args)
    used = data if args.split is not None else leave_conflicts_out(data, labels)
    training, validation = select_to_learn(args, used, parameters)
    examples = _examples(args, training, labels)
    given = None if validation is None else _examples(args, validation, labels)
    warn_of_nucleotides(model.alphabet, data.sequences)
    known = "".join(examples[1]).replace(MASKED, "")
    if args.dry_run:
        sets = given_tagging_sets(parameters, *examples, sample_weight=None, validation_data=given)
        show_plan(parameters, sets, describe_classes(known))
        return 0
    classes = " ".join(sorted(set(known)))
    about = f" ({counted(len(known), 'letter')} with a label, of the classes {classes})"
    say_sizes(training, validation, about)
    train_and_save(
        *(args, model),
        partial(model.fit, *examples, validation_data=given),
        data=data,
        training=training,
    )
    return 0


def _examples(
    args: argparse.Namespace, part: LabelledSequences, labels: dict[str, str]
) -> Examples:
    """Return the sequences of a part and the labels of their letters, shuffled if need be."""
    from fastgru.data.step_labels import shuffle_step_labels

    of_part = [labels[name] for name in part.ids]
    if args.shuffle_labels:
        of_part = shuffle_step_labels(of_part, seed=args.random_state)
    return part.sequences, of_part
