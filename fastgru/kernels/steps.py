"""Moving sequences between the caller's arrays and blocks of steps.

A block holds ROWS sequences, longest first; row ``start + t * ROWS + i`` of a blocked array
belongs to step ``t`` of its sequence ``i`` (:mod:`fastgru.layers.blocks`).  A reversed sequence
is reversed within its own length: step ``t`` then stands for step ``length - 1 - t``.

Axes: B sequences, T time, C channels; rows as above.
"""

from fastgru._numba import kernel, kernel_part, np, prange
from fastgru.kernels.microkernel import ROWS


@kernel_part
def step_of(t, length, reverse):
    """Return the step that ``t`` stands for in a sequence that may run backwards."""
    return length - 1 - t if reverse else t


@kernel
def index_tokens(blocks, sequences, tokens, reverse, index):
    """Lay out the tokens of a batch by step.

    Parameters
    ----------
    blocks : int64 (n_blocks, 2 + ROWS)
    sequences : int64 (n_blocks, ROWS)
        The caller's number of each sequence, -1 where a block has none.
    tokens : integer (B, T)
    reverse : bool
    index : int32 (rows,), **written**
        Zero past the end of a sequence.
    """
    for row in range(index.shape[0]):
        index[row] = 0
    for block in range(blocks.shape[0]):
        for i in range(ROWS):
            length = blocks[block, 2 + i]
            for t in range(length):
                row = blocks[block, 0] + t * ROWS + i
                index[row] = tokens[sequences[block, i], step_of(t, length, reverse)]


@kernel
def index_positions(blocks, reverse, index):
    """Write the position of each step within its sequence; arguments as above."""
    for row in range(index.shape[0]):
        index[row] = 0
    for block in range(blocks.shape[0]):
        for i in range(ROWS):
            length = blocks[block, 2 + i]
            for t in range(length):
                index[blocks[block, 0] + t * ROWS + i] = step_of(t, length, reverse)


@kernel(parallel=True)
def to_blocks(blocks, sequences, x, column, reverse, blocked, shift, width):
    """Lay out ``width`` columns of a batch by step.

    Parameters
    ----------
    blocks, sequences
        As in :func:`index_tokens`.
    x : float (B, T, C)
    column : int
        First column of ``x``.
    reverse : bool
    blocked : float (rows, >= width), **written**
        Zero past the end of a sequence.
    shift : int
        Rows added to a step's row: 0 for inputs, ROWS for what belongs to the states after a step.
    width : int
    """
    for block in prange(blocks.shape[0]):
        for t in range(blocks[block, 1]):
            for i in range(ROWS):
                row = blocks[block, 0] + t * ROWS + i + shift
                length = blocks[block, 2 + i]
                if t < length:
                    step = step_of(t, length, reverse)
                    for c in range(width):
                        blocked[row, c] = x[sequences[block, i], step, column + c]
                else:
                    for c in range(width):
                        blocked[row, c] = 0


@kernel(parallel=True)
def from_blocks(blocks, sequences, blocked, shift, width, reverse, y, column):
    """Add ``width`` columns of each step to a batch: the way back from :func:`to_blocks`.

    Parameters
    ----------
    blocks, sequences
        As in :func:`index_tokens`.
    blocked : float (rows, >= width)
    shift, width, reverse
        As in :func:`to_blocks`.
    y : float (B, T, C), **added to** at valid steps
    column : int
        First column of ``y``.
    """
    for block in prange(blocks.shape[0]):
        for t in range(blocks[block, 1]):
            for i in range(ROWS):
                row = blocks[block, 0] + t * ROWS + i + shift
                length = blocks[block, 2 + i]
                if t < length:
                    step = step_of(t, length, reverse)
                    for c in range(width):
                        y[sequences[block, i], step, column + c] += blocked[row, c]


@kernel(parallel=True)
def move_steps(blocks, source, source_shift, source_column, target, target_shift, target_column,
               width, reverse, add):  # fmt: skip
    """Copy ``width`` columns of each step from one blocked array to another.

    Parameters
    ----------
    blocks : int64 (n_blocks, 2 + ROWS)
    source : float (rows, columns)
    source_shift, source_column : int
        Rows added to a step's row, 0 for inputs and ROWS for the states after a step; first column.
    target : float (rows, columns), **written** or **added to**
        Where it is written, zero is written past each end.
    target_shift, target_column : int
    width : int
    reverse : bool
        Whether the two run in opposite directions.
    add : bool
    """
    for block in prange(blocks.shape[0]):
        start = blocks[block, 0]
        for t in range(blocks[block, 1]):
            for i in range(ROWS):
                length = blocks[block, 2 + i]
                out = start + t * ROWS + i + target_shift
                if t < length:
                    row = start + step_of(t, length, reverse) * ROWS + i + source_shift
                    for c in range(width):
                        value = source[row, source_column + c]
                        if add:
                            value += target[out, target_column + c]
                        target[out, target_column + c] = value
                elif not add:
                    for c in range(width):
                        target[out, target_column + c] = 0


@kernel
def _sum_span(parts, total, begin, end):
    for k in range(begin, end):
        total[k] = parts[0, k]
    for group in range(1, parts.shape[0]):
        for k in range(begin, end):
            total[k] += parts[group, k]


@kernel(parallel=True)
def _sum_groups_in_parallel(parts, total):
    span = 4096
    for piece in prange((total.shape[0] + span - 1) // span):
        begin = np.int64(piece) * span
        _sum_span(parts, total, begin, min(begin + span, total.shape[0]))


def sum_groups(parts, total):
    """Add the leading axis of ``parts`` (n_groups, n) in order into ``total`` (n,), **written**.

    The order is fixed, so the sum does not depend on the number of threads; a small sum is not
    worth waking them.
    """
    if parts.size < 1 << 19:
        _sum_span(parts, total, 0, total.shape[0])
    else:
        _sum_groups_in_parallel(parts, total)


@kernel
def product(a, b, out):
    """Add ``a`` (M, K) times ``b`` (K, N) to ``out`` (M, N), **added to**, k in ascending order.

    For the small products around the recurrence (tables, heads): any strides, one thread, and
    the same bits whatever the linear algebra library of the machine would do.
    """
    for m in range(a.shape[0]):
        for k in range(a.shape[1]):
            factor = a[m, k]
            for n in range(b.shape[1]):
                out[m, n] += factor * b[k, n]
