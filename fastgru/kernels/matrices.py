"""Products of whole matrices, of any strides on the left, in the tiles of the micro-kernel.

::

    multiply(a, b)       out[m, n] = sum over k of a[m, k] b[k, n]
    multiply_rows_of     the same, for the rows of a batch
    multiply_columns_of  out[m, n] = sum over k of a[k, m] b[k, n]

Sums run over k in ascending order, whatever is computed beside them: an element depends on its own
row and column alone.  Whole tiles are computed, so arrays have room for a multiple of ROWS rows and
of whole vectors in a row, and what stands in the room past their end is finite where it is read.

Axes: m row, k summed index, n column.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.microkernel import tile_1, tile_2, tile_3
from fastgru.kernels.registers import ROWS
from fastgru.kernels.vectors import lanes
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def multiply(add, out, out_at, out_row, rows, columns,
              a, a_at, a_row, a_k, b, b_at, b_k, inner):  # fmt: skip
    """Set ``rows`` x ``columns`` of ``out`` to ``a b``, both rounded up to tiles; or ``add`` it.

    ``a`` has any strides, the rows of ``b`` are ``b_k`` apart; ``inner`` is the summed index.
    """
    lane = lanes(out)
    vectors = (columns + lane - 1) // lane
    for m in range(0, rows, ROWS):
        at, a_from = out_at + m * out_row, a_at + m * a_row
        for v in range(0, vectors - 2, 3):
            tile_3(None, add, out, at + v * lane, out_row, a, a_from, a_row, a_k, 0,
                   b, b_at + v * lane, b_k, lane, inner, 1)  # fmt: skip
        v = vectors // 3 * 3
        if vectors - v == 2:
            tile_2(None, add, out, at + v * lane, out_row, a, a_from, a_row, a_k, 0,
                   b, b_at + v * lane, b_k, lane, inner, 1)  # fmt: skip
        if vectors - v == 1:
            tile_1(None, add, out, at + v * lane, out_row, a, a_from, a_row, a_k, 0,
                   b, b_at + v * lane, b_k, lane, inner, 1)  # fmt: skip


@kernel_part
def _multiply_rows(worker, shares, add, a, b, out, inner):
    before = flush_denormals()
    columns, wide = out.shape[1], a.shape[1]
    first = take_next(shares, worker) * ROWS
    while first < out.shape[0]:
        multiply(add, out, first * columns, columns, ROWS, columns,
                  a, first * wide, wide, 1, b, 0, columns, inner)  # fmt: skip
        first = take_next(shares, worker) * ROWS
    restore_denormals(before)


@kernel(parallel=True)
def multiply_rows_of(shares, add, a, b, out, inner):
    """Multiply rows by a matrix: ``out = a b``, k in ascending order.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    add : bool
        Whether to add to what stands in ``out``.
    a : float (M, any), M a multiple of ROWS
    b : float (at least ``inner``, N), N a multiple of a vector
    out : float (M, N), **written**
    inner : int
        Columns of ``a`` and rows of ``b`` that count.
    """
    run_workers(_multiply_rows, (shares, add, a, b, out, inner))


@kernel_part
def _multiply_columns(worker, shares, a, b, out, inner):
    before = flush_denormals()
    columns, wide = out.shape[1], a.shape[1]
    first = take_next(shares, worker) * ROWS
    while first < out.shape[0]:
        multiply(False, out, first * columns, columns, ROWS, columns,
                  a, first, 1, wide, b, 0, columns, inner)  # fmt: skip
        first = take_next(shares, worker) * ROWS
    restore_denormals(before)


@kernel(parallel=True)
def multiply_columns_of(shares, a, b, out, inner):
    """Multiply a transposed matrix by another: ``out = a^T b``, k in ascending order.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    a : float (at least ``inner``, M), M a multiple of ROWS
    b : float (at least ``inner``, N), N a multiple of a vector
    out : float (M, N), **written**
    inner : int
        Rows of ``a`` and ``b`` that count.
    """
    run_workers(_multiply_columns, (shares, a, b, out, inner))
