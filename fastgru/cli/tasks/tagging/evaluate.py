"""``fastgru evaluate`` of a tagger."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastgru.cli.predictions import warn_of_shuffled_labels
from fastgru.cli.scoring import SCHEMA_VERSION, show_scores, write_metrics
from fastgru.cli.selection import select_parts
from fastgru.cli.step_labels import read_tagged_input
from fastgru.cli.tasks.evaluating import (
    match_alphabet,
    require_readable,
    shuffle,
    warn_of_doubts,
)
from fastgru.cli.tasks.tagging.table import write_header, write_rows
from fastgru.errors import LabelError, shorten

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.fitted_tagger import FittedTagger, StepLabels

_SHOWN = ("accuracy", "f1_macro", "sov")


def run(args: argparse.Namespace, fitted: FittedTagger) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.evaluation.tagging_metrics import tagging_metrics

    match_alphabet(args, fitted)
    data, labels = read_tagged_input(args)
    chosen = select_parts(data, args.split, args.subset)
    truth = [labels[name] for name in chosen.ids]
    classes = fitted.classes.tolist()
    _require_known_labels(args, truth, classes)
    require_readable(fitted, chosen)
    n_seen = warn_of_doubts(fitted, data, chosen)
    shuffled_labels, shuffled_sequences = warn_of_shuffled_labels(args.model), None
    if args.shuffle:
        chosen, shuffled_sequences = shuffle(chosen, args.alphabet, args.seed)
    predicted = fitted.predict(chosen.sequences, args.threads)
    metrics = {
        **tagging_metrics(
            *(_numbers(truth, classes), _numbers(predicted, classes), classes),
            groups=chosen.groups,
            n_resamples=args.n_resamples,
            seed=args.seed,
        ),
        "task": "tagging",
        "kind": "model",
        "n_train": fitted.n_train,
        "n_validation": fitted.n_validation,
        "n_seen": n_seen,
        "shuffled_labels": shuffled_labels,
        "shuffled_sequences": shuffled_sequences,
        "schema_version": SCHEMA_VERSION,
    }
    flags = fitted.flag_unusual(chosen.sequences)
    _write(args, chosen, truth, zip(flags, predicted, strict=True), metrics)
    show_scores(metrics, _SHOWN)
    return 0


def _write(
    args: argparse.Namespace,
    chosen: LabelledSequences,
    truth: list[str],
    rows: Iterator[tuple[tuple[str, ...], StepLabels]],
    metrics: Mapping[str, Any],
) -> None:
    """Write the scores, and the predictions if they are wanted and the scores could be written."""
    from fastgru.data.files import atomic_write

    with contextlib.ExitStack() as stack:
        if args.predictions is not None:
            table = stack.enter_context(atomic_write(args.predictions))
            known = {"true_labels": truth}
            if chosen.groups is not None:
                known["group"] = chosen.groups
            write_header(table, list(known))
            write_rows(table, chosen.ids, [None] * len(chosen), rows, known)
        write_metrics(stack.enter_context(atomic_write(args.output)), metrics)


def _require_known_labels(
    args: argparse.Namespace, truth: Sequence[str], classes: Sequence[str]
) -> None:
    """Refuse labels that the model cannot know, and letters without any."""
    from fastgru.data.step_labels import MASKED

    found = set("".join(truth)) - {MASKED}
    unknown = sorted(found - set(classes))
    if unknown or not found:
        fault = f"does not know the label {shorten(unknown)}" if unknown else "cannot be scored"
        raise LabelError(
            f"{args.step_labels}: {args.model} {fault}, expected labels of the classes "
            f"{shorten(classes)} for some letters at least. Correct the labels, or train a model "
            "with them."
        )


def _numbers(labels: Sequence[StepLabels], classes: Sequence[str]) -> list[np.ndarray]:
    """Return the number of the class of each letter, -1 where the label is not known."""
    import numpy as np

    places = {name: number for number, name in enumerate(classes)}
    return [np.array([places.get(label, -1) for label in row]) for row in labels]
