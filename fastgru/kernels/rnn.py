"""The plain recurrent network of Elman (1990), as torch.nn.RNN.

Forward, with f = tanh or f = relu::

    h_t = f(W_i x_t + W_h h_{t-1} + b)

Backward, with d = dL/dh_t::

    da = d * (1 - h_t^2)                            tanh
    da = d where h_t > 0, else 0                    relu

    dL/dh_{t-1} = W_h^T da + dL/dy_{t-1}            dW_h += da h_{t-1}^T

The states say all that the way back needs: there is no tape.  Axes: see :mod:`.recurrence`.
"""

from typing import NamedTuple

from fastgru._numba import kernel_part, np
from fastgru.kernels.activations import tanh
from fastgru.kernels.blocks import clear_span, rows_of
from fastgru.kernels.microkernel import Ahead, tile_1
from fastgru.kernels.pairs import columns_operand
from fastgru.kernels.products import multiply_rows
from fastgru.kernels.recurrence import Cell, forward_kernel
from fastgru.kernels.recurrence_backward import backward_kernel, recurrent_gradients_part
from fastgru.kernels.rows import group_of, load_rows, store_rows
from fastgru.kernels.step import (
    add_to_tables,
    first_place,
    load_states_before,
    repeat_states,
    state_row,
    store_state,
    with_input,
    with_output_gradient,
)
from fastgru.kernels.vectors import lanes, where_less


class RNNWeights(NamedTuple):
    """Recurrent weights, forward: float (panels, padded_size, LANES)."""

    hh: np.ndarray


class RNNTransposed(NamedTuple):
    """Recurrent weights, backward: float, flat (:func:`fastgru.layers.packing.pack_stripes`)."""

    hh: np.ndarray


class RNNSums(NamedTuple):
    """Gradients of each group: float (n_groups, panels, units, LANES)."""

    hh: np.ndarray


@kernel_part(inline=True)
def _relu(x):
    return where_less(x, 0.0, 0.0, x)


@kernel_part(inline=True)
def _tanh_derivative(h):
    return 1.0 - h * h


@kernel_part(inline=True)
def _relu_derivative(h):
    return where_less(0.0, h, 1.0, h * 0.0)


def _steps(activation, derivative, name):
    """Return the forward and the backward step for one activation."""

    @kernel_part(inline=True, name=f"{name}_forward_step")
    def forward_step(worker, blocks, block, t, active, source, at, layout, inputs, weights, state,
                     cells, scratch, y, column, hidden):  # fmt: skip
        lane, rows, stride = lanes(state), rows_of(blocks), state.shape[1]
        panels, places = weights.hh.shape[0], scratch.places
        row = state_row(worker, blocks, block, t, layout)
        next_row = state_row(worker, blocks, block, t + 1, layout)
        dense = inputs.x.shape[0] > 0
        left = columns_operand(scratch.pairs, worker * scratch.pairs.shape[1], state, row * stride,
                            stride, 0, rows, panels * lane, 1)  # fmt: skip
        for p in range(panels):
            first, unit = (source * panels + p) * rows * lane, p * lane
            tile_1(blocks, dense, scratch.products, first, lane, left.array, left.at, left.row, 1,
                   0, weights.hh, p * left.size * lane, lane, lane, left.size, 1)  # fmt: skip
            for i in range(0, active, group_of(blocks)):
                place = first_place(worker, blocks) + i
                a = load_rows(blocks, scratch.products, first + i * lane, lane)
                h = activation(with_input(blocks, a, inputs, places, place, unit))
                store_state(blocks, h, state, (next_row + i) * stride + unit, y, places, place,
                            column + unit, hidden - unit, active - i)  # fmt: skip
        repeat_states(active, rows, state, row, next_row)

    @kernel_part(inline=True, name=f"{name}_backward_step")
    def backward_step(worker, group, blocks, block, t, active, k, at, inputs, transposed, state,
                      cells, dy, column, hidden, sums, scratch):  # fmt: skip
        dstate, dgates, places = scratch.dstate, scratch.dgates, scratch.places
        lane, rows, padded = lanes(dgates), rows_of(blocks), dstate.shape[1]
        panels, chunk_rows, stride = dgates.shape[1], dgates.shape[2], state.shape[1]
        row = blocks[block]["first"] + t * rows
        for p in range(panels):
            out, unit = ((worker * panels + p) * chunk_rows + k) * lane, p * lane
            for i in range(0, active, group_of(blocks)):
                here = (worker * rows + i) * padded + unit
                place, count = first_place(worker, blocks) + i, active - i
                h = load_states_before(blocks, state, (row + rows + i) * stride + unit)
                d = load_rows(blocks, dstate, here, padded)
                d = with_output_gradient(blocks, d, dy, places, place, column + unit, hidden - unit)
                da = d * derivative(h)
                store_rows(blocks, da, dgates, out + i * lane, lane, rows)
                store_rows(blocks, 0.0, dstate, here, padded, count)
                add_to_tables(blocks, group, da, sums, places, place, unit, count)
            clear_span(dgates, out + active * lane, out + rows * lane)
        first = (worker * panels * chunk_rows + k) * lane
        da = columns_operand(scratch.pairs, worker * scratch.pairs.shape[1], dgates, first, lane,
                             chunk_rows * lane, rows, lane, panels)  # fmt: skip
        multiply_rows(blocks, 1, True, dstate, worker * rows * padded, padded, panels, da, panels,
                      transposed.hh, Ahead(cells, 0, 0))  # fmt: skip

    return forward_step, backward_step


def _cell(name, activation, derivative):
    forward_step, backward_step = _steps(activation, derivative, name)
    return Cell(
        name=name,
        width=1,
        gates=1,
        input_at=0,
        n_states=1,
        reads_tape=False,
        recomputed=0,
        forward_step=forward_step,
        backward_step=backward_step,
        weight_gradients=recurrent_gradients_part(1, 1),
    )


TANH_CELL = _cell("rnn_tanh", tanh, _tanh_derivative)
RELU_CELL = _cell("rnn_relu", _relu, _relu_derivative)
rnn_tanh_forward, rnn_tanh_backward = forward_kernel(TANH_CELL), backward_kernel(TANH_CELL)
rnn_relu_forward, rnn_relu_backward = forward_kernel(RELU_CELL), backward_kernel(RELU_CELL)
