"""``fastgru audit``: look at labelled sequences before anything is trained."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fastgru._machine import usable_threads
from fastgru.cli.alphabet import chosen_alphabet
from fastgru.cli.homology import add_homology, homology_threshold, watch_search
from fastgru.cli.options import (
    add_output,
    add_threads,
    require_new_output,
)
from fastgru.cli.task_input import TaskInput, add_task_input, read_task_input
from fastgru.errors import LabelError

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Check labelled sequences and describe them: records that cannot be used, repeated sequences,
sequences with more than one label, similar sequences (found with MMseqs2), lengths and letters by
class, and trivial features that give the class, or with --task a target, away. With a split, test
sequences that training knows already. Of series, what is not about letters. The findings are shown
on standard error, the whole report is written as JSON.

Bad records, and findings of the level "fail", end the command with exit code 1; warnings do not.
"""
_EPILOG = """\
examples:
  fastgru audit --alphabet protein --class AMP=amp.fa.gz --class decoy=decoy.fa.gz -o audit.json
  fastgru audit genes.fa --labels labels.tsv -o -
  fastgru audit genes.fa --labels labels.tsv --level leaking_split=fail --level shortcut=note
  fastgru audit --task regression genes.fa --labels table.tsv --target expression -o audit.json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "audit",
        help="look for what is wrong or misleading in labelled sequences",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_task_input(parser)
    group = parser.add_argument_group("audit")
    group.add_argument(
        "--split",
        metavar="TSV",
        help="split to look for leaks in (columns id, label, split); by default the column split",
    )
    group.add_argument(
        "--homology",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="look for similar sequences with MMseqs2 (default: yes)",
    )
    add_homology(group)
    group.add_argument(
        "--level",
        dest="levels",
        action="append",
        type=_level,
        default=[],
        metavar="CODE=LEVEL",
        help="level of a finding: note, warn or fail; may be given several times",
    )
    add_output(parser, what="JSON file for the report")
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Write the report, show the findings, and return the exit code."""
    import json

    from fastgru.data.alphabets import Alphabet
    from fastgru.data.audit import audit
    from fastgru.data.findings import check_levels
    from fastgru.data.writing import atomic_write

    require_new_output(args)
    levels = dict(args.levels)
    check_levels(levels)
    kind = chosen_alphabet(args)
    alphabet = kind if isinstance(kind, Alphabet) else None
    compared = args.homology and alphabet is not None
    threshold = homology_threshold(args, used=compared)
    given = read_task_input(args)
    if args.split is not None:
        given = _with_split(given, args.split)
    report = audit(
        given.data,
        alphabet,
        answers=given.answers,
        threshold=threshold if compared else None,
        levels=levels,
        threads=usable_threads(args.threads),
        watch=watch_search,
    )
    with atomic_write(args.output) as file:
        json.dump(report, file, indent=2, sort_keys=True, allow_nan=False)
        file.write("\n")
    for line in _summarise(report):
        _LOGGER.info("%s", line)
    for finding in report["findings"]:
        level = logging.INFO if finding["level"] == "note" else logging.WARNING
        _LOGGER.log(level, "%s: %s", finding["level"], finding["message"])
    return int(any(finding["level"] == "fail" for finding in report["findings"]))


def _level(text: str) -> tuple[str, str]:
    code, separator, level = text.partition("=")
    if not (code and separator and level):
        raise argparse.ArgumentTypeError(f"expected CODE=LEVEL, got {text!r}")
    return code, level


def _with_split(given: TaskInput, path: str) -> TaskInput:
    """Return the records that a split names, with their parts, copies included."""
    from fastgru.data.splits import read_split

    data, letters = given.data, given.answers.letters
    table = read_split(path)
    rows = table.rows
    places = [k for k, record in enumerate(data.ids) if record in rows]
    if not places:
        raise LabelError(
            f"{path}: names none of the sequences, expected the split of these. "
            "Make it with 'fastgru split'."
        )
    named = data.subset(places)
    named.splits = [str(rows[record].split) for record in named.ids]
    if table.has_group:
        named.groups = [str(rows[record].group) for record in named.ids]
    if letters is not None:
        letters = [letters[place] for place in places]
    return TaskInput(named, replace(given.answers, letters=letters))


def _summarise(report: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table with one row per class."""
    rows = [["class", "records", "used", "min", "median", "max", "ambiguous"]]
    for label, entry in report["classes"].items():
        length = entry["length"]
        lengths = [f"{length[name]:g}" for name in ("min", "median", "max")]
        n_ambiguous = sum(entry.get("ambiguous", {}).values())
        rows.append([label, str(entry["n"]), str(entry["n_kept"]), *lengths, str(n_ambiguous)])
    total, used = str(report["n_records"]), str(report["n_kept"])
    rows.append(["all", total, used, "", "", "", ""])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells]).rstrip()
