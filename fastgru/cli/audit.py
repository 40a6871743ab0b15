"""``fastgru audit``: look at labelled sequences before anything is trained."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from typing import Any

from fastgru.cli.options import (
    add_labelled_input,
    add_output,
    read_labelled_input,
    require_new_output,
)

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Check labelled sequences and describe them: records that cannot be used, repeated sequences,
sequences with more than one label, lengths and letters by class, and trivial features that give
the class away. The findings are shown on standard error, the whole report is written as JSON.

Bad records end the command with exit code 1 and a list of all of them. Warnings do not.
"""
_EPILOG = """\
examples:
  fastgru audit --alphabet protein --class AMP=amp.fa.gz --class decoy=decoy.fa.gz -o audit.json
  fastgru audit genes.fa --labels labels.tsv -o -
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
    add_labelled_input(parser)
    add_output(parser, what="JSON file for the report")


def run(args: argparse.Namespace) -> int:
    """Write the report, show the findings, and return the exit code."""
    import json

    from fastgru.data.alphabets import get_alphabet
    from fastgru.data.audit import audit
    from fastgru.data.files import atomic_write

    require_new_output(args)
    data = read_labelled_input(args)
    report = audit(data, get_alphabet(args.alphabet))
    with atomic_write(args.output) as file:
        json.dump(report, file, indent=2, sort_keys=True)
        file.write("\n")
    for line in _summarise(report):
        _LOGGER.info("%s", line)
    for finding in report["findings"]:
        level = logging.INFO if finding["level"] == "note" else logging.WARNING
        _LOGGER.log(level, "%s: %s", finding["level"], finding["message"])
    return 0


def _summarise(report: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table with one row per class."""
    rows = [["class", "records", "used", "min", "median", "max", "ambiguous"]]
    for label, entry in report["classes"].items():
        length = entry["length"]
        lengths = [f"{length[name]:g}" for name in ("min", "median", "max")]
        n_ambiguous = sum(entry["ambiguous"].values())
        rows.append([label, str(entry["n"]), str(entry["n_kept"]), *lengths, str(n_ambiguous)])
    total, used = str(report["n_records"]), str(report["n_kept"])
    rows.append(["all", total, used, "", "", "", ""])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells]).rstrip()
