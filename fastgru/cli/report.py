"""``fastgru report``: one page about the data and all runs."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from fastgru.cli.options import add_output, require_new_output

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Write one self-contained HTML page about the data and all runs: what the audit found, the split,
lengths and letters by class, scores, curves, confusion matrices, and how to repeat each run.
The page needs no network and no scripts. Drawing it needs: pip install 'fastgru[workflow]'

A run is a folder DATASET/MODEL with model.safetensors, history.tsv, predictions.tsv and
metrics.json; audit.json and split.tsv lie in the folder DATASET.
"""
_EPILOG = """\
examples:
  fastgru report results -o report.html
  fastgru report results --logs logs -o report.html
  fastgru report results/splice/bigru/metrics.json -o splice.html
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "report",
        help="write one page about the data and all runs",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "results",
        nargs="+",
        metavar="RESULTS",
        help="metrics.json files, or folders to search for them",
    )
    parser.add_argument(
        "--logs",
        metavar="FOLDER",
        help=(
            "folder of log files, COMMAND/DATASET.log and COMMAND/DATASET/MODEL.log; "
            "the page then shows the commands that made the results"
        ),
    )
    add_output(parser, what="page to write", default=None)


def run(args: argparse.Namespace) -> int:
    """Write the page and return the exit code."""
    from fastgru.data.files import atomic_write
    from fastgru.report.commands import Commands
    from fastgru.report.extras import require_extras
    from fastgru.report.results import find_runs

    require_extras()
    require_new_output(args)
    runs = find_runs(args.results)
    commands = Commands(None if args.logs is None else Path(args.logs))

    from fastgru.report.page import render_page

    page = render_page(runs, commands)
    with atomic_write(args.output) as stream:
        stream.write(page)
    _LOGGER.info("runs in the report: %d", len(runs))
    return 0
