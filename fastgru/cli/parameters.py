"""Command-line options for the parameters of a classifier, from their one table."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import Any

from fastgru.cli.options import non_negative_int
from fastgru.errors import ConfigurationError
from fastgru.estimators.parameters import PARAMETERS
from fastgru.estimators.recipes import RECIPES, recipe_parameters
from fastgru.models.architecture import TASKS

__all__ = ["add_parameters", "add_random_state", "chosen_parameters"]

# These have options of their own (options.py), shared with other commands.
_ELSEWHERE = ("alphabet", "threads", "random_state")


def add_parameters(parser: argparse.ArgumentParser, tasks: Collection[str] = TASKS) -> None:
    """Add one option per parameter; an option left out keeps the estimator's default.

    Parameters
    ----------
    parser
    tasks
        Those whose parameters are added.
    """
    group = parser.add_argument_group("model and training")
    group.add_argument(
        "--recipe",
        choices=tuple(RECIPES),
        help="begin with what suits a kind of data instead of the defaults: "
        + "; ".join(f"{name}: {recipe.data}" for name, recipe in RECIPES.items()),
    )
    for parameter in PARAMETERS:
        if parameter.name in _ELSEWHERE or set(tasks).isdisjoint(parameter.tasks):
            continue
        flag = f"--{parameter.name.replace('_', '-')}"
        choices = f": one or more of {', '.join(parameter.choices)}" if parameter.choices else ""
        choices = choices if parameter.several else ""
        text = f"{parameter.help}{choices} (default: {_shown(parameter.default)})"
        shared: dict[str, Any] = {
            "default": argparse.SUPPRESS,
            "dest": parameter.name,
            "help": text,
        }
        if parameter.kind is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, **shared)
        elif parameter.several:
            read = _names if parameter.choices else _integers
            group.add_argument(flag, type=read, metavar="A,B,...", **shared)
        elif parameter.choices:
            group.add_argument(flag, choices=parameter.choices, **shared)
        else:
            metavar = "N" if parameter.kind is int else "X"
            group.add_argument(flag, type=parameter.kind, metavar=metavar, **shared)


def add_random_state(parser: argparse._ActionsContainer) -> None:
    """Add ``--random-state``, also called ``--seed``."""
    parser.add_argument(
        "--random-state",
        "--seed",
        dest="random_state",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="source of all randomness (default: %(default)s)",
    )


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or "none"
    return str(default).lower()


def chosen_parameters(args: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters that the command line sets; their values are checked by `fit`.

    Raises
    ------
    ConfigurationError
        For one that the task does not have.
    """
    task = getattr(args, "task", "classification")
    recipe = getattr(args, "recipe", None)
    if recipe is not None and task != "classification":
        raise ConfigurationError(
            f"--recipe: suits classifiers, and the task is {task}. Leave it out."
        )
    chosen = {} if recipe is None else recipe_parameters(recipe)
    for parameter in PARAMETERS:
        if not hasattr(args, parameter.name):
            continue
        if task not in parameter.tasks:
            raise ConfigurationError(
                f"--{parameter.name.replace('_', '-')}: is no parameter of the task {task}, "
                f"expected one of {', '.join(parameter.tasks)} for it. Leave it out."
            )
        chosen[parameter.name] = getattr(args, parameter.name)
    return chosen


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(entry) for entry in text.split(",") if text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers such as 64 or 64,32, got {text!r}"
        ) from None
