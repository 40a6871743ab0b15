"""Blocks of sequences that run through time together, and the rows that belong to them.

A block holds ``rows`` sequences of similar length, longest first.  In a *blocked* array (states,
gates) the row ``first + t * rows + i`` belongs to step ``t`` of its sequence ``i``.  In the
caller's arrays, flattened to (B * T, C), the row ``sequence * T + t`` does; a reversed sequence
is reversed within its own length.

The number of rows is part of the *type* of the table of blocks, so that kernels are compiled for
it: eight for large batches, fewer for small ones.

Axes: B sequences, T time, C columns; i sequence of a block.
"""

from fastgru._numba import intrinsic, jit_disabled, kernel_part, np, types
from fastgru.kernels.registers import ROWS
from fastgru.kernels.vectors import lanes, load_first, store, store_first


def block_type(rows):
    """Return the structured type of a block of ``rows`` sequences.

    Fields: ``first`` row in blocked arrays, number of ``steps``, ``lengths`` in descending order,
    ``sequences`` as the caller numbers them (-1: none).
    """
    fields = [("first", np.int64), ("steps", np.int64)]
    return np.dtype([*fields, ("lengths", np.int64, (rows,)), ("sequences", np.int64, (rows,))])


def block_rows(dtype):
    """Return the rows of a :func:`block_type`, given as NumPy's or as numba's type."""
    if isinstance(dtype, types.Record):
        return dtype.typeof("lengths").shape[0]
    return dtype["lengths"].shape[0]


def tile_rows(blocks):
    """Return the rows of a table of blocks or of its type; ROWS of None."""
    if blocks is None or isinstance(blocks, types.NoneType):
        return ROWS
    return block_rows(blocks.dtype)


@intrinsic
def _compiled_rows_of(typing_context, blocks):
    rows = tile_rows(blocks)

    def generate(context, builder, signature, arguments):
        return context.get_constant(types.intp, rows)

    return types.intp(blocks), generate


rows_of = tile_rows if jit_disabled else _compiled_rows_of
""":func:`tile_rows` in kernels: a constant in compiled code."""


@kernel_part(inline=True)
def count_active(blocks, block, t):
    """Return how many sequences of a block are longer than ``t``; they stand first."""
    active = 0
    while active < rows_of(blocks) and blocks[block]["lengths"][active] > t:
        active += 1
    return active


@kernel_part(inline=True)
def caller_step(blocks, block, i, t, reverse):
    """Return the step of the caller's sequence that step ``t`` of a direction stands for."""
    return blocks[block]["lengths"][i] - 1 - t if reverse else t


@kernel_part(inline=True)
def caller_row(blocks, block, i, t, n_steps, reverse):
    """Return the row of the caller's arrays that step ``t`` of a sequence stands for."""
    return blocks[block]["sequences"][i] * n_steps + caller_step(blocks, block, i, t, reverse)


@kernel_part(inline=True)
def copy_row(source, row, column, target, target_row, target_column, width):
    """Copy ``width`` columns of a row of a 2-d array to a row of another."""
    at = row * source.shape[1] + column
    to = target_row * target.shape[1] + target_column
    for c in range(0, width, lanes(source)):
        store_first(load_first(source, at + c, width - c), target, to + c, width - c)


@kernel_part(inline=True)
def add_row(source, row, column, target, target_row, target_column, width):
    """Add ``width`` columns of a row of a 2-d array to a row of another."""
    at = row * source.shape[1] + column
    to = target_row * target.shape[1] + target_column
    for c in range(0, width, lanes(source)):
        total = load_first(target, to + c, width - c) + load_first(source, at + c, width - c)
        store_first(total, target, to + c, width - c)


@kernel_part(inline=True)
def clear_row(target, row, column, width):
    """Set ``width`` columns of a row of a 2-d array to zero."""
    at = row * target.shape[1] + column
    for c in range(0, width, lanes(target)):
        store_first(0.0, target, at + c, width - c)


@kernel_part
def clear_span(array, begin, end):
    """Set the elements from ``begin`` to ``end`` of a contiguous array to zero, whole vectors."""
    for at in range(begin, end, lanes(array)):
        store(0.0, array, at)
