"""Gated recurrent unit in the "reset after" form of torch.nn.GRU and cuDNN.

Forward (Cho et al. 2014, arXiv 1406.1078v1, with the biases of cuDNN)::

    q_t = W_hn h_{t-1} + b_hn                                 recurrent part of the new gate
    r_t = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)      reset
    z_t = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)      update
    n_t = tanh(W_in x_t + b_in + r_t * q_t)                   new
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

Backward, with d = dL/dh_t; the gradients of the pre-activations, and what they are handed on to::

    dn = d * (1 - z) * (1 - n^2)                    dq = dn * r
    dz = d * (h_{t-1} - n) * z * (1 - z)
    dr = dn * q * r * (1 - r)

    dL/dh_{t-1} = d * z + W_hn^T dq + W_hr^T dr + W_hz^T dz + dL/dy_{t-1}
    dW_h       += [dq, dr, dz] h_{t-1}^T            biases, table += [dq, dr, dz, dn]

A row of the products, and of the tape, is ``q | r | z | n``: the recurrent one fills the first
three, that of the input the last three, and where they overlap they add up.  A tape that has no
room for n leaves it out (:attr:`.recurrence.Cell.recomputed`): the way back computes it again, with
the same bits.  Axes: see :mod:`.recurrence`.
"""

from typing import NamedTuple

from fastgru._numba import kernel_part, np
from fastgru.kernels.activations import sigmoid, tanh
from fastgru.kernels.blocks import clear_span, rows_of
from fastgru.kernels.microkernel import tile_3
from fastgru.kernels.pairs import columns_operand
from fastgru.kernels.products import multiply_rows
from fastgru.kernels.recurrence import Cell, forward_kernel
from fastgru.kernels.recurrence_backward import backward_kernel, recurrent_gradients_part
from fastgru.kernels.rows import group_of, load_rows, store_rows
from fastgru.kernels.step import (
    add_to_tables,
    earlier_cell,
    first_place,
    keep_rows,
    load_states_before,
    prefetch_cell,
    repeat_states,
    state_row,
    store_state,
    with_input,
    with_output_gradient,
)
from fastgru.kernels.vectors import lanes, rounded


class GRUWeights(NamedTuple):
    """Recurrent weights, forward: float (panels, padded_size, 3 * LANES), columns n | r | z."""

    hh: np.ndarray


class GRUTransposed(NamedTuple):
    """Recurrent weights, backward: float, flat (:func:`fastgru.layers.packing.pack_stripes`)."""

    hh: np.ndarray


class GRUSums(NamedTuple):
    """Gradients of each group: float (n_groups, panels, units, 3 * LANES), columns n | r | z."""

    hh: np.ndarray


@kernel_part(inline=True)
def _finish_panel(blocks, layout, p, active, row, next_row, products, source, first, inputs, state,
                  cells, places, place, y, column, hidden):  # fmt: skip
    """Turn products into gates, keep these on the tape, and write the new state of a panel.

    In two loops, as the registers do not hold the constants of sigmoid and tanh at once: what is
    between them stays in ``products``.
    """
    lane, rows, stride, dense = lanes(cells), rows_of(blocks), state.shape[1], inputs.x.shape[0] > 0
    entry, unit, width = p * 4 * lane, p * lane, cells.shape[3]
    for i in range(0, active, group_of(blocks)):
        at, cell = source + i * 4 * lane, first + i * width
        q = load_rows(blocks, products, at, 4 * lane)
        r = load_rows(blocks, products, at + lane, 4 * lane)
        z = load_rows(blocks, products, at + 2 * lane, 4 * lane)
        q = with_input(blocks, q, inputs, places, place + i, entry)
        r = sigmoid(with_input(blocks, r, inputs, places, place + i, entry + lane))
        z = sigmoid(with_input(blocks, z, inputs, places, place + i, entry + 2 * lane))
        n = rounded(r * q)
        if dense:
            n = n + load_rows(blocks, products, at + 3 * lane, 4 * lane)
        n = with_input(blocks, n, inputs, places, place + i, entry + 3 * lane)
        prefetch_cell(blocks, layout, cells, cell, 4)
        keep_rows(blocks, layout, q, cells, cell, width)
        keep_rows(blocks, layout, r, cells, cell + lane, width)
        store_rows(blocks, z, products, at + 2 * lane, 4 * lane, rows)
        store_rows(blocks, n, products, at + 3 * lane, 4 * lane, rows)
    for i in range(0, active, group_of(blocks)):
        at, cell = source + i * 4 * lane, first + i * width
        h = load_rows(blocks, state, (row + i) * stride + unit, stride)
        z = load_rows(blocks, products, at + 2 * lane, 4 * lane)
        n = tanh(load_rows(blocks, products, at + 3 * lane, 4 * lane))
        h = n + z * (h - n)
        keep_rows(blocks, layout, z, cells, cell + 2 * lane, width)
        if width > 3 * lane:
            keep_rows(blocks, layout, n, cells, cell + 3 * lane, width)
        store_state(blocks, h, state, (next_row + i) * stride + unit, y, places, place + i,
                    column + unit, hidden - unit, active - i)  # fmt: skip


