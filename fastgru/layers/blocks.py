"""How a batch of sequences is cut into blocks that each run through time alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastgru.kernels.microkernel import ROWS

MAX_GROUPS = 16
"""Most groups in which gradients are summed apart.

Depends on nothing but the batch, so that sums come out the same for any number of threads; at 16
the sums of a wide layer still fit a shared cache.
"""


@dataclass(frozen=True)
class Blocks:
    """The layout of a batch: blocks of ROWS sequences of similar length.

    Attributes
    ----------
    table : np.ndarray, int64 (n_blocks, 2 + ROWS)
        First row, number of steps, and the lengths of a block's sequences, longest first.
        A block has one row more per sequence than it has steps, for the state before the first.
    sequences : np.ndarray, int64 (n_blocks, ROWS)
        The caller's number of each sequence; -1 pads the last block.
    groups : np.ndarray, int64 (n_groups + 1,)
        Bounds of the groups of blocks in which gradients are summed.
    n_rows : int
    n_sequences : int
    n_steps : int
        Longest length that the caller's arrays have room for.
    """

    table: np.ndarray
    sequences: np.ndarray
    groups: np.ndarray
    n_rows: int
    n_sequences: int
    n_steps: int

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.table)

    def to_slots(self, values: np.ndarray, width: int) -> np.ndarray:
        """Spread one row per sequence (B, C) over blocks: (n_blocks, ROWS, width), zero padded."""
        slots = np.zeros((self.n_blocks, ROWS, width), values.dtype)
        filled = self.sequences >= 0
        slots[filled, : values.shape[1]] = values[self.sequences[filled]]
        return slots

    def from_slots(self, slots: np.ndarray, width: int) -> np.ndarray:
        """Gather one row per sequence: the inverse of :meth:`to_slots`."""
        values = np.empty((self.n_sequences, width), slots.dtype)
        filled = self.sequences >= 0
        values[self.sequences[filled]] = slots[filled, :width]
        return values

    def rows_at_start(self) -> np.ndarray:
        """Return the rows (n_blocks, ROWS) of the states before the first step."""
        rows: np.ndarray = self.table[:, :1] + np.arange(ROWS)
        return rows

    def rows_at_end(self) -> np.ndarray:
        """Return the rows (n_blocks, ROWS) of the states after a block's last step."""
        rows: np.ndarray = self.rows_at_start() + self.table[:, 1:2] * ROWS
        return rows


def _spread(n: int) -> np.ndarray:
    """Return 0..n-1 in bit-reversed order.

    Blocks come sorted by length; in this order every contiguous share of them, such as a thread
    gets, holds long and short ones alike.
    """
    bits = max(1, int(n - 1).bit_length())
    codes = np.arange(1 << bits)
    reverse = np.zeros_like(codes)
    for bit in range(bits):
        reverse |= ((codes >> bit) & 1) << (bits - 1 - bit)
    return reverse[reverse < n]


def plan_blocks(lengths: np.ndarray, n_steps: int) -> Blocks:
    """Sort a batch by length and cut it into blocks.

    Parameters
    ----------
    lengths
        int64 (B,), each from 0 to ``n_steps``.
    n_steps
        Time axis of the caller's arrays.
    """
    n_sequences = len(lengths)
    n_blocks = -(-n_sequences // ROWS)
    order = np.full(n_blocks * ROWS, -1, np.int64)
    order[:n_sequences] = np.argsort(-lengths, kind="stable")
    sorted_lengths = np.zeros(n_blocks * ROWS, np.int64)
    sorted_lengths[:n_sequences] = lengths[order[:n_sequences]]
    arrangement = _spread(n_blocks) if n_blocks else np.empty(0, np.int64)
    sequences = order.reshape(n_blocks, ROWS)[arrangement]
    table = np.empty((n_blocks, 2 + ROWS), np.int64)
    table[:, 2:] = sorted_lengths.reshape(n_blocks, ROWS)[arrangement]
    table[:, 1] = table[:, 2]
    ends = np.cumsum((table[:, 1] + 1) * ROWS)
    table[:, 0] = ends - (table[:, 1] + 1) * ROWS
    n_groups = max(1, min(n_blocks, MAX_GROUPS))
    groups = np.arange(n_groups + 1, dtype=np.int64) * n_blocks // n_groups
    return Blocks(
        table=table,
        sequences=sequences,
        groups=groups,
        n_rows=int(ends[-1]) if n_blocks else 0,
        n_sequences=n_sequences,
        n_steps=n_steps,
    )
