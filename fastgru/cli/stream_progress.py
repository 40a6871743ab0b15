"""Progress through records of which the files are known, but not how many there are."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from fastgru.cli.progress import Progress, show_progress

if TYPE_CHECKING:
    from fastgru.data.unlabelled import CheckedSequence

__all__ = [
    "BytesRead",
    "InputRead",
    "LettersRead",
    "StreamProgress",
    "short_number",
    "show_stream_progress",
]

_RECENT = 10


class InputRead(Protocol):
    """Counts what has been read of the input; stands where a digest may stand."""

    @property
    def total(self) -> int | None:
        """What all of it will be; None if that is unknown."""

    def update(self, data: memoryview | bytes, /) -> None:
        """Take more bytes into account."""

    def noted(self, records: Iterable[CheckedSequence]) -> Iterator[CheckedSequence]:
        """Yield the records, and take them into account."""

    def __call__(self) -> int:
        """Return how much has been read."""


class BytesRead:
    """Counts the bytes of files.

    Parameters
    ----------
    paths
        How much they have is known where all of them are plain files.
    """

    def __init__(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        self._count = 0
        files = list(paths)
        known = all(map(os.path.isfile, files))
        self.total = sum(map(os.path.getsize, files)) if known else None

    def update(self, data: memoryview | bytes, /) -> None:
        """Count more bytes."""
        self._count += len(data)

    def noted(self, records: Iterable[CheckedSequence]) -> Iterator[CheckedSequence]:
        """Yield the records."""
        yield from records

    def __call__(self) -> int:
        """Return how many bytes have been read."""
        return self._count


class LettersRead:
    """Counts the letters of a shard, whose bytes say little: its files may be compressed.

    Parameters
    ----------
    total
        About the letters of its records.
    """

    def __init__(self, total: int) -> None:
        self._count, self.total = 0, total

    def update(self, data: memoryview | bytes, /) -> None:
        """Take no account of bytes."""

    def noted(self, records: Iterable[CheckedSequence]) -> Iterator[CheckedSequence]:
        """Yield the records, and count their letters."""
        for record in records:
            self._count += len(record.sequence)
            yield record

    def __call__(self) -> int:
        """Return how many letters have been read, of those that were expected."""
        return min(self._count, self.total)


class StreamProgress:
    """Shows records and letters per second, and how much of the input has been done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._records, self._letters, self._position = 0, 0, 0
        self._skipped = False
        self._marks = deque([(time.monotonic(), 0, 0)], maxlen=_RECENT + 1)

    def skip(self, records: int) -> None:
        """Count records that were done by an earlier run, which say nothing about the pace."""
        self._records += records
        self._skipped = True
        self._marks.clear()
        self._marks.append((time.monotonic(), self._records, self._letters))

    def advance(self, records: int, letters: int, position: int) -> None:
        """Count finished records.

        Parameters
        ----------
        records, letters
            More of them.
        position
            How much of the input had been read for all so far.
        """
        self._records += records
        self._letters += letters
        self._marks.append((time.monotonic(), self._records, self._letters))
        more, self._position = position - self._position, position
        if self._skipped:
            self._progress.skip(more)
            self._skipped = False
        else:
            self._progress.advance(more, self._text())

    def _text(self) -> str:
        (begin, *before), (end, *now) = self._marks[0], self._marks[-1]
        parts = [f"{self._records} records"]
        if end > begin:
            rates = [(b - a) / (end - begin) for a, b in zip(before, now, strict=True)]
            parts += [f"{short_number(rates[0])} records/s", f"{short_number(rates[1])} letters/s"]
        return ", ".join(parts)


@contextlib.contextmanager
def show_stream_progress(description: str, total: int | None) -> Iterator[StreamProgress]:
    """Show the progress of the work done inside the block, on standard error.

    Parameters
    ----------
    description
        What is being done, such as "predicting".
    total
        Of :class:`InputRead`.
    """
    with show_progress(description, total, as_share=True) as progress:
        yield StreamProgress(progress)


def short_number(number: float) -> str:
    """Return a number to two digits, such as ``2.1 M``.

    Parameters
    ----------
    number
        At least 0.
    """
    for size, prefix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= 0.995 * size:
            digits = 1 if number < 9.95 * size else 0
            return f"{number / size:.{digits}f}{prefix}"
    return f"{number:.0f}"
