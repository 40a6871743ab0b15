"""From labels of letters to scores: what ``evaluate`` and ``baseline`` share."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastgru.cli.scoring import SCHEMA_VERSION, show_scores, write_scores_and_table
from fastgru.cli.tasks.tagging.table import LABEL_COLUMNS, label_cells
from fastgru.errors import LabelError, shorten

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.fitted_tagger import StepLabels

__all__ = ["require_known_labels", "score", "write_and_show"]

_SHOWN = ("accuracy", "f1_macro", "sov")


def require_known_labels(
    args: argparse.Namespace, place: str, truth: Sequence[str], classes: Sequence[str]
) -> None:
    """Refuse labels that a tagger cannot know, and letters without any.

    Parameters
    ----------
    args
        Parsed options of `add_step_labels`.
    place
        What does not know them.
    truth
        Labels of each record to score.
    classes
        What it knows.

    Raises
    ------
    LabelError
    """
    from fastgru.data.step_labels import MASKED

    found = set("".join(truth)) - {MASKED}
    unknown = sorted(found - set(classes))
    if unknown or not found:
        fault = f"does not know the label {shorten(unknown)}" if unknown else "cannot be scored"
        raise LabelError(
            f"{args.step_labels}: {place} {fault}, expected labels of the classes "
            f"{shorten(classes)} for some letters at least. Correct the labels, or train a model "
            "with them."
        )


def score(
    args: argparse.Namespace,
    chosen: LabelledSequences,
    truth: Sequence[str],
    predicted: Sequence[StepLabels],
    classes: Sequence[str],
) -> dict[str, Any]:
    """Return the scores and their intervals, as metrics.json has them.

    Parameters
    ----------
    args
        Parsed options of `add_scores`.
    chosen
        The n records, with their groups if they have any.
    truth, predicted
        Labels of each.
    classes
    """
    from fastgru.evaluation.tagging_metrics import tagging_metrics

    return {
        **tagging_metrics(
            *(_numbers(truth, classes), _numbers(predicted, classes), classes),
            groups=chosen.groups,
            n_resamples=args.n_resamples,
            seed=args.seed,
        ),
        "task": "tagging",
        "schema_version": SCHEMA_VERSION,
    }


def _numbers(labels: Sequence[StepLabels], classes: Sequence[str]) -> list[np.ndarray]:
    """Return the number of the class of each letter, -1 where the label is not known."""
    import numpy as np

    places = {name: number for number, name in enumerate(classes)}
    return [np.array([places.get(label, -1) for label in row]) for row in labels]


def write_and_show(
    args: argparse.Namespace,
    chosen: LabelledSequences,
    truth: list[str],
    predicted: Sequence[StepLabels],
    metrics: Mapping[str, Any],
    flags: Sequence[tuple[str, ...]],
) -> None:
    """Write the scores, and the predictions if they are wanted, and show the main scores.

    Parameters
    ----------
    args
        Parsed options of `add_scores`.
    chosen, truth, predicted
        As for `score`.
    metrics
        What becomes metrics.json.
    flags
        In which ways each record is unlike those of training.
    """
    known = {"true_labels": truth}
    if chosen.groups is not None:
        known["group"] = chosen.groups
    cells = label_cells(flags, predicted)
    write_scores_and_table(args, chosen, metrics, LABEL_COLUMNS, cells, known=known)
    show_scores(metrics, _SHOWN)
