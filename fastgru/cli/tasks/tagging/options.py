"""The option of taggers: a row for each letter."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.estimators.fitted_model import FittedModel

__all__ = ["add_per_position", "refuse_per_position"]


def add_per_position(parser: argparse.ArgumentParser) -> None:
    """Add ``--per-position``."""
    parser.add_argument(
        "--per-position",
        action="store_true",
        help="of a tagger: a row for each letter, with its position (from 1), the letter, its "
        "label and the probability of each label, instead of one row with all labels",
    )


def refuse_per_position(args: argparse.Namespace, fitted: FittedModel) -> None:
    """Refuse the option for a model that does not label letters.

    Raises
    ------
    ConfigurationError
    """
    if args.per_position and fitted.task != "tagging":
        raise ConfigurationError(
            f"--per-position: {args.model} is a model of {fitted.task}, expected one of tagging, "
            "which has something to say of each letter. Leave the option out."
        )
