"""Progress of long work: a bar on a terminal, a few plain lines elsewhere, nothing with --quiet."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Protocol

__all__ = ["Progress", "show_progress"]

_LOGGER = logging.getLogger("fastgru.progress")


class Progress(Protocol):
    """What a command tells its progress display."""

    def advance(self, count: int = 1, text: str = "") -> None:
        """Count finished pieces of work; `text` says where things stand, such as the loss."""


@contextlib.contextmanager
def show_progress(description: str, total: int | None = None) -> Iterator[Progress]:
    """Show the progress of the work done inside the block, on standard error.

    Parameters
    ----------
    description
        What is being done, such as "training".
    total
        Number of pieces of work; None if it is not known beforehand.

    Yields
    ------
    Progress
        Call its `advance` after each piece.
    """
    if not _LOGGER.isEnabledFor(logging.INFO):
        yield _Silent()
    elif sys.stderr.isatty():
        with _bar(description, total) as bar:
            yield bar
    else:
        yield _Lines(description, total)


class _Silent:
    def advance(self, count: int = 1, text: str = "") -> None:
        pass


class _Lines:
    """One line per tenth of the work, so that a log file stays short."""

    def __init__(self, description: str, total: int | None) -> None:
        self._description = description
        self._total = total
        self._done = 0
        self._next = 0.0

    def advance(self, count: int = 1, text: str = "") -> None:
        self._done += count
        if self._done < self._next and self._done != self._total:
            return
        if self._total is None:
            self._next = self._done * 2
            shown = f"{self._done}"
        else:
            self._next = self._done + self._total / 10
            shown = f"{self._done}/{self._total}"
        _LOGGER.info("%s: %s%s", self._description, shown, f", {text}" if text else "")


@contextlib.contextmanager
def _bar(description: str, total: int | None) -> Iterator[Progress]:
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[text]}"),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task(description, total=total, text="")

        class Bar:
            def advance(self, count: int = 1, text: str = "") -> None:
                display.update(task, advance=count, text=text)

        yield Bar()
