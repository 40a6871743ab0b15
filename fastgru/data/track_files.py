"""The files that are made from the rows of a table of windows: bedGraph, bigWig, BED of calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TextIO

import numpy as np

from fastgru.data.bigwig import BigWigFile
from fastgru.data.tracks import Call, CallFinder, Intervals, Track
from fastgru.data.windows import STRANDS, WindowRows
from fastgru.data.writing import atomic_write
from fastgru.errors import ConfigurationError, LabelError, shorten

__all__ = ["STRAND_FIELD", "TrackChoice", "TrackFiles"]

STRAND_FIELD = "{strand}"
"""Stands in the name of a track for the words of :data:`STRAND_WORDS`."""

STRAND_WORDS = {"plus": "+", "minus": "-"}


@dataclass(frozen=True, kw_only=True)
class TrackChoice:
    """Which files to make from a table.

    Attributes
    ----------
    bedgraph, bigwig
        Files of scores; with ``{strand}`` in the name one for each strand.  None for none.
    calls
        BED6 file of calls; None for none.
    name
        Column of the scores; None for the second of two.
    call_above, extend_above
        Scores that a window of a call, and all its windows, have at least.
    """

    bedgraph: str | None = None
    bigwig: str | None = None
    calls: str | None = None
    name: str | None = None
    call_above: float = 0.9
    extend_above: float = 0.5

    def paths(self) -> list[str]:
        """Return the names of all files."""
        scores = [path for name in (self.bedgraph, self.bigwig) for path, _ in _by_strand(name)]
        return [*scores, *([] if self.calls is None else [self.calls])]

    def check(self, columns: Sequence[str], strands: Sequence[str]) -> None:
        """Refuse what cannot be made from a table, as far as that is known beforehand.

        Parameters
        ----------
        columns
            Names behind the fixed columns of the table.
        strands
            Those that rows may have.

        Raises
        ------
        ConfigurationError
        """
        if not 0 < self.extend_above <= self.call_above:
            raise ConfigurationError(
                f"--call-above {self.call_above:g} --extend-above {self.extend_above:g}: expected "
                "the second above 0 and at most the first. Change one of them."
            )
        if self.name is not None and self.name not in columns:
            raise ConfigurationError(
                f"--class {self.name}: there is no such class, expected one of "
                f"{shorten(columns, 20)}. Correct the name."
            )
        if self.bedgraph is not None or self.bigwig is not None:
            self.score_column(columns)
            for option, path in (("--bedgraph", self.bedgraph), ("--bigwig", self.bigwig)):
                _check_strands(option, path, strands)

    def score_column(self, columns: Sequence[str]) -> int:
        """Return the number of the column whose scores the tracks have.

        Raises
        ------
        ConfigurationError
            If there are more than two, and none is named.
        """
        if self.name is not None:
            return columns.index(self.name)
        if len(columns) > 2:
            raise ConfigurationError(
                f"--class: not given, and there are {len(columns)} classes, expected the one whose "
                f"scores the track has, of {shorten(columns, 20)}. Name it."
            )
        return len(columns) - 1

    def call_columns(self, columns: Sequence[str]) -> list[int]:
        """Return the numbers of the columns that are called."""
        if self.name is not None:
            return [columns.index(self.name)]
        return [1] if len(columns) == 2 else list(range(len(columns)))


def _by_strand(path: str | None) -> list[tuple[str, str | None]]:
    """Return the files of a name, each with its strand; None for whatever strand there is."""
    if path is None:
        return []
    if STRAND_FIELD not in path:
        return [(path, None)]
    return [(path.replace(STRAND_FIELD, word), strand) for word, strand in STRAND_WORDS.items()]


def _check_strands(option: str, path: str | None, strands: Sequence[str]) -> None:
    if path is None:
        return
    if STRAND_FIELD not in path and len(strands) > 1:
        raise ConfigurationError(
            f"{option} {path}: is one name for the strands {' and '.join(strands)}, expected one "
            f"with {STRAND_FIELD}, for plus and minus. Write for example scores.{STRAND_FIELD}.bw."
        )
    if STRAND_FIELD in path and "." in strands:
        raise ConfigurationError(
            f"{option} {path}: is a name for each strand, and the rows are for both in one, "
            f"expected a name without {STRAND_FIELD}. Leave it out."
        )


class TrackFiles:
    """The files of a choice, filled from rows as they come; whole or not at all.

    Parameters
    ----------
    choice
    columns
        Names behind the fixed columns of the table.
    """

    def __init__(self, choice: TrackChoice, columns: Sequence[str]) -> None:
        self._choice, self._names = choice, list(columns)
        self._has_scores = choice.bedgraph is not None or choice.bigwig is not None
        self._column = choice.score_column(columns) if self._has_scores else 0
        self._finder = CallFinder(
            choice.call_columns(columns),
            call_above=choice.call_above,
            extend_above=choice.extend_above,
        )
        self._stack = contextlib.ExitStack()
        self._tracks: dict[str, Track] = {}
        self._texts: list[tuple[str | None, TextIO]] = []
        self._bigwigs: list[tuple[str | None, BigWigFile]] = []
        self._calls: TextIO | None = None

    def __enter__(self) -> Self:
        choice = self._choice
        with contextlib.ExitStack() as stack:
            for path, strand in _by_strand(choice.bedgraph):
                self._texts.append((strand, stack.enter_context(atomic_write(path))))
            for path, strand in _by_strand(choice.bigwig):
                self._bigwigs.append((strand, BigWigFile(path)))
                stack.callback(self._bigwigs[-1][1].close)
            if choice.calls is not None:
                self._calls = stack.enter_context(atomic_write(choice.calls))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, rows: WindowRows) -> None:
        """Take the next rows of the table.

        Raises
        ------
        ConfigurationError
            If their strand does not fit the name of a track.
        LabelError
            For calls of what are no probabilities.
        """
        if self._has_scores:
            self._add_strands(rows)
            for strand, track in self._tracks.items():
                self._write_scores(strand, track.add(rows))
        if self._calls is not None:
            _require_probabilities(rows, self._names)
            self._write_calls(self._finder.add(rows))

    def finish(self, sizes: Mapping[str, int] | None = None) -> None:
        """Write what is left.

        Parameters
        ----------
        sizes
            Letters of each sequence, which a bigWig needs.
        """
        for strand, track in self._tracks.items():
            self._write_scores(strand, track.finish())
        if self._calls is not None:
            self._write_calls(self._finder.finish())
        for _, file in self._bigwigs:
            file.write(sizes or {})

    def _add_strands(self, rows: WindowRows) -> None:
        new = set(np.unique(rows.strands).tolist()) - set(self._tracks)
        for strand in new:
            self._tracks[strand] = Track(strand, self._column)
        if new:
            seen = sorted(self._tracks, key=STRANDS.index)
            for option, path in (
                ("--bedgraph", self._choice.bedgraph),
                ("--bigwig", self._choice.bigwig),
            ):
                _check_strands(option, path, seen)

    def _write_scores(self, strand: str, found: Iterator[Intervals]) -> None:
        for intervals in found:
            for of_strand, text in self._texts:
                if of_strand in (None, strand):
                    text.write(_bedgraph_lines(intervals))
            for of_strand, bigwig in self._bigwigs:
                if of_strand in (None, strand):
                    bigwig.add(intervals)

    def _write_calls(self, calls: Iterable[Call]) -> None:
        assert self._calls is not None
        names = [self._names[k] for k in self._choice.call_columns(self._names)]
        for call in calls:
            score = (call.value + 500) // 1000
            cells = (call.chrom, call.start, call.end, names[call.column], score)
            self._calls.write("\t".join([*map(str, cells), STRANDS[call.strand]]) + "\n")


def _bedgraph_lines(intervals: Intervals) -> str:
    columns = (intervals.starts.tolist(), intervals.ends.tolist(), intervals.values.tolist())
    return "".join(
        f"{intervals.chrom}\t{start}\t{end}\t{value:.6f}\n"
        for start, end, value in zip(*columns, strict=True)
    )


def _require_probabilities(rows: WindowRows, names: Sequence[str]) -> None:
    if len(rows) and not (rows.values.min() >= 0 and rows.values.max() <= 1):
        number = int(np.argmax(((rows.values < 0) | (rows.values > 1)).any(axis=1)))
        raise LabelError(
            f"--calls: {rows.chrom} {rows.starts[number]} to {rows.ends[number]} has the scores "
            f"{shorten(rows.values[number].tolist())} for {shorten(names)}, expected probabilities "
            "from 0 to 1. Leave --calls out for a model of numbers."
        )
