"""Scans: what a model says of each window of sequences as long as chromosomes.

A score is that of the window's letters alone, to the bit: what the model says of them by themselves
does not depend on the other sequences of a batch, so windows may be computed in any company.  What
they share is reading: letters are encoded, and turned round for the other strand, once for all
windows of a stretch, which are views of it, and convolutional layers read letters once that are in
several windows (:mod:`fastgru.models.shared_stem`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import Alphabet, get_alphabet
from fastgru.data.long_sequences import LongSequence, Stretch, encode_stretch
from fastgru.data.scan_input import ScanInput
from fastgru.data.series import SERIES
from fastgru.data.shard_input import ShardInput
from fastgru.data.shards import Grid
from fastgru.data.window_table import check_columns, rounded
from fastgru.data.windows import WindowCodes, WindowGrid, WindowRows
from fastgru.errors import ConfigurationError
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.window_choice import choose_grid, choose_strands, is_symmetric
from fastgru.layers.strands import complement_codes

__all__ = ["ScanCounts", "Scanner", "WindowScanner", "require_letters", "scan_input"]

_LETTERS_AT_ONCE = 1 << 20
_WINDOWS_AT_ONCE = 1 << 12


@dataclass
class ScanCounts:
    """What has become of the input.

    Attributes
    ----------
    letters
        Of sequences, up to the last window that is done.
    rows
        Of the table.
    windows
        Looked at.
    unknown, masked
        Windows without row, since they have too many letters that are unknown or in lower case.
    short
        Sequences shorter than a window, which are one window.
    unread
        Sequences without window: shorter than what the model can read.
    """

    letters: int = 0
    rows: int = 0
    windows: int = 0
    unknown: int = 0
    masked: int = 0
    short: int = 0
    unread: int = 0


class Scanner(Protocol):
    """What the command knows of a scan, whatever the model's task."""

    columns: tuple[str, ...]
    """Names behind the fixed columns of the table."""
    strands: tuple[str, ...]
    """Those that rows can have."""
    alphabet: Alphabet
    grid: WindowGrid
    shard_grid: Grid
    """What is read together; a sequence may be cut between these."""
    counts: ScanCounts

    def scan(
        self, sequence: LongSequence, ranges: Sequence[tuple[int, int]]
    ) -> Iterator[WindowRows]:
        """Yield the rows of the windows in these ranges, and count them."""


def require_letters(model: FittedModel) -> None:
    """Refuse models that read more than letters.

    Raises
    ------
    ConfigurationError
    """
    if model.parameters["alphabet"] == SERIES or model.n_features:
        found = "series" if model.parameters["alphabet"] == SERIES else "letters with features"
        raise ConfigurationError(
            f"scan: the model reads {found}, expected one of letters alone. Cut the windows "
            "yourself, and give them to 'fastgru predict'."
        )


@dataclass(frozen=True)
class RowLimits:
    """Which rows are left out.

    Attributes
    ----------
    max_unknown, max_masked
        Largest share of letters that are unknown (N, X), and in lower case, of a row that is kept.

    Raises
    ------
    ConfigurationError
        For a number that is no share.
    """

    max_unknown: float
    max_masked: float

    def __post_init__(self) -> None:
        for name, value in (("max_unknown", self.max_unknown), ("max_masked", self.max_masked)):
            if not 0 <= value <= 1:
                raise ConfigurationError(f"{name} must be from 0 to 1, got {value}.")

    def keep(
        self, stretch: Stretch, starts: np.ndarray, ends: np.ndarray, counts: ScanCounts
    ) -> np.ndarray:
        """Return which rows of a stretch are kept, bool (n,), and count the others."""
        first, last, sizes = starts - stretch.start, ends - stretch.start, ends - starts
        is_unknown = stretch.unknown[last] - stretch.unknown[first] > self.max_unknown * sizes
        is_masked = stretch.masked[last] - stretch.masked[first] > self.max_masked * sizes
        is_masked &= ~is_unknown
        counts.windows += len(starts)
        counts.unknown += int(is_unknown.sum())
        counts.masked += int(is_masked.sum())
        kept: np.ndarray = ~(is_unknown | is_masked)
        return kept


def read_strands(model: FittedModel, strands: str | None) -> tuple[tuple[str, ...], bool]:
    """Return the strands of the rows of a scan, and whether the reverse strand is read for them.

    Parameters
    ----------
    model
    strands
        As for :func:`fastgru.estimators.window_choice.choose_strands`.
    """
    chosen = choose_strands(model, strands)
    of_rows = {"forward": ("+",), "both": ("+", "-"), "symmetric": (".",)}[chosen]
    # one strand says all of a model that is symmetric by the way it is made
    return of_rows, chosen == "both" or (chosen == "symmetric" and not is_symmetric(model))


