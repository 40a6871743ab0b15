"""How a batch of sequences is cut into blocks that each run through time alone."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from fastgru.kernels.blocks import block_rows, block_type
from fastgru.layers.parts import Communicator, Part, Whole

MAX_GROUPS = 16
"""Most groups in which gradients are summed apart.

Depends on nothing but the batch, so that sums come out the same for any number of threads; at 16
the sums of a wide layer still fit a shared cache.
"""

BLOCK_ROWS = 8
"""Rows of a block in large batches, on any CPU: each weight that is loaded serves so many."""

_HALF_ROWS = 4
"""Rows of a block in small batches, so that half of them are not computed for nothing."""


@dataclass(frozen=True)
class Blocks:
    """The layout of a batch: blocks of sequences of similar length, longest first.

    Several callers may share one, so its arrays are not to be written.

    Attributes
    ----------
    table : np.ndarray of :func:`fastgru.kernels.blocks.block_type` (n_blocks,)
        A block has one row more per sequence than it has steps, for the state before the first.
    groups : np.ndarray, int64 (n_groups + 1,)
        Bounds of the groups of blocks in which gradients are summed.
    part : Whole
        What these blocks are of the batch; of a part of it, sequences count from 0 as well.
    n_rows : int
        Rows of a blocked array.
    n_sequences : int
        B, sequences of the batch.
    n_steps : int
        T, steps that the caller's arrays have room for.
    """

    table: np.ndarray
    groups: np.ndarray
    part: Whole
    n_rows: int
    n_sequences: int
    n_steps: int

    @property
    def rows(self) -> int:
        """Sequences in a block."""
        return int(block_rows(self.table.dtype))


def past_ends(blocks: Blocks) -> np.ndarray:
    """Return which steps of the caller's arrays are past a sequence's end, bool (B * T,)."""
    there = blocks.table["sequences"] >= 0
    lengths = np.zeros(blocks.n_sequences, np.int64)
    lengths[blocks.table["sequences"][there]] = blocks.table["lengths"][there]
    past: np.ndarray = np.arange(blocks.n_steps) >= lengths[:, None]
    return past.reshape(-1)


def even_groups(n_sequences: int) -> np.ndarray:
    """Return the bounds of at most ``MAX_GROUPS`` groups of sequences, int64 (n_groups + 1,)."""
    n_groups = max(1, min(n_sequences, MAX_GROUPS))
    return n_sequences * np.arange(n_groups + 1) // n_groups


def _rows_of_a_block(n_sequences: int) -> int:
    if n_sequences == 1:
        return 1
    return _HALF_ROWS if n_sequences <= BLOCK_ROWS else BLOCK_ROWS


def plan_blocks(lengths: np.ndarray, n_steps: int, rows: int | None = None) -> Blocks:
    """Sort a batch by length and cut it into blocks.

    Parameters
    ----------
    lengths
        int64 (B,), each from 0 to ``n_steps``.
    n_steps
        Time axis of the caller's arrays.
    rows
        Sequences in a block; None for what suits the size of the batch.  Kernels are compiled for
        each number, so those who take batches of all sizes do better to stay with one.
    """
    rows = rows or _rows_of_a_block(len(lengths))
    return _plan(np.ascontiguousarray(lengths, np.int64).tobytes(), n_steps, rows)


@functools.lru_cache(maxsize=16)
def _plan(lengths_as_bytes: bytes, n_steps: int, rows: int) -> Blocks:
    """Plan a batch; the batches of a training run often have the same lengths, all of them."""
    lengths = np.frombuffer(lengths_as_bytes, np.int64)
    n_sequences = len(lengths)
    n_blocks = -(-n_sequences // rows)
    order = np.full(n_blocks * rows, -1, np.int64)
    order[:n_sequences] = np.argsort(-lengths, kind="stable")
    sorted_lengths = np.zeros(n_blocks * rows, np.int64)
    sorted_lengths[:n_sequences] = lengths[order[:n_sequences]]
    table = np.empty(n_blocks, block_type(rows))
    table["sequences"] = order.reshape(n_blocks, rows)
    table["lengths"] = sorted_lengths.reshape(n_blocks, rows)
    table["steps"] = table["lengths"][:, 0]
    n_rows = _place_blocks(table)
    n_groups = max(1, min(n_blocks, MAX_GROUPS))
    return Blocks(
        table=table,
        groups=_balanced_groups(table["steps"], n_groups),
        part=Whole(n_sequences, n_groups),
        n_rows=n_rows,
        n_sequences=n_sequences,
        n_steps=n_steps,
    )


def _place_blocks(table: np.ndarray) -> int:
    """Write where each block begins in a blocked array; return the rows of that."""
    ends = np.cumsum((table["steps"] + 1) * block_rows(table.dtype))
    table["first"] = ends - (table["steps"] + 1) * block_rows(table.dtype)
    return int(ends[-1]) if len(table) else 0


def own_blocks(blocks: Blocks, communicator: Communicator) -> Blocks:
    """Return the blocks of a batch that this process takes: about equally many of the groups.

    Parameters
    ----------
    blocks
        Of the whole batch.
    communicator
    """
    if communicator.size == 1:
        return blocks
    n_groups = len(blocks.groups) - 1
    bounds = n_groups * np.arange(communicator.size + 1) // communicator.size
    groups = tuple(slice(*pair) for pair in pairwise(bounds.tolist()))
    tables = [blocks.table[blocks.groups[own.start] : blocks.groups[own.stop]] for own in groups]
    sequences = tuple(np.sort(table["sequences"][table["sequences"] >= 0]) for table in tables)
    own, table = groups[communicator.rank], tables[communicator.rank].copy()
    places = np.full(blocks.n_sequences + 1, -1)  # the last is that of rows without a sequence
    places[sequences[communicator.rank]] = np.arange(len(sequences[communicator.rank]))
    table["sequences"] = places[table["sequences"]]
    return replace(
        blocks,
        table=table,
        groups=blocks.groups[own.start : own.stop + 1] - blocks.groups[own.start],
        part=Part(blocks.n_sequences, n_groups, communicator, groups, sequences),
        n_rows=_place_blocks(table),
        n_sequences=len(sequences[communicator.rank]),
    )


def _balanced_groups(steps: np.ndarray, n_groups: int) -> np.ndarray:
    """Cut the blocks into groups of about equally many steps, each of one block at least."""
    n_blocks = len(steps)
    if n_groups == n_blocks:
        return np.arange(n_groups + 1)
    ends = np.cumsum(steps + 1)
    total = ends[-1] if n_blocks else 0
    middles = ends - (steps + 1) / 2
    groups = np.zeros(n_groups + 1, np.int64)
    groups[-1] = n_blocks
    groups[1:-1] = np.searchsorted(middles, total * np.arange(1, n_groups) / n_groups)
    for group in range(1, n_groups):
        least = groups[group - 1] + 1
        groups[group] = min(max(groups[group], least), n_blocks - (n_groups - group))
    return groups
