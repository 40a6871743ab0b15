"""Gated recurrent unit in its textbook form, the reset gate before the recurrent product.

Forward (Cho et al. 2014, arXiv 1406.1078v3, equations 5 to 8; ONNX's default)::

    r_t = sigmoid(W_ir x_t + W_hr h_{t-1} + b_r)              reset
    z_t = sigmoid(W_iz x_t + W_hz h_{t-1} + b_z)              update
    n_t = tanh(W_in x_t + W_hn (r_t * h_{t-1}) + b_n)         new
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

Backward, with d = dL/dh_t; the gradients of the pre-activations, and what they are handed on to::

    dn = d * (1 - z) * (1 - n^2)                    g  = W_hn^T dn         gradient of r * h_{t-1}
    dz = d * (h_{t-1} - n) * z * (1 - z)            dr = g * h_{t-1} * r * (1 - r)

    dL/dh_{t-1} = d * z + g * r + W_hr^T dr + W_hz^T dz + dL/dy_{t-1}
    dW_hr, dW_hz += [dr, dz] h_{t-1}^T              dW_hn += dn (r * h_{t-1})^T

The new gate waits for the reset gate of all units, so each step makes two passes over the panels.
A row of the tape is ``r | z | n``.  Axes: see :mod:`.recurrence`.
"""

from typing import NamedTuple

from fastgru._numba import kernel_part, np
from fastgru.kernels.activations import sigmoid, tanh
from fastgru.kernels.blocks import clear_span, rows_of
from fastgru.kernels.microkernel import Ahead, tile_2
from fastgru.kernels.pairs import columns_operand
from fastgru.kernels.products import multiply_rows
from fastgru.kernels.recurrence import Cell, forward_kernel
from fastgru.kernels.recurrence_backward import backward_kernel, outer_product_part
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
from fastgru.kernels.vectors import lanes, store


class ResetBeforeWeights(NamedTuple):
    """Recurrent weights, forward.

    Attributes
    ----------
    rz : float (panels, padded_size, 2 * LANES)
        Columns r | z.
    n : float, flat
        :func:`fastgru.layers.packing.pack_stripes`.
    """

    rz: np.ndarray
    n: np.ndarray


class ResetBeforeTransposed(NamedTuple):
    """Recurrent weights, backward: both flat (:func:`fastgru.layers.packing.pack_stripes`)."""

    rz: np.ndarray
    n: np.ndarray


class ResetBeforeSums(NamedTuple):
    """Gradients of each group: float (n_groups, panels, units, LANES times 2 or 1)."""

    rz: np.ndarray
    n: np.ndarray


@kernel_part(inline=True)
def _reset_panel(blocks, p, active, row, products, source, inputs, state, places, place, spare,
                 at):  # fmt: skip
    """Finish r and z of one panel, in place; write r * h."""
    lane, rows, stride, padded = lanes(state), rows_of(blocks), state.shape[1], spare.shape[2]
    entry, unit = p * 3 * lane, p * lane
    for i in range(0, active, group_of(blocks)):
        cell = source + i * 3 * lane
        r = load_rows(blocks, products, cell, 3 * lane)
        z = load_rows(blocks, products, cell + lane, 3 * lane)
        h = load_rows(blocks, state, (row + i) * stride + unit, stride)
        r = sigmoid(with_input(blocks, r, inputs, places, place + i, entry))
        z = sigmoid(with_input(blocks, z, inputs, places, place + i, entry + lane))
        store_rows(blocks, r, products, cell, 3 * lane, rows)
        store_rows(blocks, z, products, cell + lane, 3 * lane, rows)
        store_rows(blocks, r * h, spare, at + i * padded + unit, padded, rows)


@kernel_part(inline=True)
def _new_panel(blocks, layout, p, active, row, next_row, products, source, first, inputs, state,
               cells, places, place, spare, at, y, column, hidden):  # fmt: skip
    """Finish n of one panel, keep the gates on the tape, and write the new state."""
    lane, rows, stride, padded = lanes(cells), rows_of(blocks), state.shape[1], spare.shape[2]
    entry, unit, dense = p * 3 * lane, p * lane, inputs.x.shape[0] > 0
    for i in range(0, active, group_of(blocks)):
        here, cell = source + i * 3 * lane, first + i * 3 * lane
        z = load_rows(blocks, products, here + lane, 3 * lane)
        n = load_rows(blocks, spare, at + (rows + i) * padded + unit, padded)
        h = load_rows(blocks, state, (row + i) * stride + unit, stride)
        if dense:
            n = n + load_rows(blocks, products, here + 2 * lane, 3 * lane)
        n = tanh(with_input(blocks, n, inputs, places, place + i, entry + 2 * lane))
        prefetch_cell(blocks, layout, cells, cell, 3)
        r = load_rows(blocks, products, here, 3 * lane)
        keep_rows(blocks, layout, r, cells, cell, 3 * lane)
        keep_rows(blocks, layout, z, cells, cell + lane, 3 * lane)
        keep_rows(blocks, layout, n, cells, cell + 2 * lane, 3 * lane)
        store_state(blocks, n + z * (h - n), state, (next_row + i) * stride + unit, y, places,
                    place + i, column + unit, hidden - unit, active - i)  # fmt: skip


