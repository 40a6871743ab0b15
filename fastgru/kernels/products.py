"""Products of rows with packed weights, put together from tiles.

``tile_4`` completes the tiles of the micro-kernel: 8 x 4 accumulators would leave no register for
the operands, so it takes two halves.

Axes: m rows (sequences of a block), k summed index, P panels of units, L lanes.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.blocks import rows_of
from fastgru.kernels.microkernel import Ahead, tile_1, tile_2, tile_3
from fastgru.kernels.vectors import lanes


@kernel_part
def tile_4(shape, add, c, c_offset, c_row, a, a_offset, a_row, a_k, a_outer,
           b, b_offset, b_k, b_vector, inner, outer):  # fmt: skip
    """Add a product to a tile of rows x 4 vectors; arguments as in :mod:`.microkernel`."""
    tile_2(shape, add, c, c_offset, c_row, a, a_offset, a_row, a_k, a_outer,
           b, b_offset, b_k, b_vector, inner, outer)  # fmt: skip
    tile_2(shape, add, c, c_offset + 2 * lanes(c), c_row, a, a_offset, a_row, a_k, a_outer,
           b, b_offset + 2 * b_vector, b_k, b_vector, inner, outer)  # fmt: skip


TILES = {1: tile_1, 2: tile_2, 3: tile_3, 4: tile_4}
"""The tile for each number of vectors."""


@kernel_part(inline=True)
def _share(ahead, tile, tiles, outer):
    """Return what one of several tiles of a product fetches in each of its panels."""
    size = (ahead.size + tiles * outer - 1) // (tiles * outer)
    return Ahead(ahead.array, ahead.at + tile * outer * size, size)


def _stripe_part(tile, vectors):
    @kernel_part(name=f"multiply_stripe_{vectors}")
    def multiply_stripe(shape, n_tiles, add, out, out_at, out_stride, a, outer, packed, at,
                        ahead):  # fmt: skip
        """Take ``vectors`` columns of a product: one tile of rows after the other."""
        lane, rows = lanes(out), rows_of(shape)
        for m in range(n_tiles):
            tile(shape, add, out, out_at + m * rows * out_stride, out_stride,
                 a.array, a.at + m * rows * a.row, a.row, 1, a.outer,
                 packed, at, vectors * lane, lane, a.size, outer, ahead)  # fmt: skip

    return multiply_stripe


_stripe_1, _stripe_2, _stripe_3 = (_stripe_part(TILES[n], n) for n in (1, 2, 3))


@kernel_part
def multiply_rows(shape, n_tiles, add, out, out_at, out_stride, panels,
                  a, outer, packed, ahead):  # fmt: skip
    """Add ``a @ packed`` to the rows of ``out``: ``panels`` vectors wide, three at a time.

    Unless ``add``, the rows are overwritten instead.

    ``a`` is an :class:`.pairs.Operand` of ``outer`` panels, and of the rows of ``n_tiles`` tiles:
    each stripe of ``packed`` is read for all of them, while it is in the cache.  ``packed`` is
    flat, laid out by :func:`fastgru.layers.packing.pack_stripes`.  Meanwhile the memory that
    ``ahead`` names, its ``size`` for a whole product of one tile, is fetched.
    """
    lane, stripes = lanes(out), (panels + 2) // 3
    panel = outer * a.size * lane
    for c in range(0, panels - 2, 3):
        _stripe_3(shape, n_tiles, add, out, out_at + c * lane, out_stride, a, outer, packed,
                  c * panel, _share(ahead, c // 3, stripes, outer))  # fmt: skip
    c = panels // 3 * 3
    if panels - c == 2:
        _stripe_2(shape, n_tiles, add, out, out_at + c * lane, out_stride, a, outer, packed,
                  c * panel, _share(ahead, stripes - 1, stripes, outer))  # fmt: skip
    if panels - c == 1:
        _stripe_1(shape, n_tiles, add, out, out_at + c * lane, out_stride, a, outer, packed,
                  c * panel, _share(ahead, stripes - 1, stripes, outer))  # fmt: skip


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
