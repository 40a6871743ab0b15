"""Operands of products in bfloat16: pairs of numbers, each pair in one 32-bit word.

VDPBF16PS (AVX512-BF16) adds ``a_0 b_0 + a_1 b_1`` to a float32 sum in each lane, the two factors of
either side rounded to bfloat16: a float32 whose last 16 bits are cut, to nearest, ties to even.  So
a sum over k runs over k two at a time, and an operand holds the two values for an even k and the
next in one word, the first in its lower half.

What a product sums over stands either side by side in memory (units, in ``h W^T``) or in rows above
each other (steps and sequences, in ``h^T dgates``): :func:`columns_operand`, :func:`rows_operand`.
Both hand on the operand as it is where ``pairs``, the memory for words, is of a float type: that
type says in which precision a kernel multiplies.

Axes: m row, c column, l lane of a vector.
"""

from typing import NamedTuple

from fastgru._numba import (
    intrinsic,
    ir,
    jit_disabled,
    kernel,
    kernel_part,
    np,
    register_jitable,
    type_dispatch,
    types,
)
from fastgru.kernels.vectors import Vector, lanes, load, load_first


class Operand(NamedTuple):
    """The left operand of a product, or the rows of the right one.

    Attributes
    ----------
    array : float or uint32
        The values, or pairs of them.
    at : int
        Offset of the first.
    row : int
        Offset from one row to the next.
    outer : int
        Offset from one panel of columns to the next.
    size : int
        Values or pairs of a panel that the product sums over.
    """

    array: np.ndarray
    at: int
    row: int
    outer: int
    size: int


class BFloat(ir.Type):
    """LLVM's bfloat, which llvmlite does not know."""

    def _to_string(self):
        return "bfloat"

    def __eq__(self, other):
        return isinstance(other, BFloat)

    def __hash__(self):
        return hash(BFloat)


@register_jitable
def words_for(columns, lane):
    """Return the words that a row of so many columns takes, whole vectors."""
    return -(-columns // (2 * lane)) * lane


def _narrowed(builder, low, high):
    """Emit the conversion of two vectors to one of bfloat16, that of ``low`` first."""
    kind = ir.VectorType(BFloat(), 2 * low.type.count)
    name = "llvm.x86.avx512bf16.cvtne2ps2bf16.512"
    known = builder.module.globals.get(name)
    function = known or ir.Function(builder.module, ir.FunctionType(kind, [low.type] * 2), name)
    return builder.call(function, [high, low])


def _alternating(builder, value):
    """Emit the shuffle of ``l_0 .. l_n h_0 .. h_n`` to ``l_0 h_0 .. l_n h_n``."""
    lanes_ = value.type.count // 2
    order = [half * lanes_ + lane for lane in range(lanes_) for half in range(2)]
    kind = ir.VectorType(ir.IntType(32), len(order))
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), kind(order))


def emit_dot(builder, a, b, c):
    """Emit ``a_0 * b_0 + a_1 * b_1 + c`` for two vectors of words and one of float32."""
    kind = ir.VectorType(BFloat(), 2 * c.type.count)
    name = "llvm.x86.avx512bf16.dpbf16ps.512"
    known = builder.module.globals.get(name)
    function = known or ir.Function(
        builder.module, ir.FunctionType(c.type, [c.type, kind, kind]), name
    )
    return builder.call(function, [c, builder.bitcast(a, kind), builder.bitcast(b, kind)])


def _storing(arrange):
    @intrinsic
    def store_narrow(typing_context, low, high, words, offset):
        if not (isinstance(low, Vector) and low == high and words.dtype == types.uint32):
            return None

        def generate(context, builder, signature, arguments):
            first, second, container, at = arguments
            value = arrange(builder, _narrowed(builder, first, second))
            data = context.make_array(signature.args[2])(context, builder, container).data
            place = builder.bitcast(builder.gep(data, [at]), value.type.as_pointer())
            builder.store(value, place).align = 4
            return context.get_dummy_value()

        return types.void(low, high, words, types.intp), generate

    return store_narrow


def _numpy_bits(value):
    """Return float32 values rounded to bfloat16, as the upper halves of words."""
    bits = np.ascontiguousarray(value, np.float32).view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return np.where(np.isnan(value), np.uint32(0x7FC00000), rounded) & np.uint32(0xFFFF0000)


def pair(low, high):
    """Return words of two float32 arrays, rounded to bfloat16."""
    return (_numpy_bits(low) >> np.uint32(16)) | _numpy_bits(high)


