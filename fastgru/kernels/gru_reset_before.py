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
from fastgru.kernels.blocks import clear_span, count_active, rows_of
from fastgru.kernels.microkernel import tile_2
from fastgru.kernels.products import multiply_rows
from fastgru.kernels.recurrence import Cell, forward_kernel
from fastgru.kernels.recurrence_backward import backward_kernel, outer_product_part
from fastgru.kernels.vectors import lanes, load, store


class ResetBeforeWeights(NamedTuple):
    """Recurrent weights, forward.

    Attributes
    ----------
    rz : float (panels, padded_size, 2 * LANES)
        Columns r | z.
    n : float, flat
        :func:`fastgru.layers.packing.pack_pairs`.
    """

    rz: np.ndarray
    n: np.ndarray


class ResetBeforeTransposed(NamedTuple):
    """Recurrent weights, backward: both flat (:func:`fastgru.layers.packing.pack_pairs`)."""

    rz: np.ndarray
    n: np.ndarray


class ResetBeforeSums(NamedTuple):
    """Gradients of each group: float (n_groups, panels, units, LANES times 2 or 1)."""

    rz: np.ndarray
    n: np.ndarray


@kernel_part
def _reset_panel(worker, row, first, p, rows, padded, state, cells, spare):
    """Finish r and z of one panel; write r * h and clear the place of its product."""
    lane = lanes(cells)
    for i in range(rows):
        cell = first + i * 3 * lane
        reset = worker * spare.shape[1] + i * padded + p * lane
        r = sigmoid(load(cells, cell))
        store(r, cells, cell)
        store(sigmoid(load(cells, cell + lane)), cells, cell + lane)
        store(r * load(state, (row + i) * state.shape[1] + p * lane), spare, reset)
        store(0.0, spare, reset + rows * padded)


@kernel_part
def _new_panel(worker, row, first, p, active, rows, padded, state, cells, spare):
    """Finish n of one panel and write the new state."""
    lane, stride = lanes(cells), state.shape[1]
    for i in range(active):
        cell = first + i * 3 * lane
        before = (row + i) * stride + p * lane
        product = load(spare, worker * spare.shape[1] + (rows + i) * padded + p * lane)
        z = load(cells, cell + lane)
        n = tanh(load(cells, cell + 2 * lane) + product)
        store(n, cells, cell + 2 * lane)
        store(n + z * (load(state, before) - n), state, before + rows * stride)
    for i in range(active, rows):
        before = (row + i) * stride + p * lane
        store(load(state, before), state, before + rows * stride)


@kernel_part
def _forward_step(worker, blocks, block, t, at, weights, state, cells, spare):
    lane, rows, stride = lanes(cells), rows_of(blocks), state.shape[1]
    panels, padded = weights.rz.shape[0], weights.rz.shape[1]
    row = blocks[block]["first"] + t * rows
    active = count_active(blocks, block, t)
    for p in range(panels):
        first = (at * panels + p) * rows * 3 * lane
        tile_2(blocks, cells, first, 3 * lane, state, row * stride, stride, 1, 0,
               weights.rz, p * padded * 2 * lane, 2 * lane, lane, padded, 1)  # fmt: skip
        _reset_panel(worker, row, first, p, rows, padded, state, cells, spare)
    reset = worker * spare.shape[1]
    multiply_rows(blocks, spare, reset + rows * padded, padded, panels,
                  spare, reset, padded, 0, padded, 1, weights.n)  # fmt: skip
    for p in range(panels):
        first = (at * panels + p) * rows * 3 * lane
        _new_panel(worker, row, first, p, active, rows, padded, state, cells, spare)


