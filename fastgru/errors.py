"""Errors that a user can cause, and the pieces of their messages.

Every message has the form *where: what was found, what was expected. How to fix.*
The command line prints ``str(error)`` and nothing else, so a message must stand on its own.
Each class is also a built-in exception, so that callers need not import fastgru to catch it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice

__all__ = [
    "AlphabetError",
    "CheckpointError",
    "ConfigurationError",
    "DivergenceError",
    "FastaFormatError",
    "FastgruError",
    "LabelError",
    "ModelFileError",
    "RankError",
    "ToolError",
    "counted",
    "display_name",
    "location",
    "reason_of",
    "shorten",
]


class FastgruError(Exception):
    """An error whose text is written for the user; base of all errors of this package."""


class FastaFormatError(FastgruError, ValueError):
    """A sequence file cannot be read, or holds records that cannot be used.

    Attributes
    ----------
    path
        Name of the file as the user gave it, None if unknown.
    line
        Line of the (first) fault, counted from 1, None if the whole file is at fault.
    """

    def __init__(self, message: str, path: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.line = line


class AlphabetError(FastgruError, ValueError):
    """A sequence has a letter outside its alphabet.

    Attributes
    ----------
    letter
        The first such letter.
    position
        Its place in the sequence, counted from 1.
    """

    def __init__(self, message: str, letter: str = "", position: int = 0) -> None:
        super().__init__(message)
        self.letter = letter
        self.position = position


class LabelError(FastgruError, ValueError):
    """Sequences and labels do not match, or a class has too few records."""


class ModelFileError(FastgruError, ValueError):
    """A file is not a fastgru model, is damaged, or was written by a newer version."""


class CheckpointError(FastgruError, ValueError):
    """A checkpoint is damaged, or belongs to a training on other data or with other options."""


class DivergenceError(FastgruError, ValueError):
    """Training met a number that is not finite."""


class RankError(FastgruError, RuntimeError):
    """The processes of one training do not begin alike, or one of them cannot begin."""


class ToolError(FastgruError, RuntimeError):
    """A program that fastgru calls is missing or has failed."""


class ConfigurationError(FastgruError, ValueError):
    """An option is outside its range, or something needed for it is missing."""


def display_name(path: str | os.PathLike[str]) -> str:
    """Return the name of a file for messages; ``"-"`` becomes "standard input"."""
    name = os.fspath(path)
    return "standard input" if name == "-" else name or "''"


def location(
    path: str | os.PathLike[str] | None, line: int | None = None, record: str | None = None
) -> str:
    """Return the place of a fault, such as ``reads.fasta, line 14, record 'seq7'``."""
    parts = [] if path is None else [display_name(path)]
    if line is not None:
        parts.append(f"line {line}")
    if record is not None:
        parts.append(f"record {record!r}")
    return ", ".join(parts)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 record`` or ``3 records``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def reason_of(error: BaseException) -> str:
    """Return why something failed in lower case: the system's reason, or the error's own text.

    Examples
    --------
    >>> reason_of(FileNotFoundError(2, "No such file or directory"))
    'no such file or directory'
    """
    text = error.strerror if isinstance(error, OSError) else None
    return (text or str(error)).rstrip(".").lower()


def shorten(items: Iterable[str], limit: int = 5) -> str:
    """Return the first items quoted, and the number of the others.

    Examples
    --------
    >>> shorten(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    iterator = iter(items)
    text = ", ".join(repr(item) for item in islice(iterator, limit))
    n_more = sum(1 for _ in iterator)
    return f"{text} and {n_more} more" if n_more else text
