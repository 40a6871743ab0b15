"""How an experiment was made, in words that conclusion, page and DOME share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "VALIDATION_LOSS",
    "count_models",
    "describe_choice",
    "describe_folds",
    "describe_independence",
    "task_name",
    "was_chosen",
]

VALIDATION_LOSS = "validation_loss"
"""What `chosen_by` of an experiment is where its best model could be chosen."""


def task_name(experiment: Mapping[str, Any]) -> str:
    """Return the task of an experiment; without a word about it, classification.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    return str(experiment.get("task", "classification"))


def count_models(experiment: Mapping[str, Any]) -> int:
    """Return how many of the contenders are models.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    return sum(entry["kind"] == "model" for entry in experiment["contenders"])


def was_chosen(experiment: Mapping[str, Any]) -> bool:
    """Return whether the best model may be called that: it is the only one, or was chosen.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    return count_models(experiment) == 1 or experiment["chosen_by"] == VALIDATION_LOSS


def describe_choice(experiment: Mapping[str, Any]) -> str:
    """Say how the best model was found, such as ``chosen of 2 models by validation loss``.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    n_models = count_models(experiment)
    if n_models == 1:
        return "the only model"
    if experiment["chosen_by"] == VALIDATION_LOSS:
        return f"chosen of {n_models} models by validation loss"
    return f"the first of {n_models} models by name, as not all have a validation loss"


def describe_folds(split: Mapping[str, Any]) -> str:
    """Say what was tested, such as ``5 folds that test every sequence once``.

    Parameters
    ----------
    split
        Of the experiment: ``folds`` of each of the ``repeats``.
    """
    folds, repeats = split["folds"], split["repeats"]
    if folds == 1:
        return "one test set" if repeats == 1 else f"{repeats} test sets, drawn anew each time"
    if repeats == 1:
        return f"{folds} folds that test every sequence once"
    return f"{folds} folds, divided anew {repeats} times, that test every sequence {repeats} times"


def describe_independence(experiment: Mapping[str, Any]) -> str:
    """Say whether the choice of the best model knew anything of test sequences, as a sentence.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    if experiment["chosen_by"] != VALIDATION_LOSS:
        return "No score chose the model."
    if experiment["n_folds"] == 1:
        return "The model was chosen by its loss on validation sequences, which are not tested."
    return (
        "The model was chosen by its mean loss on the validation sequences of all folds. None is "
        "tested in its own fold, but in another one it may be: the choice is not wholly "
        "independent of the test sequences."
    )
