"""Sums of products of two rows, and multiples of a row added to another.

::

    dot(a, b)                 sum over n of a_n b_n
    add_multiple(f, a, out)   out_n + f a_n

A row is any run of elements of a contiguous array.  A dot product is summed lane by lane, and then
half the lanes are added to the other half until one is left: the order depends on the length of the
rows and the width of a vector alone.

Axes: n element of a row.
"""

from fastgru._numba import intrinsic, ir, jit_disabled, kernel_part
from fastgru.kernels.vectors import Vector, lanes, load, load_first, store, store_first


@intrinsic
def _compiled_sum_of_lanes(typing_context, value):
    if not isinstance(value, Vector):
        return None

    def half(builder, vector, first, count):
        places = ir.Constant(
            ir.VectorType(ir.IntType(32), count), list(range(first, first + count))
        )
        return builder.shuffle_vector(vector, vector, places)

    def generate(context, builder, signature, arguments):
        total, count = arguments[0], value.lanes
        while count > 1:
            count //= 2
            low, high = half(builder, total, 0, count), half(builder, total, count, count)
            total = builder.fadd(low, high)
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return value.dtype(value), generate


def _numpy_sum_of_lanes(value):
    while len(value) > 1:
        half = len(value) // 2
        value = value[:half] + value[half:]
    return value[0]


sum_of_lanes = _numpy_sum_of_lanes if jit_disabled else _compiled_sum_of_lanes
"""``sum_of_lanes(vector)``: the sum of its lanes, by halves."""


@kernel_part(inline=True)
def dot(a, a_at, b, b_at, n):
    """Return the sum over ``n`` elements of ``a`` from ``a_at`` times those of ``b`` from ``b_at``.

    Parameters
    ----------
    a : float, contiguous
    a_at : int
        Elements from the start of the array.
    b : float, contiguous
    b_at : int
    n : int
    """
    lane = lanes(a)
    whole = n // lane * lane
    total = load_first(a, a_at + whole, n - whole) * load_first(b, b_at + whole, n - whole)
    for at in range(0, whole, lane):
        total = total + load(a, a_at + at) * load(b, b_at + at)
    return sum_of_lanes(total)


@kernel_part(inline=True)
def add_multiple(factor, a, a_at, out, out_at, n):
    """Add ``factor`` times ``n`` elements of ``a`` to as many of ``out``.

    Parameters
    ----------
    factor : float
    a : float, contiguous
    a_at : int
        Elements from the start of the array.
    out : float, contiguous, **added to**
    out_at : int
    n : int
    """
    lane = lanes(a)
    whole = n // lane * lane
    for at in range(0, whole, lane):
        store(load(out, out_at + at) + load(a, a_at + at) * factor, out, out_at + at)
    last = load_first(a, a_at + whole, n - whole) * factor
    last = load_first(out, out_at + whole, n - whole) + last
    store_first(last, out, out_at + whole, n - whole)
