"""Scans with taggers: what a model says of the letters of sequences as long as chromosomes.

A sequence is divided at multiples of ``tile`` letters.  The model reads a tile with ``context``
letters on either side, as far as there are any, and what it says of the context is dropped: the
probabilities of a letter are those that :meth:`fastgru.SequenceTagger.predict_proba` has of ::

    letters[max(0, k * tile - context) : (k + 1) * tile + context],  k = place // tile

and depend on nothing else: not on the tiles that are read beside it, on threads, or on which part
of the sequence is scanned.  Memory holds one batch of tiles.  A row is the mean of the
probabilities of ``resolution`` neighbouring letters; a tile holds a whole number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet
from fastgru.data.long_sequences import LongSequence, Stretch, encode_stretch
from fastgru.data.shards import Grid
from fastgru.data.tiles import RowGrid, tiles_of_rows
from fastgru.data.window_table import check_columns, rounded
from fastgru.data.windows import WindowGrid, WindowRows
from fastgru.errors import ConfigurationError, shorten
from fastgru.estimators.fitted_tagger import FittedTagger
from fastgru.estimators.scanning import RowLimits, ScanCounts, read_strands, require_letters
from fastgru.layers.strands import complement_codes
from fastgru.training.tagging import predict_step_probabilities

__all__ = ["CONTEXT", "RESOLUTION", "TILE", "TileScanner"]

TILE = 10_000
CONTEXT = 1_000
RESOLUTION = 10
_LETTERS_AT_ONCE = 1 << 18


class _Tile(NamedTuple):
    """A tile with what the model reads for it.

    Attributes
    ----------
    start
        Place of its first letter.
    starts, ends
        int64 (n,): the letters of its rows that are wanted.
    read
        The tile and its context.
    n_letters
        Of all its rows, with those that are left out.
    """

    start: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    read: Stretch
    n_letters: int


class TileScanner:
    """The scan of a tagger.

    Parameters
    ----------
    model
    context
        Letters that the model reads on either side of a tile, at least 0.
    resolution
        Letters of a row, a divisor of `tile`; the last row of a sequence may be shorter.
    strands
        ``"forward"``, ``"both"`` for a row of each strand, or ``"symmetric"`` for one with the mean
        of both; None for what suits the model.
    max_unknown, max_masked
        Largest share of letters that are unknown (N, X), and in lower case, of a row that is kept.
    threads
        Most threads to use; None for all CPUs that the process may use.
    sums
        Labels that are one thing to the reader of the table, by the name of their column: its
        values are the sums of their probabilities.
    tile
        Letters of a tile.

    Attributes
    ----------
    alphabet, columns, strands, grid, counts
        As in :class:`fastgru.estimators.scanning.Scanner`; the windows of the grid are the rows.

    Raises
    ------
    ConfigurationError
        If the model cannot do that, or sizes do not fit.
    LabelError
        If a label has a name that the table cannot have.
    """

    def __init__(
        self,
        model: FittedTagger,
        *,
        context: int = CONTEXT,
        resolution: int = RESOLUTION,
        strands: str | None = None,
        max_unknown: float = 0.5,
        max_masked: float = 1.0,
        threads: int | None = None,
        sums: Mapping[str, Sequence[str]] | None = None,
        tile: int = TILE,
    ) -> None:
        labels = tuple(map(str, model.classes))
        self.columns, self._order, self._firsts = _columns_of(labels, sums or {})
        check_columns(self.columns)
        require_letters(model)
        _check_sizes(model, context, resolution, tile)
        self.strands, self._reads_other = read_strands(model, strands)
        self.grid: WindowGrid = RowGrid(resolution)
        self.shard_grid = Grid(tile, tile, context)
        self.counts = ScanCounts()
        self._network, self._threads = model.network, threads
        self.alphabet = get_alphabet(model.parameters["alphabet"])
        self._context, self._resolution, self._tile = context, resolution, tile
        self._limits = RowLimits(max_unknown, max_masked)
        if self._reads_other:
            self._complement = complement_codes(self.alphabet.mixture).astype(np.uint8)

    def scan(
        self, sequence: LongSequence, ranges: Sequence[tuple[int, int]]
    ) -> Iterator[WindowRows]:
        """Yield the rows of a sequence by start, then strand; none where one is left out.

        Parameters
        ----------
        sequence
            Letters of the tiles that hold these rows, with their context.
        ranges
            First row, and the one behind the last, of each range: rising, and apart.
        """
        n_read = (self._tile + 2 * self._context) * (1 + self._reads_other)
        tiles = self._tiles(sequence, ranges)
        while batch := list(islice(tiles, max(1, _LETTERS_AT_ONCE // n_read))):
            yield from self._rows(sequence.id, batch)

    def _tiles(self, sequence: LongSequence, ranges: Iterable[tuple[int, int]]) -> Iterator[_Tile]:
        """Yield the tiles with rows that are kept, and count the others."""
        length = sequence.length
        for number, rows in tiles_of_rows(ranges, self._tile // self._resolution):
            start = number * self._tile
            first = max(0, start - self._context)
            last = min(start + self._tile + self._context, length)
            read = encode_stretch(sequence, self.alphabet, first, last)
            starts = rows * self._resolution
            ends = np.minimum(starts + self._resolution, length)
            kept = self._limits.keep(read, starts, ends, self.counts)
            n_letters = int((ends - starts).sum())
            if kept.any():
                yield _Tile(start, starts[kept], ends[kept], read, n_letters)
            else:
                self.counts.letters += n_letters

    def _rows(self, name: str, tiles: Sequence[_Tile]) -> Iterator[WindowRows]:
        """Yield the rows of some tiles that are read together."""
        codes = [tile.read.codes for tile in tiles]
        if self._reads_other:
            codes += [self._complement[letters[::-1]] for letters in codes]
        with threads_limited_to(self._threads):
            found = predict_step_probabilities(self._network, codes)
        for number, tile in enumerate(tiles):
            of_strands = [found[number]]
            if self._reads_other:
                of_strands.append(found[len(tiles) + number][::-1])
                if len(self.strands) == 1:
                    of_strands = [(of_strands[0] + of_strands[1]) / 2]
            rows = self._averaged(name, tile, of_strands)
            self.counts.rows += len(rows)
            self.counts.letters += tile.n_letters
            yield rows

    def _averaged(
        self, name: str, tile: _Tile, of_strands: Sequence[NDArray[np.float64]]
    ) -> WindowRows:
        """Return the rows of a tile from what each letter has on each strand."""
        core = slice(tile.start - tile.read.start, tile.start - tile.read.start + self._tile)
        chosen = (tile.starts - tile.start) // self._resolution
        means = []
        for letters in of_strands:
            firsts = np.arange(0, len(letters[core]), self._resolution)
            totals = np.add.reduceat(letters[core], firsts, axis=0)[chosen]
            of_columns = np.add.reduceat(totals[:, self._order], self._firsts, axis=1)
            means.append(of_columns / (tile.ends - tile.starts)[:, None])
        n_strands = len(of_strands)
        return WindowRows(
            name,
            np.repeat(tile.starts, n_strands),
            np.repeat(tile.ends, n_strands),
            np.tile(np.array(self.strands), len(tile.starts)),
            rounded(np.stack(means, axis=1).reshape(len(tile.starts) * n_strands, -1)),
        )


def _check_sizes(model: FittedTagger, context: int, resolution: int, tile: int) -> None:
    if context < 0:
        raise ConfigurationError(
            f"context must be at least 0, got {context}. Give as many letters as the model "
            "needs to see on either side of a letter."
        )
    if not 1 <= resolution <= tile or tile % resolution:
        raise ConfigurationError(
            f"resolution must be a divisor of {tile}, the letters of a tile, got {resolution}. "
            "Give one, such as 1, 10 or 100."
        )
    if model.max_length is not None:
        raise ConfigurationError(
            f"scan: the model has learned what stands at each of {model.max_length} positions, "
            "expected one that knows no positions. Train without position_embedding."
        )


def _columns_of(
    labels: Sequence[str], sums: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, ...], list[int], list[int]]:
    """Return the names of the columns, and what is summed for them.

    That is the numbers of the labels in the order of the columns, and where in it the labels of
    each column begin.
    """
    summed: set[str] = set()
    for name, members in sums.items():
        expected = f"expected some of {shorten(labels)}, each in one sum at most"
        strange = next((label for label in members if label not in labels), None)
        twice = next((label for label in members if label in summed), None)
        fault = None
        if strange is not None:
            fault = f"there is no label {strange!r}"
        elif not members:
            fault = "names no label"
        elif twice is not None or len({*members}) < len(members):
            fault = f"label {twice or members[0]!r} is there twice"
        elif name in labels and name not in members:
            fault = "is also the name of a label"
        if fault is not None:
            raise ConfigurationError(f"sum {name}: {fault}, {expected}. Correct the sums.")
        summed |= {*members}
    columns = {name: list(members) for name, members in sums.items()}
    columns |= {label: [label] for label in labels if label not in summed}
    order = [labels.index(label) for members in columns.values() for label in members]
    firsts = np.cumsum([0, *map(len, columns.values())])[:-1].tolist()
    return tuple(columns), order, firsts