class WindowScanner:
    """The scan of a classifier, of one label or several, or of a regressor.

    Parameters
    ----------
    model
    window
        Letters of each window; None for the length of the training sequences, if they have one.
    step
        Letters from the start of one window to that of the next; None for half a window.
    strands
        ``"forward"``, ``"both"`` for two rows of each window, or ``"symmetric"`` for one with the
        mean of both; None for what suits the model.
    max_unknown, max_masked
        Largest share of letters that are unknown (N, X), and in lower case, of windows with a row.
    threads
        Most threads to use; None for all CPUs that the process may use.

    Attributes
    ----------
    columns, strands, alphabet, grid, shard_grid, counts
        As in :class:`Scanner`.

    Raises
    ------
    ConfigurationError
        If the model cannot do that.
    LabelError
        If a class has a name that the table cannot have.
    """

    def __init__(
        self,
        model: FittedModel,
        *,
        window: int | None = None,
        step: int | None = None,
        strands: str | None = None,
        max_unknown: float = 0.5,
        max_masked: float = 1.0,
        threads: int | None = None,
    ) -> None:
        self.columns, self._values = _scorer(model)
        check_columns(self.columns)
        require_letters(model)
        self._limits = RowLimits(max_unknown, max_masked)
        self.strands, self._reads_other = read_strands(model, strands)
        self.grid = choose_grid(model, window, step)
        self.shard_grid = Grid(self.grid.window, self.grid.step)
        self.counts = ScanCounts()
        self.alphabet = get_alphabet(model.parameters["alphabet"])
        self._min_length = model.min_length
        self._threads = threads
        if self._reads_other:
            self._complement = complement_codes(self.alphabet.mixture).astype(np.uint8)

    def scan(
        self, sequence: LongSequence, ranges: Sequence[tuple[int, int]]
    ) -> Iterator[WindowRows]:
        """Yield the rows of a sequence by start, then strand; none where a window is left out.

        Parameters
        ----------
        sequence
            The whole, or as much of it as the windows need.
        ranges
            First window, and the one behind the last, of each range.
        """
        length = sequence.length
        if ranges and length < self._min_length:
            self.counts.unread += 1
            return
        self.counts.short += bool(ranges) and length < self.grid.window
        at_once = max(1, min(_WINDOWS_AT_ONCE, _LETTERS_AT_ONCE // self.grid.step))
        for first, last in ranges:
            before = int(self.grid.bounds(length, first, first + 1)[0][0])
            for begin in range(first, last, at_once):
                starts, ends = self.grid.bounds(length, begin, min(begin + at_once, last))
                rows = self._scan_stretch(sequence, starts, ends)
                self.counts.letters += int(ends[-1]) - before
                before = int(ends[-1])
                self.counts.rows += len(rows)
                yield rows

    def _scan_stretch(
        self, sequence: LongSequence, starts: np.ndarray, ends: np.ndarray
    ) -> WindowRows:
        stretch = encode_stretch(sequence, self.alphabet, int(starts[0]), int(ends[-1]))
        wanted = self._limits.keep(stretch, starts, ends, self.counts)
        starts, ends = starts[wanted], ends[wanted]
        n_windows, n_strands = len(starts), len(self.strands)
        values = np.empty((0, len(self.columns)))
        if n_windows:
            with threads_limited_to(self._threads):
                values = self._values(self._views(stretch, starts, ends))
        if self._reads_other:
            ahead, back = np.split(values, 2)
            values = np.stack([ahead, back], 1) if n_strands == 2 else (ahead + back) / 2
        return WindowRows(
            sequence.id,
            np.repeat(starts, n_strands),
            np.repeat(ends, n_strands),
            np.tile(np.array(self.strands), n_windows),
            rounded(values.reshape(n_windows * n_strands, len(self.columns))),
        )

    def _views(self, stretch: Stretch, starts: np.ndarray, ends: np.ndarray) -> WindowCodes:
        """Return the codes of each window, and then of each on the other strand."""
        codes, first, last = stretch.codes, starts - stretch.start, ends - stretch.start
        if self._reads_other:
            twice = 2 * len(codes)
            codes = np.concatenate([codes, self._complement[codes[::-1]]])
            first, last = np.append(first, twice - last), np.append(last, twice - first)
        return WindowCodes(codes, first, last)


def _scorer(model: FittedModel) -> tuple[tuple[str, ...], Callable[..., np.ndarray]]:
    """Return the columns of a model, and what gives their values for encoded sequences."""
    if isinstance(model, FittedClassifier):
        return tuple(map(str, model.classes)), model.probabilities
    if isinstance(model, FittedRegressor):
        return tuple(map(str, model.targets)), model.of_encoded
    raise ConfigurationError(
        f"scan: the model is one of {model.task}, expected classification, multilabel, regression "
        "or tagging. Use what is there for that task, such as 'fastgru predict'."
    )


def scan_input(scanner: Scanner, given: ScanInput | ShardInput) -> Iterator[WindowRows]:
    """Yield the rows of all sequences, one after the other.

    Parameters
    ----------
    scanner
    given
        Made with the scanner's grid.
    """
    for sequence, ranges in given:
        yield from scanner.scan(sequence, ranges)
