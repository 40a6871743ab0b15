"""The plain recurrent network of Elman (1990), as torch.nn.RNN.

Forward, with f = tanh or f = relu::

    h_t = f(W_i x_t + W_h h_{t-1} + b)

Backward, with d = dL/dh_t::

    da = d * (1 - h_t^2)                            tanh
    da = d where h_t > 0, else 0                    relu

    dL/dh_{t-1} = W_h^T da + dL/dy_{t-1}            dW_h += da h_{t-1}^T

The states say all that the way back needs; the one vector of a row of the tape is memory for the
pre-activation alone.  Axes: see :mod:`.recurrence`.
"""

from typing import NamedTuple

from fastgru._numba import kernel_part, np
from fastgru.kernels.activations import tanh
from fastgru.kernels.blocks import clear_span, count_active, rows_of
from fastgru.kernels.microkernel import tile_1
from fastgru.kernels.products import multiply_rows
from fastgru.kernels.recurrence import Cell, forward_kernel
from fastgru.kernels.recurrence_backward import backward_kernel, outer_product_part
from fastgru.kernels.vectors import lanes, load, store, where_less


class RNNWeights(NamedTuple):
    """Recurrent weights, forward: float (panels, padded_size, LANES)."""

    hh: np.ndarray


class RNNTransposed(NamedTuple):
    """Recurrent weights, backward: float, flat (:func:`fastgru.layers.packing.pack_pairs`)."""

    hh: np.ndarray


class RNNSums(NamedTuple):
    """Gradients of each group: float (n_groups, panels, units, LANES)."""

    hh: np.ndarray


@kernel_part
def _relu(x):
    return where_less(x, 0.0, 0.0, x)


@kernel_part
def _tanh_derivative(h):
    return 1.0 - h * h


@kernel_part
def _relu_derivative(h):
    return where_less(0.0, h, 1.0, h * 0.0)


def _steps(activation, derivative, name):
    """Return the forward and the backward step for one activation."""

    @kernel_part(name=f"{name}_forward_step")
    def forward_step(worker, blocks, block, t, at, weights, state, cells, spare):
        lane, rows, stride = lanes(cells), rows_of(blocks), state.shape[1]
        panels, hidden = weights.hh.shape[0], weights.hh.shape[1]
        row = blocks[block]["first"] + t * rows
        active = count_active(blocks, block, t)
        for p in range(panels):
            first = (at * panels + p) * rows * lane
            tile_1(blocks, cells, first, lane, state, row * stride, stride, 1, 0,
                   weights.hh, p * hidden * lane, lane, lane, hidden, 1)  # fmt: skip
            for i in range(active):
                after = (row + rows + i) * stride + p * lane
                store(activation(load(cells, first + i * lane)), state, after)
            for i in range(active, rows):
                before = (row + i) * stride + p * lane
                store(load(state, before), state, before + rows * stride)

    @kernel_part(name=f"{name}_backward_step")
    def backward_step(worker, blocks, block, t, k, at, transposed, state, cells, scratch):
        dstate, dgates = scratch.dstate, scratch.dgates
        lane, rows, stride = lanes(dgates), rows_of(blocks), dstate.shape[1]
        panels, chunk_rows = dgates.shape[1], dgates.shape[2]
        row = blocks[block]["first"] + t * rows
        active = count_active(blocks, block, t)
        for p in range(panels):
            out = ((worker * panels + p) * chunk_rows + k) * lane
            for i in range(active):
                here = (worker * rows + i) * stride + p * lane
                h = load(state, (row + rows + i) * state.shape[1] + p * lane)
                store(load(dstate, here) * derivative(h), dgates, out + i * lane)
                store(0.0, dstate, here)
            clear_span(dgates, out + active * lane, out + rows * lane)
        da = (worker * panels * chunk_rows + k) * lane
        multiply_rows(blocks, dstate, worker * rows * stride, stride, panels, dgates, da, lane,
                      chunk_rows * lane, lane, panels, transposed.hh)  # fmt: skip

    return forward_step, backward_step


_add_outer_products = outer_product_part(1, 1)


@kernel_part
def _weight_gradients(worker, group, blocks, block, begin, end, state, scratch, sums):
    rows, stride = rows_of(blocks), state.shape[1]
    row = blocks[block]["first"] + begin * rows
    _add_outer_products(group, sums.hh, state, row * stride, stride, worker, scratch.dgates,
                        0, (end - begin) * rows)  # fmt: skip


def _cell(name, activation, derivative):
    forward_step, backward_step = _steps(activation, derivative, name)
    return Cell(
        name=name,
        width=1,
        gates=1,
        input_at=0,
        n_states=1,
        reads_tape=False,
        forward_step=forward_step,
        backward_step=backward_step,
        weight_gradients=_weight_gradients,
    )


TANH_CELL = _cell("rnn_tanh", tanh, _tanh_derivative)
RELU_CELL = _cell("rnn_relu", _relu, _relu_derivative)
rnn_tanh_forward, rnn_tanh_backward = forward_kernel(TANH_CELL), backward_kernel(TANH_CELL)
rnn_relu_forward, rnn_relu_backward = forward_kernel(RELU_CELL), backward_kernel(RELU_CELL)