def unpair(words):
    """Return the lower and the upper halves of words as float32."""
    return (words << np.uint32(16)).view(np.float32), (words & np.uint32(0xFFFF0000)).view(
        np.float32
    )


def _numpy_store_side_by_side(low, high, words, offset):
    values = np.concatenate([low, high])
    words.reshape(-1)[offset : offset + len(low)] = pair(values[::2], values[1::2])


def _numpy_store_alternating(low, high, words, offset):
    words.reshape(-1)[offset : offset + len(low)] = pair(low, high)


if jit_disabled:
    _store_side_by_side, _store_alternating = _numpy_store_side_by_side, _numpy_store_alternating
else:
    _store_side_by_side = _storing(lambda builder, value: value)
    _store_alternating = _storing(_alternating)


@kernel_part
def _pair_columns(pairs, to, source, at, row, outer, n_rows, width, n_outer):
    lane = lanes(source)
    words = words_for(width, lane)
    for o in range(n_outer):
        for m in range(n_rows):
            first, target = at + o * outer + m * row, to + (o * n_rows + m) * words
            for c in range(0, width, 2 * lane):
                low = load(source, first + c)
                high = load_first(source, first + c + lane, width - c - lane)
                _store_side_by_side(low, high, pairs, target + c // 2)
    return Operand(pairs, to, words, n_rows * words, (width + 1) // 2)


@kernel_part
def _pair_rows(pairs, to, source, at, row, n_rows, width):
    lane = lanes(source)
    words = (width + lane - 1) // lane * lane
    for m in range(0, n_rows, 2):
        first, target = at + m * row, to + m // 2 * words
        count = lane if m + 1 < n_rows else 0
        for c in range(0, width, lane):
            low = load(source, first + c)
            high = load_first(source, first + row + c, count)
            _store_alternating(low, high, pairs, target + c)
    return Operand(pairs, to, words, 0, (n_rows + 1) // 2)


@kernel_part
def _same_columns(pairs, to, source, at, row, outer, n_rows, width, n_outer):
    return Operand(source, at, row, outer, width)


@kernel_part
def _same_rows(pairs, to, source, at, row, n_rows, width):
    return Operand(source, at, row, 0, n_rows)


@kernel
def pair_matrix(rows, words):
    """Pair the rows of a matrix, two by two.

    Parameters
    ----------
    rows : float32 (R, C)
        R even, C of whole vectors.
    words : uint32 (R / 2, C), **written**
    """
    width = rows.shape[1]
    for m in range(0, rows.shape[0], 2):
        for c in range(0, width, lanes(rows)):
            low, high = load(rows, m * width + c), load(rows, (m + 1) * width + c)
            _store_alternating(low, high, words, m // 2 * width + c)


def columns_operand(pairs, to, source, at, row, outer, n_rows, width, n_outer):
    """Return the operand of a sum over columns: ``n_outer`` panels of ``width``, ``outer`` apart.

    Words are written to ``pairs`` from ``to`` on, :func:`words_for` each row.  Rows of ``source``
    are whole vectors, zero past ``width``.
    """
    part = _pair_columns if pairs.dtype == np.uint32 else _same_columns
    return part(pairs, to, source, at, row, outer, n_rows, width, n_outer)


def rows_operand(pairs, to, source, at, row, n_rows, width):
    """Return the operand of a sum over rows, ``row`` apart; an odd one is paired with zeros.

    Words are written to ``pairs`` from ``to`` on, ``width`` rounded up to whole vectors for each
    pair of rows.
    """
    part = _pair_rows if pairs.dtype == np.uint32 else _same_rows
    return part(pairs, to, source, at, row, n_rows, width)


@type_dispatch(columns_operand, jit_options={"_nrt": False})
def _columns_operand(pairs, to, source, at, row, outer, n_rows, width, n_outer):
    part = _pair_columns if pairs.dtype == types.uint32 else _same_columns
    return lambda pairs, to, source, at, row, outer, n_rows, width, n_outer: part(
        pairs, to, source, at, row, outer, n_rows, width, n_outer
    )


@type_dispatch(rows_operand, jit_options={"_nrt": False})
def _rows_operand(pairs, to, source, at, row, n_rows, width):
    part = _pair_rows if pairs.dtype == types.uint32 else _same_rows
    return lambda pairs, to, source, at, row, n_rows, width: part(
        pairs, to, source, at, row, n_rows, width
    )
