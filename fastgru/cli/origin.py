"""What data a model comes from or was scored on, as model files and metrics.json say it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences

__all__ = ["PURPOSE", "add_purpose", "chosen_purpose", "describe_data", "in_common"]

PURPOSE = ("license", "intended_use")
"""Entries of the card that `add_purpose` has options for."""


def add_purpose(parser: argparse._ActionsContainer) -> None:
    """Add ``--license`` and ``--intended-use``, which the model file states."""
    parser.add_argument(
        "--license",
        type=_words,
        metavar="TEXT",
        help="under which others may use the model, such as CC-BY-4.0; its file says so",
    )
    parser.add_argument(
        "--intended-use",
        type=_words,
        metavar="TEXT",
        help="what the model is for, and what not; its file says so",
    )


def _words(text: str) -> str:
    """Refuse what would say nothing, and bytes that are no text."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected some words, got none")
    if text.encode("utf-8", "ignore").decode("utf-8") != text:
        raise argparse.ArgumentTypeError(f"expected text in UTF-8, got {text!r}")
    return text


def chosen_purpose(args: argparse.Namespace) -> dict[str, str]:
    """Return the entries of the card that the options of `add_purpose` state."""
    given = {name: getattr(args, name) for name in PURPOSE}
    return {name: text for name, text in given.items() if text is not None}


def in_common(records: Sequence[Mapping[str, Any]], names: Iterable[str]) -> dict[str, Any]:
    """Return the entries that all of some records have, and with the same value.

    Parameters
    ----------
    records
        At least one.
    names
        Of the entries.
    """
    first, *others = records
    return {
        name: first[name]
        for name in names
        if name in first and all(record.get(name) == first[name] for record in others)
    }


def describe_data(data: LabelledSequences, chosen: LabelledSequences) -> dict[str, Any]:
    """Return the files that were read, and where their split came from.

    Parameters
    ----------
    data
        What the input files hold.
    chosen
        The records in use.
    """
    from fastgru.data.splits import source_of

    entry: dict[str, Any] = {
        "files": [asdict(file) for file in data.files],
        "n_records": len(data),
    }
    source = chosen.split_file
    if source is None and data.splits is not None:
        made = {} if data.split_origin is None else asdict(data.split_origin)
        source = source_of(data.splits, data.groups, **made)
    return entry if source is None else {**entry, "split": asdict(source)}