@kernel_part(inline=True)
def _forward_step(worker, blocks, block, t, active, source, at, layout, inputs, weights, state,
                  cells, scratch, y, column, hidden):  # fmt: skip
    lane, rows, stride = lanes(cells), rows_of(blocks), state.shape[1]
    panels, places, spare = weights.rz.shape[0], scratch.places, scratch.spare
    padded, pairs = panels * lane, scratch.pairs
    row = state_row(worker, blocks, block, t, layout)
    next_row = state_row(worker, blocks, block, t + 1, layout)
    dense = inputs.x.shape[0] > 0
    place, reset = first_place(worker, blocks), worker * spare.shape[1] * padded
    h = columns_operand(pairs, worker * pairs.shape[1], state, row * stride, stride, 0, rows,
                        padded, 1)  # fmt: skip
    for p in range(panels):
        first = (source * panels + p) * rows * 3 * lane
        tile_2(blocks, dense, scratch.products, first, 3 * lane, h.array, h.at, h.row, 1, 0,
               weights.rz, p * h.size * 2 * lane, 2 * lane, lane, h.size, 1)  # fmt: skip
        _reset_panel(blocks, p, active, row, scratch.products, first, inputs, state, places, place,
                     spare, reset)  # fmt: skip
    rh = columns_operand(pairs, worker * pairs.shape[1], spare, reset, padded, 0, rows, padded, 1)
    multiply_rows(blocks, 1, False, spare, reset + rows * padded, padded, panels, rh, 1, weights.n,
                  Ahead(spare, 0, 0))  # fmt: skip
    for p in range(panels):
        size = rows * 3 * lane
        _new_panel(blocks, layout, p, active, row, next_row, scratch.products,
                   (source * panels + p) * size, (at * panels + p) * size, inputs, state, cells,
                   places, place, spare, reset, y, column, hidden)  # fmt: skip
    repeat_states(active, rows, state, row, next_row)


@kernel_part(inline=True)
def _outer_gradients(worker, group, blocks, p, k, at, active, row, state, cells, dy, column,
                     hidden, sums, scratch):  # fmt: skip
    """Write dz and dn of one panel, r * h for the weight gradient, and leave d * z."""
    dstate, dgates, places, spare = scratch.dstate, scratch.dgates, scratch.places, scratch.spare
    lane, rows, padded = lanes(dgates), rows_of(blocks), dstate.shape[1]
    panels = dgates.shape[1]
    out = ((worker * panels + p) * dgates.shape[2] + k) * 3 * lane
    entry, unit = p * 3 * lane, p * lane
    reset = (worker * spare.shape[1] + rows + k) * padded + unit
    for i in range(0, active, group_of(blocks)):
        cell = ((at * panels + p) * rows + i) * 3 * lane
        here = (worker * rows + i) * padded + unit
        place, to, count = first_place(worker, blocks) + i, out + i * 3 * lane, active - i
        r = load_rows(blocks, cells, cell, 3 * lane)
        z = load_rows(blocks, cells, cell + lane, 3 * lane)
        n = load_rows(blocks, cells, cell + 2 * lane, 3 * lane)
        before = load_states_before(blocks, state, (row + i) * state.shape[1] + unit)
        d = load_rows(blocks, dstate, here, padded)
        d = with_output_gradient(blocks, d, dy, places, place, column + unit, hidden - unit)
        dz = d * (before - n) * z * (1.0 - z)
        dn = d * (1.0 - z) * (1.0 - n * n)
        store_rows(blocks, dz, dgates, to + lane, 3 * lane, rows)
        store_rows(blocks, dn, dgates, to + 2 * lane, 3 * lane, rows)
        store_rows(blocks, r * before, spare, reset + i * padded, padded, rows)
        store_rows(blocks, d * z, dstate, here, padded, count)
        add_to_tables(blocks, group, dz, sums, places, place, entry + lane, count)
        add_to_tables(blocks, group, dn, sums, places, place, entry + 2 * lane, count)
    for i in range(active, rows):
        store(0.0, spare, reset + i * padded)
    clear_span(dgates, out + active * 3 * lane, out + rows * 3 * lane)


