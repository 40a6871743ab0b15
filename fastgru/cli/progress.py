"""Progress of long work: a bar on a terminal, a few plain lines elsewhere, nothing with --quiet."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Protocol

__all__ = ["Progress", "duration", "show_progress"]

_LOGGER = logging.getLogger("fastgru.progress")
_MAX_SILENCE = 60.0
_RECENT = 10
_BAR_WIDTH = 10


class Progress(Protocol):
    """What a command tells its progress display."""

    def advance(self, count: int = 1, text: str = "") -> None:
        """Count finished pieces of work; `text` says where things stand, such as the loss."""

    def skip(self, count: int) -> None:
        """Count pieces that were finished by an earlier run, and say nothing about their pace."""


@contextlib.contextmanager
def show_progress(
    description: str, total: int | None = None, *, as_share: bool = False
) -> Iterator[Progress]:
    """Show the progress of the work done inside the block, on standard error.

    Parameters
    ----------
    description
        What is being done, such as "training".
    total
        Number of pieces of work; None if it is not known beforehand.
    as_share
        Whether to show what share is done, in place of numbers that say nothing to the user.

    Yields
    ------
    Progress
        Call its `advance` after each piece.
    """
    if not _LOGGER.isEnabledFor(logging.INFO):
        yield _Silent()
    elif sys.stderr.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}:
        with _bar(description, total, as_share=as_share) as bar:
            yield bar
    else:
        yield _Lines(description, total, as_share=as_share)


def duration(seconds: float) -> str:
    """Return a time in words, to two digits or so: ``12 s``, ``3 min``, ``2 h 40 min``, ``3 days``.

    Parameters
    ----------
    seconds
        At least 0.
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds >= 0.95 else f"{seconds:.2g} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 10:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    hours = round(seconds / 3600)
    return f"{hours} h" if hours < 72 else f"{round(hours / 24)} days"


class _Pace:
    """How much is done, and by the pace of the last pieces, how long the others will take."""

    def __init__(self, total: int | None) -> None:
        self.total, self.done = total, 0
        self._marks = deque([(0, time.monotonic())], maxlen=_RECENT + 1)

    def advance(self, count: int) -> None:
        self.done += count
        self._marks.append((self.done, time.monotonic()))

    def skip(self, count: int) -> None:
        self.done += count
        self._marks.clear()
        self._marks.append((self.done, time.monotonic()))

    def counts(self) -> str:
        """Return the pieces that are done, and all of them where that is known."""
        return f"{self.done}" if self.total is None else f"{self.done}/{self.total}"

    def share(self) -> str:
        """Return the share that is done; nothing if it is unknown."""
        return f"{100 * self.done / self.total:.0f} %" if self.total else ""

    def left(self) -> str:
        """Return the time that is left in words; nothing if it is short or unknown."""
        (first, begin), (last, now) = self._marks[0], self._marks[-1]
        if self.total is None or last == first:
            return ""
        seconds = (now - begin) / (last - first) * (self.total - self.done)
        return f"{duration(seconds)} left" if seconds >= 1 else ""


class _Silent:
    def advance(self, count: int = 1, text: str = "") -> None:
        pass

    def skip(self, count: int) -> None:
        pass


class _Lines:
    """One line per tenth of the work, so that a log file stays short, but at least one a minute."""

    def __init__(self, description: str, total: int | None, *, as_share: bool) -> None:
        self._description = description
        self._as_share = as_share
        self._pace = _Pace(total)
        self._next = 0.0
        self._shown_at = time.monotonic()

    def skip(self, count: int) -> None:
        self._pace.skip(count)

    def advance(self, count: int = 1, text: str = "") -> None:
        pace = self._pace
        pace.advance(count)
        silent_for = time.monotonic() - self._shown_at
        if pace.done < self._next and pace.done != pace.total and silent_for < _MAX_SILENCE:
            return
        self._shown_at = time.monotonic()
        self._next = pace.done * 2 if pace.total is None else pace.done + pace.total / 10
        parts = [pace.share() if self._as_share else pace.counts(), text, pace.left()]
        _LOGGER.info("%s: %s", self._description, ", ".join(part for part in parts if part))


@contextlib.contextmanager
def _bar(description: str, total: int | None, *, as_share: bool) -> Iterator[Progress]:
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=_BAR_WIDTH),
        progress.TextColumn("{task.fields[done]}") if as_share else progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.fields[text]}"),
    )
    pace = _Pace(total)
    counts = "100 %" if as_share else f"{total}/{total}"
    taken = len(f"{description} {counts} 0:00:00  ") + _BAR_WIDTH + 1
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task(description, total=total, text="", done=pace.share())

        class Bar:
            def advance(self, count: int = 1, text: str = "") -> None:
                pace.advance(count)
                shown = ", ".join(part for part in (pace.left(), text) if part)
                # or the table would take the room from the bar and the numbers
                room = max(display.console.width - taken, 1)
                cut = shown if len(shown) <= room else f"{shown[: room - 1]}…"
                display.update(task, completed=pace.done, text=cut, done=pace.share())

            def skip(self, count: int) -> None:
                pace.skip(count)
                display.update(task, completed=pace.done, done=pace.share())

        with _messages_above():
            yield Bar()


@contextlib.contextmanager
def _messages_above() -> Iterator[None]:
    """Let messages appear above the bar, which has put its own stream in the place of stderr."""
    handlers = logging.getLogger("fastgru").handlers
    changed = [
        (handler, handler.setStream(sys.stderr))
        for handler in handlers
        if type(handler) is logging.StreamHandler
    ]
    try:
        yield
    finally:
        for handler, stream in changed:
            if stream is not None:
                handler.setStream(stream)