@kernel_part
def _outer_gradients(worker, row, at, p, k, active, rows, state, cells, scratch):
    """Write dz and dn of one panel, r * h for the weight gradient, and leave d * z."""
    dstate, dgates, spare = scratch.dstate, scratch.dgates, scratch.spare
    lane, stride = lanes(dgates), dstate.shape[1]
    panels = dgates.shape[1]
    out = ((worker * panels + p) * dgates.shape[2] + k) * 3 * lane
    for i in range(active):
        cell = ((at * panels + p) * rows + i) * 3 * lane
        here = (worker * rows + i) * stride + p * lane
        r = load(cells, cell)
        z = load(cells, cell + lane)
        n = load(cells, cell + 2 * lane)
        before = load(state, (row + i) * state.shape[1] + p * lane)
        d = load(dstate, here)
        store(d * (before - n) * z * (1.0 - z), dgates, out + (i * 3 + 1) * lane)
        store(d * (1.0 - z) * (1.0 - n * n), dgates, out + (i * 3 + 2) * lane)
        store(r * before, spare, worker * spare.shape[1] + (rows + k + i) * stride + p * lane)
        store(d * z, dstate, here)
    for i in range(active, rows):
        store(0.0, spare, worker * spare.shape[1] + (rows + k + i) * stride + p * lane)
    clear_span(dgates, out + active * 3 * lane, out + rows * 3 * lane)


@kernel_part
def _reset_gradients(worker, row, at, p, k, active, rows, state, cells, scratch):
    """Write dr of one panel from the gradient g of r * h, and hand on g * r."""
    dstate, dgates, spare = scratch.dstate, scratch.dgates, scratch.spare
    lane, stride = lanes(dgates), dstate.shape[1]
    panels = dgates.shape[1]
    out = ((worker * panels + p) * dgates.shape[2] + k) * 3 * lane
    for i in range(active):
        here = (worker * rows + i) * stride + p * lane
        r = load(cells, ((at * panels + p) * rows + i) * 3 * lane)
        g = load(spare, worker * spare.shape[1] + i * stride + p * lane)
        before = load(state, (row + i) * state.shape[1] + p * lane)
        store(g * before * r * (1.0 - r), dgates, out + i * 3 * lane)
        store(load(dstate, here) + g * r, dstate, here)


@kernel_part
def _backward_step(worker, blocks, block, t, k, at, transposed, state, cells, scratch):
    dstate, dgates, spare = scratch.dstate, scratch.dgates, scratch.spare
    lane, rows, stride = lanes(dgates), rows_of(blocks), dstate.shape[1]
    panels, chunk_rows = dgates.shape[1], dgates.shape[2]
    row = blocks[block]["first"] + t * rows
    active = count_active(blocks, block, t)
    for p in range(panels):
        _outer_gradients(worker, row, at, p, k, active, rows, state, cells, scratch)
    g = worker * spare.shape[1]
    dr = (worker * panels * chunk_rows + k) * 3 * lane
    clear_span(spare, g, g + rows * stride)
    multiply_rows(blocks, spare, g, stride, panels, dgates, dr + 2 * lane, 3 * lane,
                  chunk_rows * 3 * lane, lane, panels, transposed.n)  # fmt: skip
    for p in range(panels):
        _reset_gradients(worker, row, at, p, k, active, rows, state, cells, scratch)
    multiply_rows(blocks, dstate, worker * rows * stride, stride, panels, dgates, dr, 3 * lane,
                  chunk_rows * 3 * lane, 2 * lane, panels, transposed.rz)  # fmt: skip


_add_rz = outer_product_part(2, 3)
_add_n = outer_product_part(1, 3)


@kernel_part
def _weight_gradients(worker, group, blocks, block, begin, end, state, scratch, sums):
    spare, dgates = scratch.spare, scratch.dgates
    rows, stride, padded = rows_of(blocks), state.shape[1], scratch.dstate.shape[1]
    row, n_rows = blocks[block]["first"] + begin * rows, (end - begin) * rows
    _add_rz(group, sums.rz, state, row * stride, stride, worker, dgates, 0, n_rows)
    reset = worker * spare.shape[1] + rows * padded
    _add_n(group, sums.n, spare, reset, padded, worker, dgates, 2, n_rows)


CELL = Cell(
    name="gru_reset_before",
    width=3,
    gates=3,
    input_at=0,
    n_states=1,
    reads_tape=True,
    forward_step=_forward_step,
    backward_step=_backward_step,
    weight_gradients=_weight_gradients,
)
gru_reset_before_forward = forward_kernel(CELL)
gru_reset_before_backward = backward_kernel(CELL)
