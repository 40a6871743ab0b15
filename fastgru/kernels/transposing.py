"""Square tiles of a matrix, transposed in registers.

::

    store_transposed    target[c, r]  = tile[r, c]
    add_transposed      target[c, r] += tile[r, c]

Element by element one of the two sides is touched in another row each time, and a compiler leaves
that loop as it stands: 16 times as many loads and stores.

A tile has as many rows as a vector has lanes.  Its first ``rows`` rows and ``columns`` columns are
read, and zeros stand for the others; ``to_rows`` rows of ``to_columns`` columns are written.  Each
of these may be less than 1, for nothing, or more than a vector has, for all.  Tiles are expected to
follow each other along their rows: what comes ``_AHEAD`` tiles later is fetched (measured with
512 x 512, whose rows all fall on the same few sets of the cache: 0.39 ms a weight, and 0.25).

Axes: r row, c column of the tile.
"""

from fastgru._numba import intrinsic, ir, jit_disabled, np, types
from fastgru.kernels.memory_code import emit_load_first, emit_prefetch, emit_store_first
from fastgru.kernels.registers import lanes_of
from fastgru.kernels.vectors import (
    Vector,
    vector_pointer,
)

_AHEAD = 4


def _interleaved(builder, vectors):
    """Return the transpose of a square of vectors.

    Each round interleaves the lanes of the first half of the vectors with those of the second;
    what was row r and column c, in binary digits ``r`` and ``c``, moves one digit on in ``rc``.
    """
    lanes = len(vectors)
    word = ir.VectorType(ir.IntType(32), lanes)
    picks = [lane // 2 + lanes * (lane % 2) for lane in range(2 * lanes)]
    low, high = (ir.Constant(word, part) for part in (picks[:lanes], picks[lanes:]))
    for _ in range(lanes.bit_length() - 1):
        halves = zip(vectors[: lanes // 2], vectors[lanes // 2 :], strict=True)
        vectors = [
            builder.shuffle_vector(first, second, pick)
            for first, second in halves
            for pick in (low, high)
        ]
    return vectors


def _tile_rows(context, builder, kind, array, at, stride, rows, columns, *, write):
    """Yield the pointer to each row of a tile, and how much of it is meant."""
    vector = Vector(kind.dtype)
    for row in range(vector.lanes):
        number = ir.Constant(at.type, row)
        there = builder.icmp_signed(">", rows, number)
        count = builder.select(there, columns, ir.Constant(columns.type, 0))
        offset = builder.add(at, builder.mul(stride, number))
        pointer = vector_pointer(context, builder, kind, array, offset)
        ahead = builder.add(offset, ir.Constant(at.type, _AHEAD * vector.lanes))
        emit_prefetch(builder, vector_pointer(context, builder, kind, array, ahead), write=write)
        yield pointer, count


def _transposing(add):
    @intrinsic
    def transpose(typing_context, source, at, stride, rows, columns,
                  target, to, to_stride, to_rows, to_columns):  # fmt: skip
        if source.layout != "C" or target.layout != "C":
            return None

        def generate(context, builder, signature, arguments):
            given, wanted = (
                _tile_rows(context, builder, signature.args[k], *arguments[k : k + 5], write=k > 0)
                for k in (0, 5)
            )
            read = [emit_load_first(builder, *row) for row in given]
            for value, (pointer, count) in zip(_interleaved(builder, read), wanted, strict=True):
                if add:
                    value = builder.fadd(emit_load_first(builder, pointer, count), value)
                emit_store_first(builder, pointer, count, value)
            return context.get_dummy_value()

        whole = [types.intp] * 4
        return types.void(source, *whole, target, *whole), generate

    return transpose


def _numpy_transposing(add):
    def transpose(source, at, stride, rows, columns,
                  target, to, to_stride, to_rows, to_columns):  # fmt: skip
        lanes = lanes_of(source.dtype)
        tile = np.zeros((lanes, lanes), source.dtype)
        flat, written = source.reshape(-1), target.reshape(-1)
        for row in range(min(rows, lanes)):
            given = flat[at + row * stride :][: max(0, min(columns, lanes))]
            tile[row, : len(given)] = given
        for row in range(min(to_rows, lanes)):
            place = written[to + row * to_stride :][: max(0, min(to_columns, lanes))]
            place[:] = tile[: len(place), row] + (place if add else 0)

    return transpose


store_transposed, add_transposed = (
    (_numpy_transposing if jit_disabled else _transposing)(add) for add in (False, True)
)
