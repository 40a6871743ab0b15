"""``fastgru experiment``: gather all runs of a data set, and say what they show."""

from __future__ import annotations

import argparse
import logging

from fastgru.cli.homology import add_homology
from fastgru.cli.options import add_output, add_resampling, positive_int, require_new_output

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Gather the experiment of a data set from the folder that the workflow has filled: audit.json, and
for each fold the models in foldK/MODEL/VARIANT and the baselines in foldK/baselines/NAME. Scores
are pooled over the folds, with intervals by the bootstrap; the model with the lowest validation
loss is compared with everything else; and the conclusion is written in sentences, and shown.

The folder may hold what an earlier configuration has left. What belongs to the experiment can be
said; what is not said is all that is there, and folds that contradict each other are refused.
"""
_EPILOG = """\
examples:
  fastgru experiment results/amp -o results/amp/experiment.json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "experiment",
        help="gather all runs of a data set, and say what they show",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", metavar="FOLDER", help="results of a data set")
    group = parser.add_argument_group("split", "how the folds were made, for the record")
    group.add_argument(
        "--method",
        choices=("random", "group", "homology", "given"),
        help="method of 'fastgru split' (default: unknown)",
    )
    add_homology(group)
    _add_contents(parser)
    add_output(parser, what="JSON file for the experiment")
    # as for fastgru compare: small p values have to survive being corrected
    add_resampling(parser, default=5000)


def _add_contents(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("contents", "what belongs to the experiment")
    group.add_argument(
        "--folds",
        type=positive_int,
        metavar="K",
        help="folds that 'fastgru split' made (default: all that are there)",
    )
    group.add_argument(
        "--repeats",
        type=positive_int,
        default=1,
        metavar="R",
        help="how often it divided the sequences, into K folds each time (default: %(default)s)",
    )
    for option, what in (
        ("models", "models"),
        ("baselines", "baselines"),
        ("variants", "variants of the models in the first fold"),
    ):
        group.add_argument(
            f"--{option}", type=_names, metavar="A,B,...", help=f"{what} (default: all there)"
        )


def _names(text: str) -> tuple[str, ...]:
    """Divide names at commas; an empty text has none."""
    return tuple(name for name in text.split(",") if name)


def run(args: argparse.Namespace) -> int:
    """Write the experiment, show its conclusion, and return the exit code."""
    import json
    from pathlib import Path

    from fastgru.data.writing import atomic_write
    from fastgru.report.contents import Statement
    from fastgru.report.experiment import gather_experiment

    require_new_output(args)
    folder = Path(args.folder).resolve()
    split = {name: getattr(args, name) for name in ("method", "identity", "coverage")}
    statement = Statement(args.folds, args.repeats, args.models, args.baselines, args.variants)
    experiment = gather_experiment(
        folder, statement=statement, split=split, n_resamples=args.n_resamples, seed=args.seed
    )
    with atomic_write(args.output) as file:
        json.dump(experiment, file, indent=2, sort_keys=True, allow_nan=False)
        file.write("\n")
    for sentence in experiment["conclusion"]:
        _LOGGER.info("%s", sentence)
    return 0
