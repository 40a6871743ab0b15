"""``fastgru report``: one page about whole experiments."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from fastgru.cli.options import add_output, require_new_output

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Write one self-contained HTML page about whole experiments: conclusions, all models, baselines and
controls with intervals and verdicts, what the audit found, folds, seeds, curves, and the answers to
the questions of DOME. The page needs no network. Drawing it needs: pip install 'fastgru[workflow]'

An experiment is a folder DATASET with experiment.json and audit.json, and below it the runs of the
models, fold1/MODEL/seed1 and so on, as the workflow makes them.
"""
_EPILOG = """\
examples:
  fastgru report results -o report.html
  fastgru report results --logs logs --multiqc results/multiqc -o report.html
  fastgru report results/splice/experiment.json -o splice.html
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "report",
        help="write one page about whole experiments",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "results",
        nargs="+",
        metavar="RESULTS",
        help="experiment.json files, or folders to search for them",
    )
    parser.add_argument(
        "--logs",
        metavar="FOLDER",
        help=(
            "folder of log files, STEP/DATASET.log and STEP/DATASET/.../*.log; "
            "the page then shows the commands that made the results"
        ),
    )
    parser.add_argument(
        "--multiqc",
        metavar="FOLDER",
        help="write summaries (*_mqc.json) that MultiQC shows to this folder as well",
    )
    add_output(parser, what="page to write", default=None)


def run(args: argparse.Namespace) -> int:
    """Write the page and return the exit code."""
    from fastgru.data.writing import atomic_write
    from fastgru.packages import require_package
    from fastgru.report.commands import Commands
    from fastgru.report.multiqc import require_new_multiqc, write_multiqc
    from fastgru.report.reading import find_experiments

    require_package(["jinja2", "matplotlib"], "fastgru report", "pip install 'fastgru[workflow]'")
    require_new_output(args)
    if args.multiqc is not None:
        require_new_multiqc(args.multiqc, force=args.force)
    experiments = find_experiments(args.results)
    commands = Commands(None if args.logs is None else Path(args.logs))

    from fastgru.report.page import render_page

    page = render_page(experiments, commands)
    with atomic_write(args.output) as stream:
        stream.write(page)
    if args.multiqc is not None:
        write_multiqc(experiments, args.multiqc)
    _LOGGER.info("data sets in the report: %d", len(experiments))
    return 0
