"""``fastgru train`` on columns of targets, of whichever task that has some."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import read_labelled_input
from fastgru.cli.plan import show_plan
from fastgru.cli.tasks.training import select_to_learn, train_and_save, warn_of_nucleotides
from fastgru.errors import counted, shorten

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.regressor import SequenceRegressor
    from fastgru.estimators.training_sets import GivenSets

__all__ = ["target_array", "train_on_targets"]

_LOGGER = logging.getLogger(__name__)


def target_array(data: LabelledSequences) -> np.ndarray:
    """Return the targets of n records, float64 (n, k), NaN where one is missing."""
    import numpy as np

    return np.array(data.targets, np.float64).reshape(len(data), -1)


def train_on_targets(
    args: argparse.Namespace,
    model: SequenceClassifier | SequenceRegressor,
    check: Callable[..., GivenSets],
    names_as: str,
    start: Mapping[str, Any] | None = None,
) -> int:
    """Train, write the model and its history, and return the exit code.

    Parameters
    ----------
    args
        Parsed options of ``fastgru train``.
    model
        Not fitted.
    check
        What makes of parameters and data what the network would learn from.
    names_as
        What `fit` and `check` call the names of the targets.
    start
        Arguments of `fit` that say what the network begins with; None for random weights.
    """
    from fastgru.estimators.training_parameters import check_to_train

    parameters = check_to_train(model.get_params(), args.task)
    data = read_labelled_input(args)
    training, validation = select_to_learn(args, data, parameters)
    warn_of_nucleotides(model.alphabet, data.sequences)
    given: dict[str, Any] = {
        names_as: args.target,
        "validation_data": validation and (validation.sequences, target_array(validation)),
    }
    sets = check(
        *(parameters, training.sequences, target_array(training)), sample_weight=None, **given
    )
    if args.dry_run:
        show_plan(parameters, sets, ("targets", ", ".join(args.target)))
        return 0
    n_unknown = len(training) - len(sets.training.encoded)
    _LOGGER.info(
        "training on %s (%s %s)%s%s",
        counted(len(sets.training.encoded), "sequence"),
        "target" if len(args.target) == 1 else "targets",
        shorten(args.target),
        "" if sets.validation is None else f", {len(sets.validation.encoded)} for validation",
        f"; {n_unknown} without any target left out" if n_unknown else "",
    )
    train_and_save(
        *(args, model),
        partial(model.fit, training.sequences, target_array(training), **given, **(start or {})),
        data=data,
        training=training,
    )
    return 0
