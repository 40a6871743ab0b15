"""From probabilities to scores: what ``evaluate`` and ``baseline`` share."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import add_output, add_resampling
from fastgru.cli.prediction_table import PredictionColumns, write_table
from fastgru.cli.predictions import TRUTH_COLUMNS, class_cells, class_columns, most_probable
from fastgru.errors import LabelError, shorten

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences

__all__ = [
    "SCHEMA_VERSION",
    "add_scores",
    "require_known_classes",
    "score",
    "show_scores",
    "with_interval",
    "write_scores",
    "write_scores_and_table",
]

SCHEMA_VERSION = 1
_LOGGER = logging.getLogger(__name__)
_SHOWN = ("accuracy", "balanced_accuracy", "mcc", "roc_auc", "pr_auc")


def add_scores(parser: argparse.ArgumentParser) -> None:
    """Add the options about the scores: where they go, and how sure they are."""
    add_output(parser, what="JSON file for the scores")
    parser.add_argument("--predictions", metavar="TSV", help="table of the predictions as well")
    add_resampling(parser)


def require_known_classes(place: str, classes: Sequence[str], chosen: LabelledSequences) -> None:
    """Refuse labels that a classifier cannot know.

    Parameters
    ----------
    place
        What does not know them.
    classes
        What it knows.
    chosen
        Records to score it on.

    Raises
    ------
    LabelError
    """
    unknown = sorted(set(chosen.labels) - set(classes))
    if unknown:
        raise LabelError(
            f"{place}: does not know the class {shorten(unknown)}, expected the classes "
            f"{shorten(classes)}. Correct the labels, or train a model with these classes."
        )


def score(
    args: argparse.Namespace,
    chosen: LabelledSequences,
    probabilities: np.ndarray,
    classes: Sequence[str],
) -> dict[str, Any]:
    """Return the scores and their intervals, as metrics.json has them.

    Parameters
    ----------
    args
        Parsed options of `add_scores`.
    chosen
        The n records, with their groups if they have any.
    probabilities
        float (n, n_classes).
    classes
    """
    from fastgru.evaluation import (
        bootstrap_intervals,
        check_predictions,
        classification_metrics,
    )

    predicted = most_probable(probabilities, classes)
    checked = check_predictions(chosen.labels, predicted, probabilities, classes)
    return {
        **classification_metrics(chosen.labels, predicted, probabilities, classes),
        **bootstrap_intervals(
            checked, groups=chosen.groups, n_resamples=args.n_resamples, seed=args.seed
        ),
        "schema_version": SCHEMA_VERSION,
    }


def write_scores(
    args: argparse.Namespace,
    chosen: LabelledSequences,
    probabilities: np.ndarray,
    metrics: Mapping[str, Any],
    *,
    problem: str | None = None,
    flags: Sequence[tuple[str, ...]] | None = None,
    identity: Sequence[str] | None = None,
) -> None:
    """Write the scores, and the predictions if the scores could be written.

    Parameters
    ----------
    args
        Parsed options of `add_scores`.
    chosen, probabilities
        As for `score`.
    metrics
        What becomes metrics.json.
    problem
        Why there are no probabilities, if there are none.
    flags
        In which ways each record is unlike those of training; None for no flags.
    identity
        Identity of each record with its nearest training sequence, where known.
    """
    lengths = [str(len(letters)) for letters in chosen.sequences]
    values = (chosen.labels, lengths, chosen.groups, identity)
    columns = zip(TRUTH_COLUMNS, values, strict=True)
    classes = metrics["classes"]
    labels = most_probable(probabilities, classes)
    write_scores_and_table(
        *(args, chosen, metrics, class_columns(classes)),
        class_cells(flags or [()] * len(probabilities), labels, probabilities),
        known={name: column for name, column in columns if column is not None},
        problem=problem,
    )


def write_scores_and_table(
    args: argparse.Namespace,
    chosen: LabelledSequences,
    metrics: Mapping[str, Any],
    columns: PredictionColumns,
    cells: Iterable[Sequence[str]],
    *,
    known: Mapping[str, Sequence[str]] | None = None,
    problem: str | None = None,
) -> None:
    """Write scores of any task, and the predictions if the scores could be written.

    Parameters
    ----------
    args
        Parsed options of `add_scores`.
    chosen
        The n records.
    metrics
        What becomes metrics.json.
    columns
        Of the table of predictions.
    cells
        Of each record; see :meth:`PredictionColumns.rows`.
    known
        n entries for each column of what is known.
    problem
        Why there are no predictions, if there are none.
    """
    import json

    from fastgru.data.writing import atomic_write

    with contextlib.ExitStack() as stack:
        if args.predictions is not None:
            table = stack.enter_context(atomic_write(args.predictions))
            write_table(table, columns, chosen.ids, cells, known=known or {}, problem=problem)
        file = stack.enter_context(atomic_write(args.output))
        json.dump(metrics, file, indent=2, sort_keys=True, allow_nan=False)
        file.write("\n")


def with_interval(value: float | None, interval: Sequence[float] | None, form: str = ".4f") -> str:
    """Return a score as it is shown, with its interval where there is one.

    Parameters
    ----------
    value
        None where it is undefined.
    interval
        Both ends.
    form
        Of each number.
    """
    shown = "undefined" if value is None else f"{value:{form}}"
    return shown if interval is None else f"{shown} ({interval[0]:{form}} to {interval[1]:{form}})"


def show_scores(metrics: Mapping[str, Any], names: Sequence[str] = _SHOWN) -> None:
    """Show the main scores, and say which are undefined."""
    _LOGGER.info("n_test: %d", metrics["n_test"])
    for name in names:
        _LOGGER.info("%s: %s", name, with_interval(metrics[name], metrics["intervals"][name]))
    for name, reason in metrics.get("undefined", {}).items():
        _LOGGER.warning("warning: %s is undefined: %s", name, reason)
