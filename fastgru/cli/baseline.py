"""``fastgru baseline``: train and score something simple, which a model has to beat."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import TYPE_CHECKING

from fastgru.cli.alphabet import refuse_series
from fastgru.cli.options import (
    add_labelled_input,
    add_threads,
    read_labelled_input,
    require_new_output,
)
from fastgru.cli.predictions import check_class_names
from fastgru.cli.scoring import (
    SCHEMA_VERSION,
    add_scores,
    require_known_classes,
    score,
    show_scores,
    write_scores,
)
from fastgru.cli.selection import add_split, select_for_training, select_parts
from fastgru.cli.step_labels import add_step_labels, require_step_labels
from fastgru.cli.tasks import task_module
from fastgru.errors import ConfigurationError, LabelError
from fastgru.estimators.baselines import (
    BASELINES,
    BASELINES_OF_TASK,
    REGRESSION_BASELINES,
    TAGGING_BASELINES,
    require_letters,
    why_not_applicable,
)

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.baseline_classifier import BaselineClassifier

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Train a simple classifier on the parts 'train' and 'validation' of --split (or of a column split
beside the labels) and score it on the part 'test', in the way of 'fastgru evaluate'. What such a
baseline reaches, a model owes to nothing deeper. A baseline that cannot be used on the sequences
writes the reason in place of scores.
"""
_EPILOG = """\
examples:
  fastgru baseline --list
  fastgru baseline kmer_forest genes.fa --labels labels.tsv --split split.tsv -o metrics.json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "baseline",
        help="train and score something simple, which a model has to beat",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "baseline",
        choices=tuple({**BASELINES, **REGRESSION_BASELINES, **TAGGING_BASELINES}),
        metavar="NAME",
        help="; ".join(f"{task}: {', '.join(names)}" for task, names in BASELINES_OF_TASK.items()),
    )
    parser.add_argument(
        "--task",
        choices=tuple(BASELINES_OF_TASK),
        default="classification",
        help="what to learn (default: %(default)s)",
    )
    parser.add_argument("--list", action=_ListBaselines, nargs=0, help="say what the baselines are")
    add_labelled_input(parser, targets=True, series=True)
    add_step_labels(parser)
    add_split(parser, subset=False)
    add_scores(parser)
    add_threads(parser)


class _ListBaselines(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        width = max(map(len, BASELINES))
        for name, what in BASELINES.items():
            sys.stdout.write(f"{name.ljust(width)}  {what}\n")
        for task, table in (("regression", REGRESSION_BASELINES), ("tagging", TAGGING_BASELINES)):
            sys.stdout.write(f"\nwith --task {task}:\n")
            for name, what in table.items():
                sys.stdout.write(f"{name.ljust(width)}  {what}\n")
        parser.exit()


def run(args: argparse.Namespace) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    if args.baseline not in BASELINES_OF_TASK[args.task]:
        raise ConfigurationError(
            f"{args.baseline}: is no baseline of the task {args.task}, expected one of "
            f"{', '.join(BASELINES_OF_TASK[args.task])}. Choose another."
        )
    require_letters(args.baseline, args.alphabet)
    refuse_series(args, args.task)
    require_new_output(args, args.predictions)
    require_step_labels(args, args.task)
    code: int
    if args.task == "tagging":
        code = task_module(args.task, "baseline").run(args)
        return code
    data = read_labelled_input(args)
    if args.split is None and data.splits is None:
        raise LabelError(
            "the input has no split, expected one: a baseline is trained on one part and scored "
            "on another. Give --split, or a column split beside the labels."
        )
    learned, chosen = _learned_part(data, args.split), select_parts(data, args.split, "test")
    if args.task != "classification":
        code = task_module(args.task, "baseline").run(args, learned, chosen)
        return code
    return _score_classifier(args, learned, chosen)


def _score_classifier(
    args: argparse.Namespace, learned: LabelledSequences, chosen: LabelledSequences
) -> int:
    """Do what :func:`run` does for one class of each sequence."""
    import numpy as np

    check_class_names(learned.classes)
    require_known_classes(f"baseline {args.baseline}", learned.classes, chosen)
    about = {
        "kind": "baseline",
        "baseline": args.baseline,
        "n_train": len(learned),
        "n_validation": 0,
        "shuffled_labels": False,
        "shuffled_sequences": None,
    }
    reason = why_not_applicable(args.baseline, map(len, [*learned.sequences, *chosen.sequences]))
    if reason is not None:
        unscored = {"classes": learned.classes, "n_test": len(chosen), "not_applicable": reason}
        metrics = {**about, **unscored, "schema_version": SCHEMA_VERSION}
        nothing = np.empty((0, len(learned.classes)))
        write_scores(args, chosen, nothing, metrics, problem=f"not applicable: {reason}")
        _LOGGER.warning("warning: the baseline %s is not applicable: %s", args.baseline, reason)
        return 0
    model = _fit(args, learned)
    probabilities, known = model.predict_with_identity(chosen.sequences)
    metrics = {
        **score(args, chosen, probabilities, [str(name) for name in model.classes_]),
        **about,
    }
    identity = None if known is None else [f"{value:.4g}" for value in known]
    write_scores(args, chosen, probabilities, metrics, identity=identity)
    show_scores(metrics)
    return 0


def _learned_part(data: LabelledSequences, split: str | None) -> LabelledSequences:
    """Return what a model trains on and stops by, which a baseline may both learn from."""
    from fastgru.data.labelled import LabelledSequences

    training, validation = select_for_training(data, split)
    if validation is None:
        return training
    groups, targets = None, None
    if training.groups is not None and validation.groups is not None:
        groups = training.groups + validation.groups
    if training.targets is not None and validation.targets is not None:
        targets = training.targets + validation.targets
    return LabelledSequences(
        training.ids + validation.ids,
        training.sequences + validation.sequences,
        training.labels + validation.labels,
        groups=groups,
        targets=targets,
    )


def _fit(args: argparse.Namespace, learned: LabelledSequences) -> BaselineClassifier:
    from fastgru.estimators.baseline_classifier import BaselineClassifier

    model = BaselineClassifier(
        args.baseline, args.alphabet, threads=args.threads, random_state=args.seed
    )
    return model.fit(learned.sequences, learned.labels, groups=learned.groups)
