"""Sequences with what a task learns of them, as ``audit`` and ``split`` read them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fastgru.cli.options import add_labelled_input, read_labelled_input
from fastgru.cli.step_labels import add_step_labels, read_tagged_input, require_step_labels
from fastgru.cli.tasks.language_model.reading import read_input
from fastgru.cli.tasks.translation.options import add_translations, refuse_translations
from fastgru.cli.tasks.translation.reading import read_pairs
from fastgru.errors import ConfigurationError
from fastgru.estimators.parameters import parameters_of
from fastgru.models.architecture import TASKS

if TYPE_CHECKING:
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
    task
    data
        The records, with their labels or targets if the task has some.
    letters
        Of each record the labels of its letters, or its translation; None for other tasks.
    """

    task: str
    data: LabelledSequences
    letters: list[str] | None = None

    def answered(self) -> LabelledSequences:
        """Return the records, labelled by what must agree where a sequence is repeated.

        Translations need not: a protein has many genes.
        """
        if self.task != "tagging" or self.letters is None:
            return self.data
        return replace(self.data, labels=self.letters)


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
    add_labelled_input(parser, unlabelled=unlabelled, targets=True)
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
    require_step_labels(args, args.task, table=True)
    refuse_translations(args, args.task)
    if args.target_alphabet is not None and args.task != "translation":
        raise ConfigurationError(
            f"--target-alphabet: the task is {args.task}, expected translation for it. Leave the "
            "option out, or give --task translation."
        )
    if args.task == "tagging":
        data, labels = read_tagged_input(args)
        return TaskInput(args.task, data, [labels[name] for name in data.ids])
    if args.task == "translation":
        data, translations = read_pairs(args, args.target_alphabet or _WRITTEN.default, table=True)
        return TaskInput(args.task, data, [translations[name] for name in data.ids])
    if args.task == "language_model":
        return TaskInput(args.task, read_input(args))
    return TaskInput(args.task, read_labelled_input(args))
