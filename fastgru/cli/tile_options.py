"""Options of scans with taggers, whose rows are of neighbouring letters, not of windows."""

from __future__ import annotations

import argparse
from typing import Any

from fastgru.cli.options import positive_int
from fastgru.errors import ConfigurationError

__all__ = ["add_tiles", "chosen_tiles", "refuse_tiles"]

_ABOUT = """\
A tagger has no windows: a row of the table has the mean probability of each label over
--resolution neighbouring letters. It reads tiles of 10000 letters with --context letters on either
side, which see a letter's surroundings and get no row of their own."""


def add_tiles(parser: argparse.ArgumentParser) -> None:
    """Add the options of models that label letters."""
    group = parser.add_argument_group("models that label letters", _ABOUT)
    group.add_argument(
        "--context",
        type=int,
        metavar="N",
        help="letters that are read on either side of a tile (default: 1000)",
    )
    group.add_argument(
        "--resolution",
        type=positive_int,
        metavar="N",
        help="letters of a row, a divisor of 10000 (default: 10)",
    )
    group.add_argument(
        "--sum",
        action="append",
        type=_named_labels,
        metavar="NAME=LABEL[,...]",
        help="one column NAME with the sum of these labels' probabilities in place of theirs, such "
        "as coding=1,2,3 for the places of a codon; may be given several times",
    )


def _named_labels(text: str) -> tuple[str, list[str]]:
    name, _, labels = text.partition("=")
    if not name or not labels:
        raise argparse.ArgumentTypeError(
            f"expected a name and labels, such as coding=1,2,3, got {text!r}"
        )
    return name, labels.split(",")


def chosen_tiles(args: argparse.Namespace) -> dict[str, Any]:
    """Return what the scanner of a tagger is to be told; refuse what is for windows."""
    for option, value in (("--window", args.window), ("--step", args.step)):
        if value is not None:
            raise ConfigurationError(
                f"{option} {value}: the model labels letters, expected one of whole sequences for "
                "windows. Use --resolution for the letters of a row."
            )
    sums = dict(args.sum or ())
    if len(sums) < len(args.sum or ()):
        raise ConfigurationError(
            "--sum: a name is given twice, expected one for each column. Give all labels of a "
            "column at once, separated by commas."
        )
    sizes = {"context": args.context, "resolution": args.resolution}
    return {"sums": sums, **{name: size for name, size in sizes.items() if size is not None}}


def refuse_tiles(args: argparse.Namespace) -> None:
    """Refuse what is for models that label letters."""
    for name in ("context", "resolution", "sum"):
        if getattr(args, name) is not None:
            raise ConfigurationError(
                f"--{name}: the model says one thing of a whole window, expected one that labels "
                "letters. Leave the option out."
            )