@kernel_part(inline=True)
def _reset_gradients(worker, group, blocks, p, k, at, active, row, state, cells, sums, scratch):
    """Write dr of one panel from the gradient g of r * h, and hand on g * r."""
    dstate, dgates, places, spare = scratch.dstate, scratch.dgates, scratch.places, scratch.spare
    lane, rows, padded = lanes(dgates), rows_of(blocks), dstate.shape[1]
    panels = dgates.shape[1]
    out = ((worker * panels + p) * dgates.shape[2] + k) * 3 * lane
    entry, unit = p * 3 * lane, p * lane
    for i in range(0, active, group_of(blocks)):
        here = (worker * rows + i) * padded + unit
        place, count = first_place(worker, blocks) + i, active - i
        r = load_rows(blocks, cells, ((at * panels + p) * rows + i) * 3 * lane, 3 * lane)
        g = load_rows(blocks, spare, (worker * spare.shape[1] + i) * padded + unit, padded)
        before = load_rows(blocks, state, (row + i) * state.shape[1] + unit, state.shape[1])
        d = load_rows(blocks, dstate, here, padded)
        dr = g * before * r * (1.0 - r)
        store_rows(blocks, dr, dgates, out + i * 3 * lane, 3 * lane, count)
        store_rows(blocks, d + g * r, dstate, here, padded, count)
        add_to_tables(blocks, group, dr, sums, places, place, entry, count)


@kernel_part(inline=True)
def _backward_step(worker, group, blocks, block, t, active, k, at, inputs, transposed, state,
                   cells, dy, column, hidden, sums, scratch):  # fmt: skip
    dstate, dgates, spare, pairs = scratch.dstate, scratch.dgates, scratch.spare, scratch.pairs
    lane, rows, padded = lanes(dgates), rows_of(blocks), dstate.shape[1]
    panels, chunk_rows = dgates.shape[1], dgates.shape[2]
    row = blocks[block]["first"] + t * rows
    for p in range(panels):
        _outer_gradients(worker, group, blocks, p, k, at, active, row, state, cells, dy, column,
                         hidden, sums, scratch)  # fmt: skip
    first, outer = (worker * panels * chunk_rows + k) * 3 * lane, chunk_rows * 3 * lane
    dn = columns_operand(pairs, worker * pairs.shape[1], dgates, first + 2 * lane, 3 * lane, outer,
                         rows, lane, panels)  # fmt: skip
    multiply_rows(blocks, 1, False, spare, worker * spare.shape[1] * padded, padded, panels, dn,
                  panels, transposed.n, Ahead(spare, 0, 0))  # fmt: skip
    for p in range(panels):
        _reset_gradients(worker, group, blocks, p, k, at, active, row, state, cells, sums, scratch)
    dr = columns_operand(pairs, worker * pairs.shape[1], dgates, first, 3 * lane, outer, rows,
                         2 * lane, panels)  # fmt: skip
    multiply_rows(blocks, 1, True, dstate, worker * rows * padded, padded, panels, dr, panels,
                  transposed.rz, earlier_cell(cells, at))  # fmt: skip


_add_rz = outer_product_part(2, 3)
_add_n = outer_product_part(1, 3)


@kernel_part
def _weight_gradients(worker, group, blocks, block, begin, end, state, scratch, sums):
    spare, dgates = scratch.spare, scratch.dgates
    rows, stride, padded = rows_of(blocks), state.shape[1], spare.shape[2]
    row, n_rows = blocks[block]["first"] + begin * rows, (end - begin) * rows
    _add_rz(group, sums.rz, state, row * stride, stride, worker, dgates, 0, n_rows, scratch.pairs)
    reset = (worker * spare.shape[1] + rows) * padded
    _add_n(group, sums.n, spare, reset, padded, worker, dgates, 2, n_rows, scratch.pairs)


CELL = Cell(
    name="gru_reset_before",
    width=3,
    gates=3,
    input_at=0,
    n_states=1,
    reads_tape=True,
    recomputed=0,
    forward_step=_forward_step,
    backward_step=_backward_step,
    weight_gradients=_weight_gradients,
)
gru_reset_before_forward = forward_kernel(CELL)
gru_reset_before_backward = backward_kernel(CELL)
