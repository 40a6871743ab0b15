"""Progress through records of which the files are known, but not how many there are."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator

from fastgru.cli.progress import Progress, show_progress
from fastgru.data.file_parts import FilePart

__all__ = ["BytesRead", "StreamProgress", "show_stream_progress"]

_RECENT = 10


class BytesRead:
    """Counts the bytes of the input; stands where a digest may stand."""

    def __init__(self) -> None:
        self._count = 0

    def update(self, data: memoryview | bytes, /) -> None:
        """Count more bytes."""
        self._count += len(data)

    def __call__(self) -> int:
        """Return how many have been read."""
        return self._count


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
            Bytes of the input that had been read for all so far.
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
            parts += [f"{_short(rates[0])} records/s", f"{_short(rates[1])} letters/s"]
        return ", ".join(parts)


@contextlib.contextmanager
def show_stream_progress(
    description: str, paths: Iterable[str | os.PathLike[str]]
) -> Iterator[StreamProgress]:
    """Show the progress of the work done inside the block, on standard error.

    Parameters
    ----------
    description
        What is being done, such as "predicting".
    paths
        Files of the input.  How much is left is known where all of them are whole plain files.
    """
    files = list(paths)
    known = all(os.path.isfile(file) and not isinstance(file, FilePart) for file in files)
    total = sum(map(os.path.getsize, files)) if known else None
    with show_progress(description, total, as_share=True) as progress:
        yield StreamProgress(progress)


def _short(number: float) -> str:
    """Return a number to two digits, such as ``2.1 M``."""
    for size, prefix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= 0.995 * size:
            digits = 1 if number < 9.95 * size else 0
            return f"{number / size:.{digits}f}{prefix}"
    return f"{number:.0f}"