@kernel_part(inline=True)
def _forward_step(worker, blocks, block, t, active, source, at, layout, inputs, weights, state,
                  cells, scratch, y, column, hidden):  # fmt: skip
    lane, rows, stride = lanes(cells), rows_of(blocks), state.shape[1]
    panels, places = weights.hh.shape[0], scratch.places
    row = state_row(worker, blocks, block, t, layout)
    next_row = state_row(worker, blocks, block, t + 1, layout)
    dense = inputs.x.shape[0] > 0
    h = columns_operand(scratch.pairs, worker * scratch.pairs.shape[1], state, row * stride, stride,
                        0, rows, panels * lane, 1)  # fmt: skip
    for p in range(panels):
        here = (source * panels + p) * rows * 4 * lane
        tile_3(blocks, dense, scratch.products, here, 4 * lane, h.array, h.at, h.row, 1, 0,
               weights.hh, p * h.size * 3 * lane, 3 * lane, lane, h.size, 1)  # fmt: skip
        _finish_panel(blocks, layout, p, active, row, next_row, scratch.products, here,
                      (at * panels + p) * rows * cells.shape[3], inputs, state, cells, places,
                      first_place(worker, blocks), y, column, hidden)  # fmt: skip
    repeat_states(active, rows, state, row, next_row)


@kernel_part(inline=True)
def _gate_gradients(worker, group, blocks, p, k, at, active, row, inputs, state, cells, dy,
                    column, hidden, sums, scratch):  # fmt: skip
    """Write dq | dr | dz | dn of one panel, and leave d * z in its place."""
    dstate, dgates, places = scratch.dstate, scratch.dgates, scratch.places
    lane, rows, stride = lanes(dgates), rows_of(blocks), dstate.shape[1]
    panels, width = dgates.shape[1], cells.shape[3]
    out = ((worker * panels + p) * dgates.shape[2] + k) * 4 * lane
    entry, unit = p * 4 * lane, p * lane
    for i in range(0, active, group_of(blocks)):
        cell = ((at * panels + p) * rows + i) * width
        here = (worker * rows + i) * stride + unit
        place, to, count = first_place(worker, blocks) + i, out + i * 4 * lane, active - i
        q = load_rows(blocks, cells, cell, width)
        r = load_rows(blocks, cells, cell + lane, width)
        z = load_rows(blocks, cells, cell + 2 * lane, width)
        if width > 3 * lane:
            n = load_rows(blocks, cells, cell + 3 * lane, width)
        else:
            n = rounded(r * q)
            n = tanh(with_input(blocks, n, inputs, places, place, entry + 3 * lane))
        before = load_states_before(blocks, state, (row + i) * state.shape[1] + unit)
        d = load_rows(blocks, dstate, here, stride)
        d = with_output_gradient(blocks, d, dy, places, place, column + unit, hidden - unit)
        dn = d * (1.0 - z) * (1.0 - n * n)
        dz = d * (before - n) * z * (1.0 - z)
        dr = dn * q * r * (1.0 - r)
        dq = dn * r
        store_rows(blocks, dq, dgates, to, 4 * lane, rows)
        store_rows(blocks, dr, dgates, to + lane, 4 * lane, rows)
        store_rows(blocks, dz, dgates, to + 2 * lane, 4 * lane, rows)
        store_rows(blocks, dn, dgates, to + 3 * lane, 4 * lane, rows)
        store_rows(blocks, d * z, dstate, here, stride, count)
        add_to_tables(blocks, group, dq, sums, places, place, entry, count)
        add_to_tables(blocks, group, dr, sums, places, place, entry + lane, count)
        add_to_tables(blocks, group, dz, sums, places, place, entry + 2 * lane, count)
        add_to_tables(blocks, group, dn, sums, places, place, entry + 3 * lane, count)
    clear_span(dgates, out + active * 4 * lane, out + rows * 4 * lane)


@kernel_part(inline=True)
def _backward_step(worker, group, blocks, block, t, active, k, at, inputs, transposed, state,
                   cells, dy, column, hidden, sums, scratch):  # fmt: skip
    dstate, dgates = scratch.dstate, scratch.dgates
    lane, rows, stride = lanes(dgates), rows_of(blocks), dstate.shape[1]
    panels, chunk_rows = dgates.shape[1], dgates.shape[2]
    row = blocks[block]["first"] + t * rows
    for p in range(panels):
        _gate_gradients(worker, group, blocks, p, k, at, active, row, inputs, state, cells, dy,
                        column, hidden, sums, scratch)  # fmt: skip
    first = (worker * panels * chunk_rows + k) * 4 * lane
    dq = columns_operand(scratch.pairs, worker * scratch.pairs.shape[1], dgates, first, 4 * lane,
                         chunk_rows * 4 * lane, rows, 3 * lane, panels)  # fmt: skip
    multiply_rows(blocks, 1, True, dstate, worker * rows * stride, stride, panels, dq, panels,
                  transposed.hh, earlier_cell(cells, at))  # fmt: skip


CELL = Cell(
    name="gru",
    width=4,
    gates=3,
    input_at=1,
    n_states=1,
    reads_tape=True,
    recomputed=1,
    forward_step=_forward_step,
    backward_step=_backward_step,
    weight_gradients=recurrent_gradients_part(3, 4),
)
gru_forward = forward_kernel(CELL)
gru_backward = backward_kernel(CELL)
