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

A row of the tape is ``q | r | z | n``: the recurrent product fills the first three, the input the
last three, and where they overlap they add up.  Axes: see :mod:`.recurrence`.
"""

from typing import NamedTuple

from fastgru._numba import kernel_part, np
from fastgru.kernels.activations import sigmoid, tanh
from fastgru.kernels.blocks import clear_span, count_active, rows_of
from fastgru.kernels.microkernel import tile_3
from fastgru.kernels.products import multiply_rows
from fastgru.kernels.recurrence import Cell, forward_kernel
from fastgru.kernels.recurrence_backward import backward_kernel, outer_product_part
from fastgru.kernels.vectors import lanes, load, store


class GRUWeights(NamedTuple):
    """Recurrent weights, forward: float (panels, padded_size, 3 * LANES), columns n | r | z."""

    hh: np.ndarray


class GRUTransposed(NamedTuple):
    """Recurrent weights, backward: float, flat (:func:`fastgru.layers.packing.pack_pairs`)."""

    hh: np.ndarray


class GRUSums(NamedTuple):
    """Gradients of each group: float (n_groups, panels, units, 3 * LANES), columns n | r | z."""

    hh: np.ndarray


@kernel_part
def _finish_panel(row, first, p, active, rows, state, cells):
    """Turn pre-activations into gates, in place, and write the new state of a panel."""
    lane, stride = lanes(cells), state.shape[1]
    for i in range(active):
        cell = first + i * 4 * lane
        before = (row + i) * stride + p * lane
        q = load(cells, cell)
        r = sigmoid(load(cells, cell + lane))
        z = sigmoid(load(cells, cell + 2 * lane))
        n = tanh(load(cells, cell + 3 * lane) + r * q)
        store(r, cells, cell + lane)
        store(z, cells, cell + 2 * lane)
        store(n, cells, cell + 3 * lane)
        store(n + z * (load(state, before) - n), state, before + rows * stride)
    for i in range(active, rows):
        before = (row + i) * stride + p * lane
        store(load(state, before), state, before + rows * stride)


@kernel_part
def _forward_step(worker, blocks, block, t, at, weights, state, cells, spare):
    lane, rows, stride = lanes(cells), rows_of(blocks), state.shape[1]
    panels, hidden = weights.hh.shape[0], weights.hh.shape[1]
    row = blocks[block]["first"] + t * rows
    active = count_active(blocks, block, t)
    for p in range(panels):
        first = (at * panels + p) * rows * 4 * lane
        tile_3(blocks, cells, first, 4 * lane, state, row * stride, stride, 1, 0,
               weights.hh, p * hidden * 3 * lane, 3 * lane, lane, hidden, 1)  # fmt: skip
        _finish_panel(row, first, p, active, rows, state, cells)


@kernel_part
def _gate_gradients(worker, row, at, p, k, active, rows, state, cells, scratch):
    """Write dq | dr | dz | dn of one panel, and leave d * z in its place."""
    dstate, dgates = scratch.dstate, scratch.dgates
    lane = lanes(dgates)
    panels = dgates.shape[1]
    out = ((worker * panels + p) * dgates.shape[2] + k) * 4 * lane
    for i in range(active):
        cell = ((at * panels + p) * rows + i) * 4 * lane
        here = (worker * rows + i) * dstate.shape[1] + p * lane
        to = out + i * 4 * lane
        q = load(cells, cell)
        r = load(cells, cell + lane)
        z = load(cells, cell + 2 * lane)
        n = load(cells, cell + 3 * lane)
        before = load(state, (row + i) * state.shape[1] + p * lane)
        d = load(dstate, here)
        dn = d * (1.0 - z) * (1.0 - n * n)
        dz = d * (before - n) * z * (1.0 - z)
        dr = dn * q * r * (1.0 - r)
        dq = dn * r
        store(dq, dgates, to)
        store(dr, dgates, to + lane)
        store(dz, dgates, to + 2 * lane)
        store(dn, dgates, to + 3 * lane)
        store(d * z, dstate, here)
    clear_span(dgates, out + active * 4 * lane, out + rows * 4 * lane)


@kernel_part
def _backward_step(worker, blocks, block, t, k, at, transposed, state, cells, scratch):
    dstate, dgates = scratch.dstate, scratch.dgates
    lane, rows = lanes(dgates), rows_of(blocks)
    panels, chunk_rows = dgates.shape[1], dgates.shape[2]
    row = blocks[block]["first"] + t * rows
    active = count_active(blocks, block, t)
    for p in range(panels):
        _gate_gradients(worker, row, at, p, k, active, rows, state, cells, scratch)
    hidden = dstate.shape[1]
    dq = (worker * panels * chunk_rows + k) * 4 * lane
    multiply_rows(blocks, dstate, worker * rows * hidden, hidden, panels,
                  dgates, dq, 4 * lane, chunk_rows * 4 * lane, 3 * lane, panels,
                  transposed.hh)  # fmt: skip


_add_outer_products = outer_product_part(3, 4)


@kernel_part
def _weight_gradients(worker, group, blocks, block, begin, end, state, scratch, sums):
    rows, stride = rows_of(blocks), state.shape[1]
    row = blocks[block]["first"] + begin * rows
    _add_outer_products(group, sums.hh, state, row * stride, stride, worker, scratch.dgates,
                        0, (end - begin) * rows)  # fmt: skip


CELL = Cell(
    name="gru",
    width=4,
    gates=3,
    input_at=1,
    n_states=1,
    reads_tape=True,
    forward_step=_forward_step,
    backward_step=_backward_step,
    weight_gradients=_weight_gradients,
)
gru_forward = forward_kernel(CELL)
gru_backward = backward_kernel(CELL)
