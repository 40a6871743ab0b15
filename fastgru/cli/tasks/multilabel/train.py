"""``fastgru train`` of a classifier of several labels."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fastgru.cli.parameters import chosen_parameters
from fastgru.cli.targets import chosen_targets
from fastgru.cli.tasks.target_tables import check_columns
from fastgru.cli.tasks.target_training import train_on_targets

if TYPE_CHECKING:
    from fastgru.estimators.training_sets import GivenSets


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.classifier_fitting import given_labels
    from fastgru.estimators.pretraining import read_pretrained

    def check(parameters: dict[str, Any], *sets: Any, **how: Any) -> GivenSets:
        pretrained = read_pretrained(args.pretrained, args.freeze_epochs, parameters)
        return given_labels(parameters, *sets, pretrained=pretrained, **how)

    targets = chosen_targets(args)
    assert targets is not None
    check_columns(targets.names, targets.names)
    model = SequenceClassifier(**chosen_parameters(args))
    start = {"pretrained": args.pretrained, "freeze_epochs": args.freeze_epochs}
    return train_on_targets(args, model, check, "label_names", start)
