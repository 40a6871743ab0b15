"""``fastgru train`` of a classifier of several labels."""

from __future__ import annotations

import argparse

from fastgru.cli.parameters import chosen_parameters
from fastgru.cli.targets import chosen_targets
from fastgru.cli.tasks.target_tables import check_columns
from fastgru.cli.tasks.target_training import train_on_targets


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.multilabel_fitting import given_multilabel

    targets = chosen_targets(args)
    assert targets is not None
    check_columns(targets.names, targets.names)
    model = SequenceClassifier(**chosen_parameters(args))
    return train_on_targets(args, model, given_multilabel, "label_names")
