"""The options of translators: the second file, and how they write."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import positive_int
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.estimators.fitted_model import FittedModel

__all__ = [
    "add_search",
    "add_translations",
    "refuse_search",
    "refuse_translations",
    "search_options",
]

_OPTIONS = ("beam_size", "length_penalty", "most_tokens")


def add_translations(parser: argparse.ArgumentParser) -> None:
    """Add ``--translations``, the second file of a translation."""
    parser.add_argument(
        "--translations",
        metavar="FASTA",
        help="of the task translation: the translation of each sequence, by the same ids",
    )


def refuse_translations(args: argparse.Namespace, task: str) -> None:
    """Refuse ``--translations`` for another task than translation.

    Raises
    ------
    ConfigurationError
    """
    if args.translations is not None and task != "translation":
        raise ConfigurationError(
            f"--translations: the task is {task}, expected translation to need them. Leave the "
            "option out, or train with --task translation."
        )


def add_search(parser: argparse._ActionsContainer) -> None:
    """Add ``--beam-size``, ``--length-penalty`` and ``--max-length``."""
    parser.add_argument(
        "--beam-size",
        type=positive_int,
        metavar="N",
        help="of a translator: beginnings of which the best is kept in the end (default: 1, the "
        "likeliest token each time)",
    )
    parser.add_argument(
        "--length-penalty",
        type=float,
        metavar="X",
        help="of a translator: by how much longer translations are preferred (default: 0)",
    )
    parser.add_argument(
        "--max-length",
        dest="most_tokens",
        type=positive_int,
        metavar="N",
        help="of a translator: most tokens of a translation, its end included (default: half as "
        "many again, for its letters, as any of training has, and ten)",
    )


def search_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return how to write, as :meth:`fastgru.Seq2Seq.translate` takes it."""
    return {
        "beam_size": args.beam_size or 1,
        "length_penalty": args.length_penalty or 0.0,
        "max_length": args.most_tokens,
    }


def refuse_search(args: argparse.Namespace, fitted: FittedModel) -> None:
    """Refuse these options for a model of another task.

    Raises
    ------
    ConfigurationError
    """
    if fitted.task == "translation":
        return
    given = [name for name in _OPTIONS if getattr(args, name) is not None]
    if given:
        flag = {"most_tokens": "max-length"}.get(given[0], given[0].replace("_", "-"))
        raise ConfigurationError(
            f"--{flag}: {args.model} is a model of {fitted.task}, expected one of translation. "
            "Leave the option out."
        )
