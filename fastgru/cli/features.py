"""The option for features beside letters, and which models it goes with."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.alphabet import NUMERIC_TASKS, SERIES
from fastgru.errors import ConfigurationError, counted

if TYPE_CHECKING:
    from fastgru.data.feature_files import FeatureFile
    from fastgru.estimators.fitted_model import FittedModel

__all__ = ["add_features", "read_chosen_features", "refuse_features", "require_features"]


def add_features(parser: argparse._ActionsContainer) -> None:
    """Add ``--features``."""
    parser.add_argument(
        "--features",
        metavar="FILE",
        help="numbers beside each letter of the sequences, such as quality: a table (TSV), an "
        ".npz file or a folder of these, with a row for each letter",
    )


def refuse_features(args: argparse.Namespace, task: str) -> None:
    """Refuse features where nothing reads them.

    Parameters
    ----------
    args
        Parsed options, ``alphabet`` among them.
    task

    Raises
    ------
    ConfigurationError
    """
    if args.features is None:
        return
    if task not in NUMERIC_TASKS:
        raise ConfigurationError(
            f"--features: the task is {task}, expected one of {', '.join(NUMERIC_TASKS)}. Leave it "
            "out."
        )
    if args.alphabet == SERIES:
        raise ConfigurationError(
            "--features: series have features themselves, expected letters. Leave it out."
        )


def require_features(args: argparse.Namespace, model: FittedModel) -> None:
    """Refuse features that a model does not know, or their absence.

    Parameters
    ----------
    args
        Parsed options, ``model`` among them.
    model

    Raises
    ------
    ConfigurationError
    """
    n_features = 0 if model.parameters["alphabet"] == SERIES else model.n_features
    if n_features and args.features is None:
        raise ConfigurationError(
            f"{args.model}: was trained with {counted(n_features, 'feature')} of each letter, "
            "expected a file of the same. Give it, with --features FILE."
        )
    if args.features is not None and not n_features:
        raise ConfigurationError(
            f"--features: {args.model} was trained without features of letters. Leave it out."
        )


def read_chosen_features(args: argparse.Namespace) -> FeatureFile | None:
    """Return what the file of the option holds; None without the option.

    Parameters
    ----------
    args
        Parsed options; ``n_features`` if known.
    """
    if getattr(args, "features", None) is None:
        return None
    from fastgru.data.feature_files import read_features

    return read_features(args.features, getattr(args, "n_features", None))
