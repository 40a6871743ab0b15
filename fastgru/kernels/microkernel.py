"""The register-tiled product that all dense arithmetic of the engine runs through.

One function, :func:`tile`, computes::

    C[m, v*LANES + l] = (C if add else 0) + sum over o, k of  A[m, o, k] * B[o, k, v, l]

for ``m`` in 0..rows-1, ``v`` in 0..vectors-1 and ``l`` in 0..LANES-1 (columns), with ``k`` running
over ``inner`` steps in each of ``outer`` panels.  The ``rows x vectors`` accumulators stay in
vector registers through the whole sum, which is taken in ascending ``o, k``; so an element's value
depends neither on what is computed beside it nor on the number of rows.  More rows than registers
hold are taken in parts, one after the other: B then stands in the nearest cache for all but the
first.

A has three free strides, so that the one function serves all three products of a recurrent
step: ``h W^T`` (forward), ``dgates W`` (state gradient), ``h^T dgates`` (weight gradient).

Axes: m row of the tile, k summed index, v vector of a row, l lane of a vector.
"""

from typing import NamedTuple

from fastgru._numba import intrinsic, jit_disabled, np, types
from fastgru.kernels.blocks import tile_rows
from fastgru.kernels.pairs import unpair
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.kernels.tile_code import emit_tile


class Ahead(NamedTuple):
    """Memory to be fetched while a tile computes: ``size`` elements of ``array`` for each panel.

    The first panel fetches those from ``at`` on, each further one those that follow.  The memory
    then works while the multiply-add units do; asked for all at once, what the gates of a step
    read would keep them waiting.
    """

    array: np.ndarray
    at: int
    size: int


def _compiled_tile(vectors):
    @intrinsic
    def tile(
        typing_context,
        shape,
        add,
        c,
        c_offset,
        c_row,
        a,
        a_offset,
        a_row,
        a_k,
        a_outer,
        b,
        b_offset,
        b_k,
        b_vector,
        inner,
        outer,
        ahead=None,
    ):
        if not c.layout == a.layout == b.layout == "C":
            return None  # strides count elements of contiguous memory
        if not (a.dtype == b.dtype and a.dtype in (c.dtype, types.uint32)):
            return None
        sizes = types.intp
        rows = tile_rows(shape)
        signature = types.void(
            *(shape, types.boolean, c, sizes, sizes), *(a, sizes, sizes, sizes, sizes),
            *(b, sizes, sizes, sizes), *(sizes, sizes),
            types.Omitted(None) if ahead is None else ahead,
        )  # fmt: skip

        def generate(context, builder, signature, arguments):
            for first in range(0, rows, ROWS):
                part = range(first, min(first + ROWS, rows))
                emit_tile(context, builder, signature, arguments, part, vectors)
            return context.get_dummy_value()

        return signature, generate

    return tile


def _numpy_tile(vectors):
    """Return the definition of the tile in NumPy: used where compilation is switched off."""

    @np.errstate(over="ignore", invalid="ignore")  # padding may hold anything
    def tile(shape, add, c, c_offset, c_row, a, a_offset, a_row, a_k, a_outer,
             b, b_offset, b_k, b_vector, inner, outer, ahead=None):  # fmt: skip
        rows = tile_rows(shape)
        lanes = lanes_of(c.dtype)
        columns = (np.arange(vectors)[:, None] * b_vector + np.arange(lanes)).ravel()
        c_at = c_offset + np.arange(rows)[:, None] * c_row + np.arange(vectors * lanes)
        total = c.reshape(-1)[c_at] if add else np.zeros(c_at.shape, c.dtype)
        for step in range(inner * outer):
            o, k = divmod(step, inner)
            a_at = a_offset + np.arange(rows) * a_row + o * a_outer + k * a_k
            factors = (a.reshape(-1)[a_at][:, None], b.reshape(-1)[b_offset + step * b_k + columns])
            if a.dtype == np.uint32:
                (a_low, a_high), (b_low, b_high) = map(unpair, factors)
                total += a_low * b_low + a_high * b_high
            else:
                total += factors[0] * factors[1]
        c.reshape(-1)[c_at] = total

    return tile


_make_tile = _numpy_tile if jit_disabled else _compiled_tile

tile_1 = _make_tile(1)
tile_2 = _make_tile(2)
tile_3 = _make_tile(3)
"""``tile_v(shape, add, c, c_offset, c_row, a, a_offset, a_row, a_k, a_outer, b, b_offset, b_k,
b_vector, inner, outer, ahead=None)``: add the product to a tile of rows x v vectors of ``c``.

``shape`` is the table of blocks whose type says how many rows the tile has, or None for ROWS.
Unless ``add``, what stands in ``c`` is overwritten instead.

``c``, ``a`` and ``b`` are contiguous arrays of one float type, or ``a`` and ``b`` hold pairs
(:mod:`.pairs`), and ``inner`` counts those; offsets and strides count elements.  The panels of
``b`` follow each other (``inner * b_k`` apart), those of ``a`` stand ``a_outer`` apart.  ``ahead``
is an :class:`Ahead`, or None.  The caller answers for every address being inside its array; those
of ``ahead`` may be outside.
"""
