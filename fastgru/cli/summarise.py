"""``fastgru summarise``: one table of all models and baselines."""

from __future__ import annotations

import argparse
import logging

from fastgru.cli.options import add_output, require_new_output

_LOGGER = logging.getLogger(__name__)
_EPILOG = """\
examples:
  fastgru summarise results/*/experiment.json -o summary.tsv
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "summarise",
        help="write one table with the scores of all models and baselines",
        description=(
            "Write one table (TSV) with the scores of all models and baselines, their intervals, "
            "and a verdict about each, from the files of fastgru experiment."
        ),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "results",
        nargs="+",
        metavar="EXPERIMENT",
        help="experiment.json of a data set",
    )
    add_output(parser, what="table to write")


def run(args: argparse.Namespace) -> int:
    """Write the table and return the exit code."""
    from fastgru.data.writing import atomic_write
    from fastgru.report.reading import find_experiments
    from fastgru.report.summary import write_summary

    require_new_output(args)
    experiments = [found.content for found in find_experiments(args.results)]
    with atomic_write(args.output) as stream:
        write_summary(experiments, stream)
    _LOGGER.info("data sets in the table: %d", len(experiments))
    return 0
