"""Names of outputs that are refused: those of inputs, and those that would mislead."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from fastgru.errors import ConfigurationError

__all__ = [
    "inputs_of",
    "is_device",
    "refuse_compressed",
    "refuse_overwritten_input",
    "refuse_standard_input_twice",
]

_READ = (
    *("model", "models", "fasta", "features", "labels", "step_labels", "split", "results"),
    *("journal", "baseline_fasta", "pretrained", "translations", "variants", "metrics"),
    *("regions", "tables", "sizes", "annotation", "shards"),
)
"""Options that name files which are read."""


def inputs_of(args: argparse.Namespace) -> list[str]:
    """Return the files that options name to be read; ``"-"`` is standard input.

    Parameters
    ----------
    args
        Parsed options of any command.
    """
    inputs: list[str] = [path for _, path in getattr(args, "classes", None) or ()]
    for name in _READ:
        value = getattr(args, name, None) or ()
        inputs += [value] if isinstance(value, str) else value
    for _, folder in getattr(args, "runs", None) or ():
        inputs += [os.path.join(folder, name) for name in ("metrics.json", "predictions.tsv")]
    return inputs


def refuse_overwritten_input(args: argparse.Namespace, outputs: Sequence[str] = ()) -> None:
    """Refuse an output or a log file that is also an input: --force is for old results.

    Parameters
    ----------
    args
        Parsed options of any command.
    outputs
        Further outputs than those that are options.

    Raises
    ------
    ConfigurationError
        If a file would be read and written.
    """
    places = {os.path.realpath(path) for path in inputs_of(args) if path != "-"}
    written = ("output", "history", "checkpoint", "predictions", "log_file")
    for path in (*(getattr(args, name, None) or "-" for name in written), *outputs):
        place = os.path.realpath(path)
        if path != "-" and place in places and not is_device(place):
            raise ConfigurationError(
                f"{path}: is an input and would be overwritten, expected another file for the "
                "output. Choose another name."
            )


def refuse_standard_input_twice(args: argparse.Namespace) -> None:
    """Refuse standard input for two inputs: the second would find it empty.

    Parameters
    ----------
    args
        Parsed options of any command.

    Raises
    ------
    ConfigurationError
    """
    if inputs_of(args).count("-") > 1:
        raise ConfigurationError("standard input (-) can be read only once. Use a file instead.")


def is_device(path: str) -> bool:
    """Whether a path is something else than a file, such as /dev/null."""
    return os.path.exists(path) and not os.path.isfile(path)


def refuse_compressed(path: str | None, kind: str, example: str) -> None:
    """Refuse a name in ``.gz`` for a file that is not compressed.

    Parameters
    ----------
    path
        Output; None for none.
    kind
        What is written: ``model files``.
    example
        A name that would do.
    """
    if path is not None and path.endswith(".gz"):
        raise ConfigurationError(
            f"{path}: {kind} are not compressed, expected a name such as {example}. Choose another "
            "name."
        )
