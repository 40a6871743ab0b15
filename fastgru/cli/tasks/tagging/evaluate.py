"""``fastgru evaluate`` of a tagger."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.predictions import warn_of_shuffled_labels
from fastgru.cli.selection import select_parts
from fastgru.cli.step_labels import read_tagged_input
from fastgru.cli.tasks.evaluation import (
    about_model,
    match_alphabet,
    require_readable,
    shuffled,
    warn_of_doubts,
)
from fastgru.cli.tasks.tagging.scores import require_known_labels, score, write_and_show

if TYPE_CHECKING:
    from fastgru.estimators.fitted_tagger import FittedTagger


def run(args: argparse.Namespace, fitted: FittedTagger) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    match_alphabet(args, fitted)
    data, labels = read_tagged_input(args)
    chosen = select_parts(data, args.split, args.subset)
    truth = [labels[name] for name in chosen.ids]
    classes = fitted.classes.tolist()
    require_known_labels(args, args.model, truth, classes)
    require_readable(fitted, chosen)
    n_seen = warn_of_doubts(fitted, data, chosen)
    shuffled_labels = warn_of_shuffled_labels(fitted, args.model)
    chosen, kept = shuffled(args, chosen)
    predicted = fitted.predict(chosen.sequences, args.threads)
    metrics = {
        **score(args, chosen, truth, predicted, classes),
        **about_model(fitted, data, chosen, n_seen, kept),
        "shuffled_labels": shuffled_labels,
    }
    flags = fitted.flag_unusual(chosen.sequences)
    write_and_show(args, chosen, truth, predicted, metrics, flags)
    return 0
