"""Windows that overlap share what stands before the recurrent layers, to the bit.

Step j of a window is made of its letters ``j F - before`` to ``j F + behind``, with F letters from
one step to the next.  Where the window has all of these, the step is the same in any text that the
window is cut from; nearer to its ends it is not, since padding stands in the place of neighbours.
So the steps in between are computed once for a run of windows that overlap, in pieces with as many
letters around them as they need, and those near the ends for each window, from its first and last
letters::

    steps of a window     0 ... first      first ... last       last ... n_steps
    computed from         its head         the run's pieces     its tail

Windows share steps whose places in the text differ by a multiple of F.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru.kernels.shared_steps import join_steps
from fastgru.layers.layer_input import LayerInput
from fastgru.layers.workspace import new_shares
from fastgru.models.architecture import Architecture

__all__ = ["SharedStem"]

_PIECE = 1024
"""Letters of a piece without those around it: enough pieces for many threads, few of them twice."""
_WORTH = 0.7
"""Share of the windows' letters above which reading so many does not pay for what comes with it."""

Read = Callable[[np.ndarray, np.ndarray], tuple[LayerInput, np.ndarray, int]]
"""As :meth:`fastgru.models.network.SequenceNetwork.read`."""


@dataclass(frozen=True)
class _Reach:
    """Letters that a step is made of, from ``step * j - before`` to ``step * j + behind``."""

    step: int
    before: int
    behind: int


def _reach(sizes: Architecture) -> _Reach:
    """Follow a step from the recurrent layers back to the letters."""
    step, before, behind = 1, 0, 0
    for layer in reversed(sizes.convolutions):
        left = (layer.width - 1) * layer.dilation // 2
        right = (layer.width - 1) * layer.dilation - left
        factor = layer.pool * layer.stride
        before = before * factor + left
        behind = (behind * layer.pool + layer.pool - 1) * layer.stride + right
        step *= factor
    stride = sizes.kmer_stride
    return _Reach(step * stride, before * stride, behind * stride + sizes.kmer_size - 1)


@dataclass(frozen=True)
class _Pieces:
    """Parts of a text, and where the steps of windows are in them.

    Attributes
    ----------
    starts, lengths
        int64 (n_pieces,), in letters.
    of_window
        int64 (n,): number of the first piece of the run of each window.
    places
        int64 (n,): steps of the run before each window.
    """

    starts: np.ndarray
    lengths: np.ndarray
    of_window: np.ndarray
    places: np.ndarray


class SharedStem:
    """How windows of one size share a stem.

    Parameters
    ----------
    sizes
        Of the network.
    window
        Letters of each window.

    Attributes
    ----------
    applies : bool
        Whether there is something to share: convolutional layers, no positions, and windows with
        steps that no padding reaches.
    """

    def __init__(self, sizes: Architecture, window: int) -> None:
        reach = self._reach = _reach(sizes)
        self._window = window
        self._n_steps = int(sizes.output_lengths(np.array([window]))[0])
        self._first = max(1, -(-reach.before // reach.step))
        self._last = min((window - 1 - reach.behind) // reach.step + 1, self._n_steps - 1)
        self._piece = max(1, _PIECE // reach.step)
        self.applies = (
            bool(sizes.convolutions)
            and not sizes.n_positions
            and not sizes.n_features
            and self._first < self._last
        )

    def batches(self, starts: np.ndarray, max_letters: int) -> Iterator[np.ndarray]:
        """Yield the numbers of windows to be read together, where that pays.

        Parameters
        ----------
        starts
            int64 (n,): first letter of each window in one text.
        max_letters
            Most letters of the windows of a batch of more than one.
        """
        order = self._in_runs(starts)
        at_once = max(1, max_letters // self._window)
        for begin in range(0, len(order), at_once):
            chosen = order[begin : begin + at_once]
            n_letters = int(self._pieces(starts[chosen]).lengths.sum())
            n_letters += len(chosen) * (self._letters_before(self._first) + self._tail)
            if n_letters < _WORTH * self._window * len(chosen):
                yield chosen

    def read(self, read: Read, codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the input of the recurrent layers of each window, float (n, n_steps, C).

        Parameters
        ----------
        read
            From codes (B, L) and lengths to such an input, one sequence after the other.
        codes
            Integer (L,): the text.
        starts
            int64 (n,): first letter of each window.
        """
        n_windows, first, last = len(starts), self._first, self._last
        pieces = self._pieces(starts)
        inner = _steps(read, codes, pieces.starts, pieces.lengths)
        lengths = np.repeat([self._letters_before(first), self._tail], n_windows)
        tails = starts + self._window - self._tail
        ends = _steps(read, codes, np.concatenate([starts, tails]), lengths)
        x = np.empty((n_windows, self._n_steps, inner.shape[2]), inner.dtype)
        shares = new_shares(n_windows)
        where = pieces.of_window, pieces.places
        join_steps(shares, first, last, self._piece, *where, inner, ends, x)
        return x

    @property
    def _tail(self) -> int:
        """Letters from the first that the last steps need, with whole steps before it."""
        return self._window - (self._last - self._first) * self._reach.step

    def _letters_before(self, steps: np.ndarray | int) -> Any:
        """Return the letters that so many steps from the start of a text need."""
        return (steps - 1) * self._reach.step + self._reach.behind + 1

    def _in_runs(self, starts: np.ndarray) -> np.ndarray:
        """Return the order in which windows that share steps stand together, and rise."""
        return np.lexsort((starts, starts % self._reach.step))

    def _pieces(self, starts: np.ndarray) -> _Pieces:
        """Cut the text of each run of windows that overlap into pieces of as many steps."""
        order = self._in_runs(starts)
        starts, of_given = starts[order], np.argsort(order)
        distances = np.diff(starts)
        apart = (distances % self._reach.step != 0) | (distances < 0) | (distances >= self._window)
        begins = np.flatnonzero(np.append(True, apart))
        run = np.cumsum(np.append(False, apart))
        places = (starts - starts[begins][run]) // self._reach.step
        n_steps = places[np.append(begins[1:], len(starts)) - 1] + self._last - self._first
        n_pieces = -(-n_steps // self._piece)
        before = np.cumsum(n_pieces) - n_pieces
        number = np.arange(n_pieces.sum()) - np.repeat(before, n_pieces)
        size = np.minimum(np.repeat(n_steps, n_pieces) - number * self._piece, self._piece)
        return _Pieces(
            starts=np.repeat(starts[begins], n_pieces) + number * self._piece * self._reach.step,
            lengths=self._letters_before(size + self._first),
            of_window=before[run][of_given],
            places=places[of_given],
        )


def _steps(read: Read, codes: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return what is read from some parts of a text, float (n, steps, C)."""
    inside = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.zeros(inside.shape, codes.dtype)
    tokens[inside] = codes[(starts[:, None] + np.arange(inside.shape[1]))[inside]]
    given, _, n_steps = read(tokens, lengths)
    assert given.x is not None
    return given.x.reshape(len(lengths), n_steps, -1)
