"""Weights in the order in which the kernels read them, and gradients back again.

The kernels cut the hidden units into panels of LANES units, rounded up with units whose weights
are zero (their state stays zero), and keep the gates of a panel side by side.  Parameters stand in
PyTorch's layout, ``(G * H, K)`` with the gates stacked.

Axes: G gates, H hidden units, K summed index (hidden units or input features), P panels, L lanes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fastgru.kernels.pairs import pair_matrix
from fastgru.kernels.registers import ROWS, VECTOR_BYTES, lanes_of


def round_up(size: int, step: int) -> int:
    """Return the smallest multiple of ``step`` that is at least ``size``."""
    return -(-size // step) * step


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an uninitialised array that starts on the boundary of a vector."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + VECTOR_BYTES, np.uint8)
    skip = -memory.ctypes.data % VECTOR_BYTES
    return memory[skip : skip + size].view(dtype).reshape(shape)


def by_panel(weight: np.ndarray, hidden: int, order: Sequence[int]) -> np.ndarray:
    """Return (G * H, K) as (P, g, L, K): the gates that ``order`` names, in that order."""
    lanes, k = lanes_of(weight.dtype), weight.shape[1]
    panels = round_up(hidden, lanes) // lanes
    gates = weight.reshape(-1, hidden, k)[list(order)]
    if hidden % lanes:
        gates = np.pad(gates, ((0, 0), (0, panels * lanes - hidden), (0, 0)))
    return gates.reshape(len(order), panels, lanes, k).transpose(1, 0, 2, 3)


def pack_rows(rows: np.ndarray) -> np.ndarray:
    """Pack rows of gate values, (N, G, H), as (N, P, G * L)."""
    n, gates, hidden = rows.shape
    lanes = lanes_of(rows.dtype)
    panels = round_up(hidden, lanes) // lanes
    padded = np.zeros((n, gates, panels * lanes), rows.dtype)
    padded[:, :, :hidden] = rows
    packed = padded.reshape(n, gates, panels, lanes).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(packed).reshape(n, panels, gates * lanes)


def unpack_rows(packed: np.ndarray, hidden: int) -> np.ndarray:
    """Return (N, P, G * L) as (N, G, H): the inverse of :func:`pack_rows`."""
    n, panels, width = packed.shape
    lanes = lanes_of(packed.dtype)
    gates = packed.reshape(n, panels, width // lanes, lanes).transpose(0, 2, 1, 3)
    return gates.reshape(n, width // lanes, panels * lanes)[:, :, :hidden]


def in_pairs(rows: np.ndarray) -> np.ndarray:
    """Return (R, C) as words (R / 2, C): rows paired as bfloat16 (:mod:`fastgru.kernels.pairs`).

    R is even, and C of whole vectors.
    """
    words = aligned_empty((len(rows) // 2, rows.shape[1]), np.dtype(np.uint32))
    pair_matrix(rows, words)
    return words


def pack_columns(
    weight: np.ndarray, hidden: int, order: Sequence[int], k_rows: int, *, pairs: bool = False
) -> np.ndarray:
    """Pack (G * H, K) for the forward pass as (P, k_rows, g * L), zero rows after the first K.

    With ``pairs``, for which ``k_rows`` is even, :func:`in_pairs` of that.
    """
    panels = by_panel(weight, hidden, order)
    n_panels, gates, lanes, k = panels.shape
    packed = aligned_empty((n_panels, k_rows, gates * lanes), weight.dtype)
    packed[:, k:] = 0
    packed[:, :k].reshape(n_panels, k, gates, lanes)[:] = panels.transpose(0, 3, 1, 2)
    if not pairs:
        return packed
    width = gates * lanes
    return in_pairs(packed.reshape(-1, width)).reshape(n_panels, k_rows // 2, width)


def unpack_columns(packed: np.ndarray, hidden: int, k: int) -> np.ndarray:
    """Return (P, rows, g * L) as (g, H, K): the inverse of :func:`pack_columns`."""
    n_panels, rows, width = packed.shape
    lanes = lanes_of(packed.dtype)
    gates = packed.reshape(n_panels, rows, width // lanes, lanes).transpose(2, 0, 3, 1)
    return gates.reshape(width // lanes, n_panels * lanes, rows)[:, :hidden, :k]


def pack_stripes(matrix: np.ndarray, columns: int, *, pairs: bool = False) -> np.ndarray:
    """Pack (R, C) flat, as :func:`fastgru.kernels.products.multiply_rows` reads it.

    All rows of each stripe of three panels of the ``columns`` (C rounded up to whole vectors)
    follow each other: (columns / 3L, R, 3L), then (R, 2L) or (R, L) for what is left.  With
    ``pairs``, for which R is even, so are those of :func:`in_pairs`.
    """
    if matrix.shape[1] < columns:
        matrix = np.pad(matrix, ((0, 0), (0, columns - matrix.shape[1])))
    if pairs:
        matrix = in_pairs(np.ascontiguousarray(matrix))
    stripe, rows = 3 * lanes_of(matrix.dtype), len(matrix)
    packed = aligned_empty((rows * columns,), matrix.dtype)
    stripes = columns // stripe
    whole = stripes * stripe
    packed[: rows * whole].reshape(stripes, rows, stripe)[:] = (
        matrix[:, :whole].reshape(rows, stripes, stripe).transpose(1, 0, 2)
    )
    packed[rows * whole :].reshape(rows, columns - whole)[:] = matrix[:, whole:]
    return packed


def pack_transposed(
    weight: np.ndarray, hidden: int, order: Sequence[int], columns: int, *, pairs: bool = False
) -> np.ndarray:
    """Pack (G * H, K) for the way back: :func:`pack_stripes` of the rows (panel, gate, lane)."""
    rows = by_panel(weight, hidden, order).reshape(-1, weight.shape[1])
    return pack_stripes(rows, columns, pairs=pairs)


def row_stride(columns: int, dtype: np.dtype) -> int:
    """Return the row length of a blocked array: whole vectors, and one more.

    Rows whose length is a power of two fall on few sets of the cache; with one vector more the
    weight gradients of 128 units ran four times faster.
    """
    lanes = lanes_of(dtype)
    return round_up(round_up(columns, lanes), ROWS) + lanes
