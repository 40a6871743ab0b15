"""Weights in the order in which the kernels read them, and gradients back again.

What is where, and the loops over it, stand in :mod:`fastgru.kernels.packing`.  Parameters stand in
PyTorch's layout, ``(G * H, K)`` with the gates stacked.

Axes: G gates, H hidden units, K summed index (hidden units or input features), P panels, L lanes.
"""

from __future__ import annotations

import functools

import numpy as np

from fastgru.kernels import packing as kernels
from fastgru.kernels.pairs import pair_matrix
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.layers.workspace import aligned_empty


def round_up(size: int, step: int) -> int:
    """Return the smallest multiple of ``step`` that is at least ``size``."""
    return -(-size // step) * step


@functools.cache
def gate_numbers(order: tuple[int, ...]) -> np.ndarray:
    """Return gates as kernels take them, int64 (g,); several callers share it."""
    return np.array(order, np.int64)


def in_pairs(rows: np.ndarray) -> np.ndarray:
    """Return (R, C) as words (R / 2, C): rows paired as bfloat16 (:mod:`fastgru.kernels.pairs`).

    R is even, and C of whole vectors.
    """
    words = aligned_empty((len(rows) // 2, rows.shape[1]), np.dtype(np.uint32))
    pair_matrix(rows, words)
    return words


def columns_in_pairs(packed: np.ndarray) -> np.ndarray:
    """Return (P, k_rows, C) as words (P, k_rows / 2, C)."""
    panels, k_rows, width = packed.shape
    return in_pairs(packed.reshape(-1, width)).reshape(panels, k_rows // 2, width)


def stripes_in_pairs(packed: np.ndarray, columns: int) -> np.ndarray:
    """Return words of the rows of each stripe; arguments as of :func:`pack_stripes`."""
    stripe = 3 * lanes_of(packed.dtype)
    whole = columns // stripe * stripe
    rows = len(packed) // columns
    parts = [packed[: rows * whole].reshape(-1, stripe)]
    if columns > whole:
        parts.append(packed[rows * whole :].reshape(-1, columns - whole))
    return np.concatenate([in_pairs(part).reshape(-1) for part in parts])


def pack_columns(
    weight: np.ndarray, hidden: int, order: tuple[int, ...], packed: np.ndarray
) -> np.ndarray:
    """Pack (G * H, K) for the forward pass as (P, k_rows, g * L), zero rows after the first K."""
    kernels.pack_columns(np.ascontiguousarray(weight), hidden, gate_numbers(order), packed)
    return packed


def pack_gate_in_stripes(
    weight: np.ndarray, hidden: int, gate: int, columns: int, packed: np.ndarray
) -> np.ndarray:
    """Pack one gate of (G * H, K) for the forward pass: :func:`pack_stripes` of its transpose.

    ``packed`` is flat; it has K rows, or more, which are zero then.
    """
    stripe = 3 * lanes_of(weight.dtype)
    whole = columns // stripe * stripe
    rows, gate_weight = len(packed) // columns, weight[gate * hidden : (gate + 1) * hidden]
    if whole:
        first = packed[: rows * whole].reshape(-1, rows, stripe)
        pack_columns(gate_weight, hidden, (0,), first)
    if whole < columns:
        rest = packed[rows * whole :].reshape(1, rows, columns - whole)
        pack_columns(gate_weight[whole:], hidden - whole, (0,), rest)
    return packed


def pack_stripes(matrix: np.ndarray, columns: int) -> np.ndarray:
    """Pack (R, C) flat, as :func:`fastgru.kernels.products.multiply_rows` reads it.

    All rows of each stripe of three panels of the ``columns`` (C rounded up to whole vectors)
    follow each other: (columns / 3L, R, 3L), then (R, 2L) or (R, L) for what is left.
    """
    if matrix.shape[1] < columns:
        matrix = np.pad(matrix, ((0, 0), (0, columns - matrix.shape[1])))
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
    weight: np.ndarray, hidden: int, order: tuple[int, ...], columns: int, packed: np.ndarray
) -> np.ndarray:
    """Pack (G * H, K) for the way back: :func:`pack_stripes` of the rows (panel, gate, lane).

    ``packed`` is flat.
    """
    weight = np.ascontiguousarray(weight)
    kernels.pack_transposed(weight, hidden, gate_numbers(order), columns, packed)
    return packed


def add_groups(sums: np.ndarray, hidden: int, order: tuple[int, ...], grad: np.ndarray) -> None:
    """Add (n_groups, P, rows, g * L) of all groups, in order, to the gates of (G * H, K).

    ``sums`` is **overwritten**.
    """
    kernels.add_groups(sums, hidden, gate_numbers(order), grad)


def row_stride(columns: int, dtype: np.dtype) -> int:
    """Return the row length of a blocked array: whole vectors, and one more.

    Rows whose length is a power of two fall on few sets of the cache; with one vector more the
    weight gradients of 128 units ran four times faster.
    """
    lanes = lanes_of(dtype)
    return round_up(round_up(columns, lanes), ROWS) + lanes
