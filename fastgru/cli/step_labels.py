"""Sequences whose letters have labels, as ``train`` and ``evaluate`` are given them."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from fastgru.cli.options import read_labelled_input
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences

__all__ = ["add_step_labels", "leave_conflicts_out", "read_tagged_input", "require_step_labels"]

_LOGGER = logging.getLogger(__name__)


def add_step_labels(parser: argparse.ArgumentParser) -> None:
    """Add ``--step-labels``."""
    group = parser.add_argument_group("labels of letters", "Only for the task tagging.")
    group.add_argument(
        "--step-labels",
        metavar="FASTA",
        help="file with the ids and lengths of the sequences whose letters are the labels, "
        "? where the label is not known",
    )


def require_step_labels(args: argparse.Namespace, task: str, *, table: bool = False) -> None:
    """Refuse labels in a form that is not that of the task.

    Parameters
    ----------
    args
    task
    table
        Whether ``--labels`` may name a table of splits and groups.

    Raises
    ------
    ConfigurationError
    """
    if task != "tagging":
        if args.step_labels is not None:
            raise ConfigurationError(
                f"--step-labels: is for the task tagging, but the task is {task}, which has a "
                "label for each sequence. Leave it out, or train with --task tagging."
            )
        return
    other = args.classes or args.label_field is not None or (args.labels is not None and not table)
    if args.fasta is None or args.step_labels is None or other:
        raise ConfigurationError(
            "the task tagging needs one FASTA of sequences and one of labels (FASTA --step-labels "
            "FASTA), without --class, --labels and --label-field. Groups come from --split, which "
            "'fastgru split' makes, there with --labels for the columns split and group."
        )
    if args.fasta == args.step_labels == "-":
        raise ConfigurationError("standard input (-) can be read only once. Use a file instead.")
    if args.fasta == args.step_labels:
        raise ConfigurationError(
            f"--step-labels: {args.step_labels} is the file of the sequences as well, expected "
            "one with labels for their letters. Name that one."
        )


def read_tagged_input(args: argparse.Namespace) -> tuple[LabelledSequences, dict[str, str]]:
    """Read the sequences, and the labels of their letters by id.

    Raises
    ------
    FastgruError
        If the files hold anything that cannot be used, or do not fit each other.
    """
    from fastgru.data.step_labels import read_step_labels

    args.unlabelled = True
    data = read_labelled_input(args)
    labels, file = read_step_labels(args.step_labels, data)
    return replace(data, files=[*data.files, file]), labels


def leave_conflicts_out(data: LabelledSequences, labels: dict[str, str]) -> LabelledSequences:
    """Return the records without those whose sequence is there with other labels as well."""
    from fastgru.data.duplicates import resolve_duplicates

    _, exclusions = resolve_duplicates(replace(data, labels=[labels[name] for name in data.ids]))
    conflicts = {found.index for found in exclusions if found.reason == "conflicting_labels"}
    if conflicts:
        _LOGGER.warning(
            "warning: %d of %d records are left out: their sequence is there again with other "
            "labels",
            len(conflicts),
            len(data),
        )
    return data.subset(place for place in range(len(data)) if place not in conflicts)
