"""Options about homology, for the commands that compare sequences with each other."""

from __future__ import annotations

import argparse
import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from fastgru.cli.alphabet import chosen_alphabet
from fastgru.cli.options import share
from fastgru.cli.progress import show_progress
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.homology import Threshold

__all__ = ["add_homology", "homology_threshold", "watch_search"]

watch_search = functools.partial(show_progress, "looking for similar sequences", as_share=True)
"""Shows how far a search for homologues is: takes the number of its cells."""


def add_homology(parser: argparse._ActionsContainer) -> None:
    """Add ``--identity`` and ``--coverage``: from where on two sequences are homologous."""
    parser.add_argument(
        "--identity",
        type=share,
        metavar="X",
        help="homology: least share of identical letters in an alignment (default: 0.4 for "
        "proteins, 0.8 for nucleotides)",
    )
    parser.add_argument(
        "--coverage",
        type=share,
        metavar="X",
        help="homology: least share of both sequences that it covers (default: 0.8)",
    )


def homology_threshold(args: argparse.Namespace, *, used: bool) -> Threshold | None:
    """Return the threshold that the options of `add_homology` make; None for series.

    Parameters
    ----------
    args
        Parsed options, with an alphabet.
    used
        Whether anything is compared; if not, the options are refused.

    Raises
    ------
    ConfigurationError
    """
    from fastgru.data.alphabets import Alphabet
    from fastgru.data.homology import Threshold

    given = {name: getattr(args, name) for name in ("identity", "coverage")}
    given = {name: value for name, value in given.items() if value is not None}
    if given and not used:
        name, value = next(iter(given.items()))
        raise ConfigurationError(
            f"--{name} {value}: no sequences are compared, expected an option that asks for it "
            "(split: --method homology; audit: no --no-homology). Change that, or leave it out."
        )
    alphabet = chosen_alphabet(args)
    if not isinstance(alphabet, Alphabet):
        return None
    return replace(Threshold.default(alphabet), **given)
