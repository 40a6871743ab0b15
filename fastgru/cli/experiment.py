"""``fastgru experiment``: gather all runs of a data set, and say what they show."""

from __future__ import annotations

import argparse
import logging

from fastgru.cli.homology import add_homology
from fastgru.cli.options import add_output, add_resampling, require_new_output

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Gather the experiment of a data set from the folder that the workflow has filled: audit.json, and
for each fold the models in foldK/MODEL/VARIANT and the baselines in foldK/baselines/NAME. Scores
are pooled over the folds, with intervals by the bootstrap; the model with the lowest validation
loss is compared with everything else; and the conclusion is written in sentences, and shown.
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
    add_output(parser, what="JSON file for the experiment")
    add_resampling(parser)


def run(args: argparse.Namespace) -> int:
    """Write the experiment, show its conclusion, and return the exit code."""
    import json
    from pathlib import Path

    from fastgru.data.files import atomic_write
    from fastgru.report.experiment import gather_experiment

    require_new_output(args)
    folder = Path(args.folder).resolve()
    split = {name: getattr(args, name) for name in ("method", "identity", "coverage")}
    experiment = gather_experiment(
        folder, split=split, n_resamples=args.n_resamples, seed=args.seed
    )
    with atomic_write(args.output) as file:
        json.dump(experiment, file, indent=2, sort_keys=True, allow_nan=False)
        file.write("\n")
    for sentence in experiment["conclusion"]:
        _LOGGER.info("%s", sentence)
    return 0
