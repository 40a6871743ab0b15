"""``fastgru summarise``: one table of all runs."""

from __future__ import annotations

import argparse
import logging

from fastgru.cli.options import add_output, require_new_output

_LOGGER = logging.getLogger(__name__)
_EPILOG = """\
examples:
  fastgru summarise results -o summary.tsv
  fastgru summarise results/splice/bigru/metrics.json results/splice/wide/metrics.json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "summarise",
        help="write one table with the scores of all runs",
        description=(
            "Write one table (TSV) with the scores of all runs. A run is a folder "
            "DATASET/MODEL with the metrics.json of fastgru evaluate."
        ),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "results",
        nargs="+",
        metavar="RESULTS",
        help="metrics.json files, or folders to search for them",
    )
    add_output(parser, what="table to write")


def run(args: argparse.Namespace) -> int:
    """Write the table and return the exit code."""
    from fastgru.data.files import atomic_write
    from fastgru.report.results import find_runs
    from fastgru.report.summary import write_summary

    require_new_output(args)
    runs = find_runs(args.results)
    with atomic_write(args.output) as stream:
        write_summary(runs, stream)
    _LOGGER.info("runs in the table: %d", len(runs))
    return 0
