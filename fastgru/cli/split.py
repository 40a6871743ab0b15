"""``fastgru split``: divide labelled sequences into training, validation and test sets."""

from __future__ import annotations

import argparse
import logging
from collections import Counter

from fastgru.cli.options import (
    add_labelled_input,
    add_output,
    add_seed,
    fraction,
    read_labelled_input,
    require_new_output,
)
from fastgru.cli.selection import require_all_classes

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Divide labelled sequences into those to train on, those to stop training by (validation), and
those to test with. Sequences with more than one label are left out, and of repeated sequences
the first is used, so that no sequence is in two parts. Each class is divided in the same
proportions. The columns split and group of a table of labels are respected: a given split is
kept, and a group is never divided.
"""
_EPILOG = """\
examples:
  fastgru split genes.fa --labels labels.tsv -o split.tsv
  fastgru split genes.fa --label-field label --test-fraction 0.3 --seed 7 -o split.tsv
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "split",
        help="divide labelled sequences into training, validation and test sets",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_labelled_input(parser)
    group = parser.add_argument_group("split")
    group.add_argument(
        "--test-fraction",
        type=fraction,
        default=0.2,
        metavar="X",
        help="share of the sequences to test with (default: %(default)s)",
    )
    group.add_argument(
        "--validation-fraction",
        type=fraction,
        default=0.1,
        metavar="X",
        help="share of the sequences to stop training by (default: %(default)s)",
    )
    add_seed(group)
    add_output(parser, what="TSV with the columns id, label and split")


def run(args: argparse.Namespace) -> int:
    """Write the split and return the exit code."""
    from fastgru.data.duplicates import resolve_duplicates
    from fastgru.data.splits import make_split, write_split

    require_new_output(args)
    data = read_labelled_input(args)
    kept, exclusions = resolve_duplicates(data)
    used = data.subset(kept)
    require_all_classes(data, used)
    splits = make_split(
        used,
        test_fraction=args.test_fraction,
        validation_fraction=args.validation_fraction,
        seed=args.seed,
    )
    write_split(args.output, used.ids, used.labels, splits)
    reasons = Counter(exclusion.reason for exclusion in exclusions)
    _LOGGER.info(
        "%d records, of which %d are left out for conflicting labels and %d as duplicates",
        len(data),
        reasons["conflicting_labels"],
        reasons["duplicate"],
    )
    for part, count in Counter(splits).items():
        _LOGGER.info("%s: %d sequences", part, count)
    return 0
