"""Convolution over time of dense input, and its gradients.

::

    z_t  = bias + sum over k of  W_k x_{s t + d k - left}
    dx_u = sum over t, k with  s t + d k - left = u  of  W_k^T dz_t
    dW_k = sum over t of  dz_t x_{s t + d k - left}^T          dbias = sum over t of dz_t

with x zero outside a sequence: its values do not depend on how far others reach.  A sequence of L
steps has ceil(L / s) outputs.  Rows of a padded sequence overlap, so each product runs over the
sequence as it stands, without a copy for every tap.

Axes: B sequences, T steps in and U out, I channels in and C out, K taps k; stride s, dilation d.
"""

from typing import NamedTuple

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.microkernel import Ahead, tile_1, tile_2, tile_3
from fastgru.kernels.pairs import Operand
from fastgru.kernels.products import multiply_rows
from fastgru.kernels.registers import ROWS
from fastgru.kernels.vectors import lanes
from fastgru.kernels.workers import run_workers, take_next


class Geometry(NamedTuple):
    """What tells which step of the input a tap reads."""

    width: int
    dilation: int
    stride: int
    left: int
    """Steps before its own that an output reads."""


@kernel_part
def _pad(source, first, length, spacing, before, after, padded, at):
    """Copy rows ``first..first + length - 1`` into ``padded``, ``spacing`` apart, zeros around.

    ``padded`` is flat from ``at`` on, with rows of its own length; ``before`` rows of zeros come
    first, ``after`` last.
    """
    channels, stride = source.shape[1], padded.shape[1]
    n_rows = before + length * spacing + after
    for row in range(n_rows):
        step = row - before
        inside = 0 <= step < length * spacing and step % spacing == 0
        filled = channels if inside else 0
        for c in range(filled):
            padded[at + row, c] = source[first + step // spacing, c]
        for c in range(filled, stride):
            padded[at + row, c] = 0.0


@kernel_part
def _convolve(worker, shares, geometry, n_steps, n_out, lengths, x, packed, bias, padded, rows, z):
    """Take sequences and convolve them; arguments as in :func:`convolve`."""
    width, dilation, stride, left = geometry
    room = padded.shape[0] // rows.shape[0]
    inner, columns = padded.shape[1], rows.shape[2]
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        length = lengths[b]
        outputs = (length + stride - 1) // stride
        at = worker * room
        _pad(x, b * n_steps, length, 1, left, room - left - length, padded, at)
        for first in range(0, outputs, ROWS):
            multiply_rows(None, 1, False, rows, worker * ROWS * columns, columns,
                          columns // lanes(z),
                          Operand(padded, (at + first * stride) * inner, stride * inner,
                                  dilation * inner, inner), width, packed,
                          Ahead(rows, 0, 0))  # fmt: skip
            for row in range(min(ROWS, outputs - first)):
                place = b * n_out + first + row
                for c in range(z.shape[1]):
                    z[place, c] = rows[worker, row, c] + bias[c]
        b = take_next(shares, worker)


@kernel(parallel=True)
def convolve(shares, geometry, n_steps, n_out, lengths, x, packed, bias, padded, rows, z):
    """Convolve each sequence.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    geometry : Geometry
    n_steps, n_out : int
        T and U, steps that the caller's arrays have room for.
    lengths : int64 (B,)
    x : float (B * T, I)
    packed : float, flat
        The taps, one (I, C) after the other, by :func:`fastgru.layers.packing.pack_stripes`, I
        and C rounded up to those of ``padded`` and ``rows``.
    bias : float (C,)
    padded : float (W * R, I), scratch
        With R rows for the longest sequence, what its taps read around it, and a whole tile.
    rows : float (W, ROWS, C), scratch
    z : float (B * U, C), **written** at valid steps
    """
    run_workers(_convolve, (shares, geometry, n_steps, n_out, lengths, x, packed, bias,
                                       padded, rows, z))  # fmt: skip


@kernel_part
def _add_outer_product(sums, at, columns, a, a_at, a_stride, b, b_at, n_rows):
    """Add ``a^T b`` over ``n_rows`` rows to ROWS rows of ``sums`` from ``at`` on."""
    lane = lanes(sums)
    vectors = columns // lane
    for v in range(0, vectors - 2, 3):
        tile_3(None, True, sums, at + v * lane, columns, a, a_at, 1, a_stride, 0,
               b, b_at + v * lane, columns, lane, n_rows, 1)  # fmt: skip
    v = vectors // 3 * 3
    if vectors - v == 2:
        tile_2(None, True, sums, at + v * lane, columns, a, a_at, 1, a_stride, 0,
               b, b_at + v * lane, columns, lane, n_rows, 1)  # fmt: skip
    if vectors - v == 1:
        tile_1(None, True, sums, at + v * lane, columns, a, a_at, 1, a_stride, 0,
               b, b_at + v * lane, columns, lane, n_rows, 1)  # fmt: skip


@kernel_part
def _weight_gradient(group, worker, geometry, outputs, padded, dz, at, dz_at, d_weight, d_bias):
    """Add the gradients of taps and bias of one padded sequence to those of its group."""
    width, dilation, stride, _ = geometry
    inner, columns = padded.shape[1], dz.shape[1]
    for k in range(width):
        for i in range(0, inner, ROWS):
            place = ((group * width + k) * inner + i) * columns
            _add_outer_product(d_weight, place, columns, padded, (at + k * dilation) * inner + i,
                               inner, dz, dz_at * columns, outputs * stride)  # fmt: skip
    for step in range(outputs * stride):
        for c in range(columns):
            d_bias[group, c] += dz[dz_at + step, c]


@kernel_part
def _input_gradient(worker, geometry, length, dz, at, packed, rows, first_row, dx):
    """Write the gradient of a sequence's input from its padded output gradient."""
    width, dilation, _, _ = geometry
    columns, inner = dz.shape[1], rows.shape[2]
    for first in range(0, length, ROWS):
        multiply_rows(None, 1, False, rows, worker * ROWS * inner, inner, inner // lanes(dx),
                      Operand(dz, (at + first) * columns, columns, dilation * columns,
                              columns), width, packed, Ahead(rows, 0, 0))  # fmt: skip
        for row in range(min(ROWS, length - first)):
            for i in range(dx.shape[1]):
                dx[first_row + first + row, i] = rows[worker, row, i]


@kernel_part
def _convolve_back(worker, shares, geometry, n_steps, n_out, groups, lengths, x, dz, packed,
                   padded_x, padded_dz, rows, dx, d_weight, d_bias):  # fmt: skip
    """Take groups of sequences and go back through them; arguments as in :func:`convolve_back`."""
    width, dilation, stride, left = geometry
    room, dz_room = padded_x.shape[0] // rows.shape[0], padded_dz.shape[0] // rows.shape[0]
    right = (width - 1) * dilation - left
    at, dz_at = worker * room, worker * dz_room
    group = take_next(shares, worker)
    while group + 1 < groups.shape[0]:
        for b in range(groups[group], groups[group + 1]):
            length = lengths[b]
            outputs = (length + stride - 1) // stride
            _pad(x, b * n_steps, length, 1, left, room - left - length, padded_x, at)
            _pad(dz, b * n_out, outputs, stride, right, dz_room - right - outputs * stride,
                 padded_dz, dz_at)  # fmt: skip
            _weight_gradient(group, worker, geometry, outputs, padded_x, padded_dz, at,
                             dz_at + right, d_weight, d_bias)  # fmt: skip
            if dx.shape[0] > 0:
                _input_gradient(worker, geometry, length, padded_dz, dz_at, packed, rows,
                                b * n_steps, dx)  # fmt: skip
        group = take_next(shares, worker)


@kernel(parallel=True)
def convolve_back(shares, geometry, n_steps, n_out, groups, lengths, x, dz, packed,
                  padded_x, padded_dz, rows, dx, d_weight, d_bias):  # fmt: skip
    """Go back through :func:`convolve`.

    Parameters
    ----------
    shares, geometry, n_steps, n_out
        As there.
    groups : int64 (n_groups + 1,)
        Bounds of the groups of sequences in which gradients are summed.
    lengths, x
        As there.
    dz : float (B * U, C)
        Read at valid steps.
    packed : float, flat
        The taps from the last to the first, one (C, I) after the other, packed like those of
        :func:`convolve`.
    padded_x, padded_dz : float (W * R, I) and (W * R, C), scratch
    rows : float (W, ROWS, I), scratch
    dx : float (B * T, I), **written** at valid steps; (0, 0) where it is not wanted
    d_weight : float (n_groups, K, I, C), **added to**
    d_bias : float (n_groups, C), **added to**
    """
    run_workers(_convolve_back, (shares, geometry, n_steps, n_out, groups, lengths, x,
                                            dz, packed, padded_x, padded_dz, rows, dx, d_weight,
                                            d_bias))  # fmt: skip
