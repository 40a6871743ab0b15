"""From probabilities to scores: what ``evaluate`` and ``baseline`` share."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from fastgru.cli.options import add_output, add_resampling
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
    "write_json",
    "write_scores",
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
    from fastgru.data.files import atomic_write

    with contextlib.ExitStack() as stack:
        if args.predictions is not None:
            table = stack.enter_context(atomic_write(args.predictions))
            lengths = [str(len(letters)) for letters in chosen.sequences]
            values = (chosen.labels, lengths, chosen.groups, identity)
            columns = zip(TRUTH_COLUMNS, values, strict=True)
            known = {name: column for name, column in columns if column is not None}
            classes = metrics["classes"]
            labels = most_probable(probabilities, classes)
            cells = class_cells(flags or [()] * len(probabilities), labels, probabilities)
            written = class_columns(classes)
            written.write_header(table, known)
            written.write_rows(table, chosen.ids, [problem] * len(chosen), cells, known)
        write_json(stack.enter_context(atomic_write(args.output)), metrics)


def write_json(file: TextIO, metrics: Mapping[str, Any]) -> None:
    """Write scores as metrics.json has them."""
    import json

    json.dump(metrics, file, indent=2, sort_keys=True, allow_nan=False)
    file.write("\n")


def show_scores(metrics: Mapping[str, Any], names: Sequence[str] = _SHOWN) -> None:
    """Show the main scores, and say which are undefined."""
    _LOGGER.info("n_test: %d", metrics["n_test"])
    for name in names:
        value, interval = metrics[name], metrics["intervals"][name]
        shown = "undefined" if value is None else f"{value:.4f}"
        if interval is not None:
            shown += f" ({interval[0]:.4f} to {interval[1]:.4f})"
        _LOGGER.info("%s: %s", name, shown)
    for name, reason in metrics.get("undefined", {}).items():
        _LOGGER.warning("warning: %s is undefined: %s", name, reason)
