"""``fastgru baseline`` of labels of letters."""

from __future__ import annotations

import argparse

from fastgru.cli.selection import select_for_training, select_parts
from fastgru.cli.step_labels import read_tagged_input
from fastgru.cli.tasks.tagging.scores import require_known_labels, score, write_and_show
from fastgru.errors import LabelError

__all__ = ["run"]


def run(args: argparse.Namespace) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.data.step_labels import MASKED
    from fastgru.estimators.tagging_baselines import label_by_majority, label_by_windows

    if args.split is None:
        raise LabelError(
            "the input has no split, expected one: a baseline is trained on one part and scored "
            "on another. Give --split."
        )
    data, labels = read_tagged_input(args)
    parts = [part for part in select_for_training(data, args.split) if part is not None]
    sequences = [letters for part in parts for letters in part.sequences]
    known = [labels[name] for part in parts for name in part.ids]
    chosen = select_parts(data, args.split, "test")
    truth = [labels[name] for name in chosen.ids]
    classes = sorted(set("".join(known)) - {MASKED})
    require_known_labels(args, f"baseline {args.baseline}", truth, classes)
    if args.baseline == "majority":
        predicted = label_by_majority(known, chosen.sequences)
    else:
        predicted = label_by_windows(args.alphabet, (sequences, known), chosen.sequences)
    metrics = {
        **score(args, chosen, truth, predicted, classes),
        "kind": "baseline",
        "baseline": args.baseline,
        "n_train": len(sequences),
        "n_validation": 0,
        "shuffled_labels": False,
        "shuffled_sequences": None,
    }
    write_and_show(args, chosen, truth, predicted, metrics, [()] * len(chosen))
    return 0
