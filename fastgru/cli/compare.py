"""``fastgru compare``: say whether one model is better than others on the same records."""

from __future__ import annotations

import argparse
import logging
import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import add_output, add_resampling, named_path, require_new_output
from fastgru.errors import ConfigurationError, shorten

if TYPE_CHECKING:
    from fastgru.report.scored_runs import ScoredRun

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Compare one model or baseline of any task with others that were tested on the same records. Each
folder holds metrics.json and predictions.tsv of 'fastgru evaluate' or 'fastgru baseline'; a name
that is given several times has one folder per fold, in the same order for every name.

One fold: paired bootstrap, over groups if the predictions have any, and McNemar's exact test.
Several: corrected resampled t test. The p values of each score and test are corrected for their
number by Holm's rule as well.
"""
_EPILOG = """\
examples:
  fastgru compare gru=results/splice/bigru kmers=results/splice/kmer_forest -o comparison.tsv
  fastgru compare gru=run0/gru gru=run1/gru kmers=run0/kmers kmers=run1/kmers
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "compare",
        help="say whether one model is better than others",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "runs",
        nargs="+",
        type=named_path("FOLDER"),
        metavar="NAME=FOLDER",
        help="results of a classifier; once per fold",
    )
    parser.add_argument(
        "--reference",
        metavar="NAME",
        help="the classifier to compare with the others (default: the first)",
    )
    parser.add_argument(
        "--metric",
        dest="metrics",
        action="append",
        metavar="SCORE",
        help="score of the task to compare by; give it once per score (default: those that "
        "'fastgru experiment' compares by; of classes roc_auc, accuracy and mcc)",
    )
    add_output(parser, what="table of the comparisons (TSV)")
    # no p value is below 2 / (N + 1), and that must survive being corrected for many comparisons
    add_resampling(parser, default=5000)


def run(args: argparse.Namespace) -> int:
    """Write the table, show its verdicts, and return the exit code."""
    from fastgru.data.writing import atomic_write
    from fastgru.report.comparisons import compare_runs, write_comparisons

    require_new_output(args)
    reference = args.reference or args.runs[0][0]
    names = list(dict.fromkeys(name for name, _ in args.runs))
    _require_names(names, reference)
    _require_other_folders(args.runs)
    runs = _read_runs(args)
    if reference not in runs:
        raise ConfigurationError(
            f"{reference}: is not applicable to these sequences, expected scores to compare "
            "with. Choose another --reference."
        )
    metrics = _choose_metrics(args.metrics, runs[reference][0].task)
    rows = compare_runs(runs, reference, metrics, n_resamples=args.n_resamples, seed=args.seed)
    with atomic_write(args.output) as stream:
        write_comparisons(rows, stream)
    for row in rows:
        _LOGGER.info("%s", _describe(row))
    return 0


def _choose_metrics(wanted: Sequence[str] | None, name: str) -> list[str]:
    """Return the scores to compare by, each once."""
    from fastgru.report.tasks import find_task

    task = find_task(name)
    unknown = sorted(set(wanted or ()) - set(task.scores))
    if unknown:
        raise ConfigurationError(
            f"--metric {unknown[0]}: is no score of {name}, expected one of "
            f"{shorten(task.scores)}. Correct the name."
        )
    return list(dict.fromkeys(wanted or task.compared))


def _require_names(names: list[str], reference: str) -> None:
    for name in names:
        if not name.isprintable():
            raise ConfigurationError(
                f"{name!r}: holds a tab or another control character, expected a name that fits "
                "into a cell of a table. Choose another name."
            )
    if reference not in names:
        raise ConfigurationError(
            f"--reference {reference}: is none of {shorten(names)}, expected one of them. "
            "Correct the name."
        )
    if len(names) < 2:
        raise ConfigurationError(
            f"{names[0]}: is alone, expected folders of another classifier as well. Add "
            "NAME=FOLDER."
        )


def _require_other_folders(runs: Sequence[tuple[str, str]]) -> None:
    """Refuse a folder that stands for two folds: a test would take it for two results."""
    seen: set[tuple[str, str]] = set()
    for name, folder in runs:
        place = name, os.path.realpath(folder)
        if place in seen:
            raise ConfigurationError(
                f"{name}: names the folder {folder} twice, expected another one for each fold. "
                "Leave one of them out."
            )
        seen.add(place)


def _read_runs(args: argparse.Namespace) -> dict[str, list[ScoredRun]]:
    """Return the folds of each name, without the names that are not applicable."""
    from fastgru.report.scored_runs import read_scored_run

    found: dict[str, list[ScoredRun]] = {}
    left_out: dict[str, None] = {}
    for name, folder in args.runs:
        run = read_scored_run(folder)
        if run is None:
            left_out[name] = None
        else:
            found.setdefault(name, []).append(run)
    for name in left_out:
        found.pop(name, None)
        _LOGGER.warning("warning: %s is not applicable to these sequences and left out", name)
    return found


def _describe(row: dict[str, Any]) -> str:
    names = {"a is better": f"{row['a']} is better", "b is better": f"{row['b']} is better"}
    known = not math.isnan(row["p_holm"])
    found = f"p {row['p_holm']:.2g} after Holm" if known else f"no p: {_why_unknown(row)}"
    return (
        f"{row['metric']}: {row['a']} {row['score_a']:.4f}, {row['b']} {row['score_b']:.4f}; "
        f"{names.get(row['verdict'], row['verdict'])} ({found}, {row['method']})"
    )


def _why_unknown(row: dict[str, Any]) -> str:
    if math.isnan(row["difference"]):
        return "the score is undefined on these records"
    if row["n_folds"] > 1:
        return "the difference is the same in all folds; are they the same run?"
    return "one group, or too few of a class, cannot be resampled"
