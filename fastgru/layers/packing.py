"""Weights in the order in which the kernels read them, and gradients back again.

The kernels cut the hidden units into panels of LANES units, rounded up with units whose weights
are zero (their state stays zero), and keep the three gates of a panel side by side.  Parameters
stand in PyTorch's layout, ``(3 * H, K)`` with the gates stacked r, z, n.

Axes: H hidden units, K summed index (hidden units or input features), P panels, L lanes.
"""

from __future__ import annotations

import numpy as np

from fastgru.kernels.microkernel import ROWS, VECTOR_BYTES, lanes_of

RECURRENT = (2, 0, 1)
"""Gate order n, r, z of recurrent weights: they meet ``q | r | z`` of a cell."""

INPUT = (0, 1, 2)
"""Gate order r, z, n of input weights: they meet ``r | z | n`` of a cell."""


def round_up(size: int, step: int) -> int:
    """Return the smallest multiple of ``step`` that is at least ``size``."""
    return -(-size // step) * step


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an uninitialised array that starts on the boundary of a vector."""
    size = int(np.prod(shape)) * dtype.itemsize
    memory = np.empty(size + VECTOR_BYTES, np.uint8)
    skip = -memory.ctypes.data % VECTOR_BYTES
    return memory[skip : skip + size].view(dtype).reshape(shape)


def _by_panel(weight: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Return (3H, K) as (P, 3, L, K), gates in ``order``."""
    lanes = lanes_of(weight.dtype)
    hidden, k = weight.shape[0] // 3, weight.shape[1]
    panels = round_up(hidden, lanes) // lanes
    gates = weight.reshape(3, hidden, k)[list(order)]
    if hidden % lanes:
        gates = np.pad(gates, ((0, 0), (0, panels * lanes - hidden), (0, 0)))
    return gates.reshape(3, panels, lanes, k).transpose(1, 0, 2, 3)


def pack_rows(rows: np.ndarray) -> np.ndarray:
    """Pack rows of gate values, (N, 3H), as (N, P, 3L), gates r | z | n in each panel."""
    panels = _by_panel(np.ascontiguousarray(rows.T), INPUT)
    return np.ascontiguousarray(panels.transpose(3, 0, 1, 2)).reshape(
        len(rows), len(panels), 3 * panels.shape[2]
    )


def unpack_rows(packed: np.ndarray, hidden: int) -> np.ndarray:
    """Return (N, P, 3L) as (N, 3H): the inverse of :func:`pack_rows`."""
    n, panels, width = packed.shape
    gates = packed.reshape(n, panels, 3, width // 3).transpose(0, 2, 1, 3)
    return gates.reshape(n, 3, panels * width // 3)[:, :, :hidden].reshape(n, 3 * hidden)


def pack_weight(weight: np.ndarray, order: tuple[int, ...], k_rows: int) -> np.ndarray:
    """Pack (3H, K) for the forward pass as (P, k_rows, 3L), zero rows after the first K."""
    panels = _by_panel(weight, order)
    n_panels, _, lanes, k = panels.shape
    packed = aligned_empty((n_panels, k_rows, 3 * lanes), weight.dtype)
    packed[:, k:] = 0
    packed[:, :k].reshape(n_panels, k, 3, lanes)[:] = panels.transpose(0, 3, 1, 2)
    return packed


def unpack_weight(packed: np.ndarray, order: tuple[int, ...], hidden: int, k: int) -> np.ndarray:
    """Return (P, rows, 3L) as (3H, K): the inverse of :func:`pack_weight`."""
    n_panels, rows, width = packed.shape
    gates = packed.reshape(n_panels, rows, 3, width // 3).transpose(2, 0, 3, 1)
    gates = gates.reshape(3, -1, rows)[np.argsort(order)]
    return gates[:, :hidden, :k].reshape(3 * hidden, k)


def pack_transposed(weight: np.ndarray, order: tuple[int, ...], columns: int) -> np.ndarray:
    """Pack (3H, K) for the way back, flat, as the kernels' ``_hand_on`` reads it.

    The rows (panel, gate, lane) are repeated for each pair of panels of the ``columns`` (K rounded
    up to whole vectors): (columns / 2L, P * 3L, 2L), then (P * 3L, L) for an odd one out.
    """
    panels = _by_panel(weight, order)
    lanes, k = panels.shape[2], panels.shape[3]
    rows = panels.reshape(-1, k)
    packed = aligned_empty((len(rows) * columns,), weight.dtype)
    padded = rows if k == columns else np.pad(rows, ((0, 0), (0, columns - k)))
    pairs = columns // (2 * lanes)
    paired = pairs * 2 * lanes
    split = len(rows) * paired
    packed[:split].reshape(pairs, len(rows), 2 * lanes)[:] = (
        padded[:, :paired].reshape(len(rows), pairs, 2 * lanes).transpose(1, 0, 2)
    )
    packed[split:].reshape(len(rows), columns - paired)[:] = padded[:, paired:]
    return packed


def row_stride(columns: int, dtype: np.dtype) -> int:
    """Return the row length of a blocked array: whole vectors, and one more.

    Rows whose length is a power of two fall on few sets of the cache; with one vector more the
    weight gradients of 128 units ran four times faster.
    """
    lanes = lanes_of(dtype)
    return round_up(round_up(columns, lanes), ROWS) + lanes
