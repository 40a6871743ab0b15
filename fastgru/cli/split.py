"""``fastgru split``: divide labelled sequences into training, validation and test sets."""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from typing import TYPE_CHECKING

from fastgru._machine import usable_threads
from fastgru.cli.alphabet import chosen_alphabet
from fastgru.cli.homology import add_homology, homology_threshold, watch_search
from fastgru.cli.options import (
    add_output,
    add_seed,
    add_threads,
    fraction,
    positive_int,
    require_new_output,
)
from fastgru.cli.overwriting import refuse_overwritten_input
from fastgru.cli.selection import require_all_classes
from fastgru.cli.task_input import add_task_input, read_task_input
from fastgru.errors import ConfigurationError, counted

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences

_LOGGER = logging.getLogger(__name__)
_FOLD = "{fold}"
_TEST_FRACTION = 0.2
_DESCRIPTION = """\
Divide labelled sequences into those to train on, those to stop training by (validation), and
those to test with. Sequences with more than one label are left out, and of repeated sequences
the first is used, so that no sequence is in two parts. With --task the labels are what that task
learns: targets, or labels of letters. Tasks without may have a table (--labels) of splits and
groups.

Methods: "random" divides each class in the same proportions. "group" keeps the records of each
group together, as named in the column group of a table of labels. "homology" makes groups of
similar sequences with MMseqs2, never divides them, and checks by a search that no similar pair
stands across the split; series have no letters to compare, and no such groups. "given" keeps the
column split of a table of labels. Without --method the columns decide: given where there is a
split, group where there are groups, else random.

--folds K makes K splits, in which every sequence is tested once; --repeats R does so R times.
Several splits need the word {fold} in the name of the output, for their numbers from 1.
"""
_EPILOG = """\
examples:
  fastgru split genes.fa --labels labels.tsv -o split.tsv
  fastgru split proteins.fa --label-field label --alphabet protein --method homology -o split.tsv
  fastgru split genes.fa --label-field label --folds 5 --seed 7 -o split-{fold}.tsv
  fastgru split --task tagging proteins.fa --alphabet protein --step-labels labels.fa -o split.tsv
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
    add_task_input(parser, unlabelled=True)
    group = parser.add_argument_group("split")
    _add_method(group)
    _add_shares(group)
    add_seed(group)
    add_output(
        parser,
        what="TSV of id, label, split, group where there are groups, split_method and split_seed",
    )
    add_threads(parser)


def _add_method(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--method",
        choices=("random", "group", "homology", "given"),
        help="how to divide (default: by the columns of the table of labels, else random)",
    )
    add_homology(group)
    group.add_argument(
        "--folds",
        type=positive_int,
        default=1,
        metavar="K",
        help="make a split for each of K folds (default: %(default)s, a single split)",
    )
    group.add_argument(
        "--repeats",
        type=positive_int,
        default=1,
        metavar="R",
        help="divide R times, with R seeds from --seed on (default: %(default)s)",
    )


def _add_shares(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--test-fraction",
        type=fraction,
        metavar="X",
        help=f"share of the sequences to test with (default: {_TEST_FRACTION}); not with folds, "
        "which test 1/K each",
    )
    group.add_argument(
        "--validation-fraction",
        type=fraction,
        default=0.1,
        metavar="X",
        help="share of the sequences to stop training by (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the splits and return the exit code."""
    from fastgru.data.division import SplitPlan, divide, origins_of
    from fastgru.data.duplicates import resolve_duplicates
    from fastgru.data.splits import write_split

    test_fraction = _test_fraction(args)
    outputs = _outputs(args)
    threshold = homology_threshold(args, used=args.method == "homology")
    given = read_task_input(args)
    data = given.data
    kept, exclusions = resolve_duplicates(given.answers.comparable(data))
    used = data.subset(kept)
    require_all_classes(data, used)
    plan = SplitPlan(
        method=args.method,
        test_fraction=test_fraction,
        validation_fraction=args.validation_fraction,
        n_folds=args.folds,
        n_repeats=args.repeats,
        seed=args.seed,
        threshold=threshold,
    )
    threads = usable_threads(args.threads)
    divided, splits = divide(used, chosen_alphabet(args), plan, threads=threads, watch=watch_search)
    origins = origins_of(used, chosen_alphabet(args), plan)
    for path, parts, origin in zip(outputs, splits, origins, strict=True):
        write_split(path, divided, parts, origin)
    reasons = Counter(exclusion.reason for exclusion in exclusions)
    _LOGGER.info(
        "%d records, of which %d are left out for conflicting labels and %d as duplicates",
        len(data),
        reasons["conflicting_labels"],
        reasons["duplicate"],
    )
    _show(divided, splits)
    if args.method == "random":
        _warn_of_divided_groups(used, splits)
    return 0


def _warn_of_divided_groups(data: LabelledSequences, splits: list[list[str]]) -> None:
    from fastgru.data.splits import divided_groups

    n_divided = max(len(divided_groups(data.groups, parts)) for parts in splits)
    if n_divided:
        _LOGGER.warning(
            "warning: the method random divides %s of the labels; use --method group to keep the "
            "records of each together",
            counted(n_divided, "group"),
        )


def _test_fraction(args: argparse.Namespace) -> float:
    """Return the share of a single split; refuse one where folds decide.

    Raises
    ------
    ConfigurationError
    """
    given: float | None = args.test_fraction
    if given is not None and args.folds > 1:
        raise ConfigurationError(
            f"--test-fraction {given:g}: each of {args.folds} folds is tested in its turn, "
            "expected no share beside --folds. Leave one of the two out."
        )
    return _TEST_FRACTION if given is None else given


def _outputs(args: argparse.Namespace) -> list[str]:
    """Return the file of each split, after the usual checks."""
    n_splits = args.folds * args.repeats
    if n_splits > 1 and _FOLD not in args.output:
        raise ConfigurationError(
            f"-o {args.output}: is one name for {n_splits} splits, expected one with {_FOLD}, for "
            "their numbers. Write for example -o split-{fold}.tsv."
        )
    paths = [args.output.replace(_FOLD, str(number)) for number in range(1, n_splits + 1)]
    args.output, *others = paths
    require_new_output(args, *others)
    refuse_overwritten_input(args, others)
    return paths


def _show(data: LabelledSequences, splits: list[list[str]]) -> None:
    if data.groups is not None:
        sizes = Counter(data.groups)
        _LOGGER.info("%d groups, the largest of %d sequences", len(sizes), max(sizes.values()))
    for number, parts in enumerate(splits, 1):
        place = f"fold {number}: " if len(splits) > 1 else ""
        counts = Counter(parts)
        shown = [f"{counts[part]} {part}" for part in ("train", "validation", "test")]
        _LOGGER.info("%s%s sequences", place, ", ".join(shown))
