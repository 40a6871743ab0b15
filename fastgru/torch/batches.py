"""Batches in the orders of PyTorch, and as the rows that the kernels read.

Kernels take the steps of a sequence one after the other, then the next sequence: rows (B * T, F).
Tensors with the batch first are such rows already, and share their memory with the kernels.

Axes: B sequences, T steps, N valid steps of all sequences, F features.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

from fastgru.layers.blocks import plan_blocks


class PaddedBatch:
    """Sequences of one length.

    Parameters
    ----------
    n_sequences, n_steps
        B and T.
    batch_first
        Whether tensors are (B, T, F), rather than (T, B, F).
    """

    def __init__(self, n_sequences: int, n_steps: int, *, batch_first: bool) -> None:
        self.blocks = plan_blocks(np.full(n_sequences, n_steps), n_steps)
        self._batch_first = batch_first

    def rows_of(self, tensor: torch.Tensor) -> np.ndarray:
        """Return a tensor, (B, T, F) or (T, B, F), as rows (B * T, F)."""
        rows = _array_of(tensor if self._batch_first else tensor.transpose(0, 1))
        return rows.reshape(-1, rows.shape[2])

    def tensor_of(self, rows: np.ndarray) -> torch.Tensor:
        """Return rows (B * T, F) as a tensor, (B, T, F) or (T, B, F)."""
        shape = (self.blocks.n_sequences, self.blocks.n_steps, rows.shape[1])
        ordered = rows.reshape(shape)
        if not self._batch_first:
            ordered = np.ascontiguousarray(ordered.swapaxes(0, 1))
        return torch.from_numpy(ordered)


class PackedBatch:
    """Sequences of a :class:`torch.nn.utils.rnn.PackedSequence`, longest first.

    Parameters
    ----------
    batch_sizes
        int64 (T,), sequences that are at least so long.
    """

    def __init__(self, batch_sizes: torch.Tensor) -> None:
        sizes = batch_sizes.numpy()
        there = np.arange(sizes[0]) < sizes[:, None]
        steps, sequences = np.nonzero(there)
        self.blocks = plan_blocks(there.sum(axis=0), len(sizes))
        self._places = sequences * len(sizes) + steps

    def rows_of(self, tensor: torch.Tensor) -> np.ndarray:
        """Return data (N, F) as rows (B * T, F), anything past a sequence's end."""
        data = _array_of(tensor)
        n_rows = self.blocks.n_sequences * self.blocks.n_steps
        rows = np.empty((n_rows, data.shape[1]), data.dtype)
        rows[self._places] = data
        return rows

    def tensor_of(self, rows: np.ndarray) -> torch.Tensor:
        """Return rows (B * T, F) as data (N, F)."""
        return torch.from_numpy(rows.take(self._places, axis=0))


Batch = PaddedBatch | PackedBatch


@functools.lru_cache(maxsize=16)
def padded_batch(n_sequences: int, n_steps: int, *, batch_first: bool) -> PaddedBatch:
    """Return the batch of these sizes; those of a training loop are often the same."""
    return PaddedBatch(n_sequences, n_steps, batch_first=batch_first)


def _array_of(tensor: torch.Tensor) -> np.ndarray:
    """Return a tensor's memory, or a copy in order where it is in none.

    NumPy copies: PyTorch would wake its threads, which then wait for more work in a busy loop and
    take the CPUs from the kernels.
    """
    return np.ascontiguousarray(tensor.detach().numpy())
