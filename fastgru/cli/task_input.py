"""Sequences with what a task learns of them, as ``audit`` and ``split`` read them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastgru.cli.alphabet import refuse_series
from fastgru.cli.options import add_labelled_input, read_labelled_input
from fastgru.cli.step_labels import add_step_labels, read_tagged_input, require_step_labels
from fastgru.cli.tasks.language_model.reading import read_input
from fastgru.cli.tasks.translation.options import add_translations, refuse_translations
from fastgru.cli.tasks.translation.reading import read_pairs
from fastgru.errors import ConfigurationError
from fastgru.estimators.parameters import parameters_of
from fastgru.models.architecture import TASKS

if TYPE_CHECKING:
    from fastgru.data.answers import Answers
    from fastgru.data.labelled import LabelledSequences

__all__ = ["TaskInput", "add_task_input", "read_task_input"]

(_WRITTEN,) = (
    parameter for parameter in parameters_of("translation") if parameter.name == "target_alphabet"
)


@dataclass(frozen=True)
class TaskInput:
    """What the input files hold.

    Attributes
    ----------
    data
        The records, with their labels or targets if the task has some.
    answers
        What is learned of them.
    """

    data: LabelledSequences
    answers: Answers


def add_task_input(parser: argparse.ArgumentParser, *, unlabelled: bool = False) -> None:
    """Add ``--task``, and the options that name its sequences and what is learned of them.

    Parameters
    ----------
    parser
    unlabelled
        Whether to add ``--unlabelled``.
    """
    parser.add_argument(
        "--task",
        choices=TASKS,
        default="classification",
        help="what the sequences are to be learned for (default: %(default)s)",
    )
    add_labelled_input(parser, unlabelled=unlabelled, targets=True, series=True)
    add_step_labels(parser)
    add_translations(parser)
    parser.add_argument(
        "--target-alphabet",
        choices=_WRITTEN.choices,
        help=f"of the task translation: {_WRITTEN.help} (default: {_WRITTEN.default})",
    )


def read_task_input(args: argparse.Namespace) -> TaskInput:
    """Read the sequences and what the task learns of them.

    Tasks without labels may have a table ``--labels`` of splits and groups.

    Raises
    ------
    ConfigurationError
        If the options are not those of the task.
    FastgruError
        If the files hold anything that cannot be used.
    """
    from fastgru.data.answers import Answers

    refuse_series(args, args.task)
    require_step_labels(args, args.task, table=True)
    refuse_translations(args, args.task)
    if args.target_alphabet is not None and args.task != "translation":
        raise ConfigurationError(
            f"--target-alphabet: the task is {args.task}, expected translation for it. Leave the "
            "option out, or give --task translation."
        )
    data, letters = _read(args)
    return TaskInput(data, Answers(args.task, args.target or (), letters))


def _read(args: argparse.Namespace) -> tuple[LabelledSequences, list[str] | None]:
    """Return the records, and the labels of the letters or the translation of each, if any."""
    if args.task == "language_model":
        return read_input(args), None
    if args.task == "tagging":
        data, answers = read_tagged_input(args)
    elif args.task == "translation":
        data, answers = read_pairs(args, args.target_alphabet or _WRITTEN.default, table=True)
    else:
        return read_labelled_input(args), None
    return data, [answers[name] for name in data.ids]
