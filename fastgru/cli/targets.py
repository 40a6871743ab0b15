"""The option that names the columns of targets, for the tasks that have some."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.target_columns import TargetColumns

__all__ = ["TASKS_WITH_TARGETS", "add_target", "chosen_targets"]

TASKS_WITH_TARGETS = ("multilabel", "regression")


def add_target(parser: argparse._ActionsContainer) -> None:
    """Add ``--target``."""
    parser.add_argument(
        "--target",
        type=_names,
        metavar="A,B,...",
        help="columns of --labels to predict in place of a label: numbers (regression), or 0 and 1 "
        "(multilabel); an empty cell is a missing value",
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def chosen_targets(args: argparse.Namespace) -> TargetColumns | None:
    """Return the columns that the options name, None for labels.

    Raises
    ------
    ConfigurationError
        If the task needs some, or has none.
    """
    from fastgru.data.target_columns import TargetColumns

    names, task = getattr(args, "target", None), getattr(args, "task", None)
    if names is None and task in TASKS_WITH_TARGETS:
        raise ConfigurationError(
            f"--task {task}: there are no targets, expected the columns of --labels to predict. "
            "Name them with --target."
        )
    if names is not None and task not in (None, *TASKS_WITH_TARGETS):
        raise ConfigurationError(
            f"--target {','.join(names)}: the task {task} has no targets, expected one of "
            f"{', '.join(TASKS_WITH_TARGETS)} for it. Give --task, or leave --target out."
        )
    return None if names is None else TargetColumns(names, binary=task == "multilabel")
