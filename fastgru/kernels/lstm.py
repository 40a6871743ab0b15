"""Long short-term memory, with or without peepholes.

Forward (Gers, Schmidhuber and Cummins 2000; peepholes p after Gers and Schmidhuber 2000; as
torch.nn.LSTM without them)::

    i_t = sigmoid(W_ii x_t + W_hi h_{t-1} + b_i + p_i * c_{t-1})      input gate
    f_t = sigmoid(W_if x_t + W_hf h_{t-1} + b_f + p_f * c_{t-1})      forget gate
    g_t = tanh(W_ig x_t + W_hg h_{t-1} + b_g)                         candidate
    c_t = f_t * c_{t-1} + i_t * g_t
    o_t = sigmoid(W_io x_t + W_ho h_{t-1} + b_o + p_o * c_t)          output gate
    h_t = o_t * tanh(c_t)

Backward, with d = dL/dh_t and e = dL/dc_t; the gradients of the pre-activations, and what they are
handed on to::

    do = d * tanh(c_t) * o * (1 - o)                e += d * o * (1 - tanh(c_t)^2) + p_o * do
    di = e * g * i * (1 - i)                        df = e * c_{t-1} * f * (1 - f)
    dg = e * i * (1 - g^2)

    dL/dc_{t-1} = e * f + p_i * di + p_f * df
    dL/dh_{t-1} = W_hi^T di + W_hf^T df + W_hg^T dg + W_ho^T do + dL/dy_{t-1}
    dW_h += [di, df, dg, do] h_{t-1}^T              dp_i += di * c_{t-1}, dp_f += df * c_{t-1},
                                                    dp_o += do * c_t

A row of the tape is ``i | f | g | o``; a row of the state is ``h | c``.  Axes: see
:mod:`.recurrence`.
"""

from typing import NamedTuple

from fastgru._numba import kernel_part, np
from fastgru.kernels.activations import sigmoid, tanh
from fastgru.kernels.blocks import clear_span, rows_of
from fastgru.kernels.pairs import columns_operand
from fastgru.kernels.products import multiply_rows, tile_4
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
from fastgru.kernels.vectors import lanes, load, store


class LSTMWeights(NamedTuple):
    """Recurrent weights, forward.

    Attributes
    ----------
    hh : float (panels, padded_size, 4 * LANES)
        Columns i | f | g | o.
    peepholes : float (3, padded_size)
        p_i, p_f, p_o; zero where there are none.
    """

    hh: np.ndarray
    peepholes: np.ndarray


class LSTMTransposed(NamedTuple):
    """Recurrent weights, backward.

    Attributes
    ----------
    hh : float, flat
        :func:`fastgru.layers.packing.pack_stripes`.
    peepholes : float (3, padded_size)
    """

    hh: np.ndarray
    peepholes: np.ndarray


class LSTMSums(NamedTuple):
    """Gradients of each group.

    Attributes
    ----------
    hh : float (n_groups, panels, units, 4 * LANES)
    peepholes : float (n_groups or 0, 1, 3, padded_size)
    """

    hh: np.ndarray
    peepholes: np.ndarray


@kernel_part(inline=True)
def _finish_panel(blocks, layout, p, active, row, next_row, products, source, first, inputs,
                  peepholes, state, cells, places, place, y, column, hidden):  # fmt: skip
    """Turn products into gates, keep these on the tape, and write the new states of a panel."""
    lane, stride, padded = lanes(cells), state.shape[1], peepholes.shape[1]
    entry, unit = p * 4 * lane, p * lane
    for k in range(0, active, group_of(blocks)):
        # A gate is stored before the next one is loaded: the registers do not hold them all.
        at, cell = source + k * 4 * lane, first + k * 4 * lane
        after = (next_row + k) * stride + unit
        prefetch_cell(blocks, layout, cells, cell, 4)
        c = load_rows(blocks, state, (row + k) * stride + padded + unit, stride)
        i = load_rows(blocks, products, at, 4 * lane)
        i = with_input(blocks, i, inputs, places, place + k, entry)
        i = sigmoid(i + load_rows(blocks, peepholes, unit, 0) * c)
        keep_rows(blocks, layout, i, cells, cell, 4 * lane)
        g = load_rows(blocks, products, at + 2 * lane, 4 * lane)
        g = tanh(with_input(blocks, g, inputs, places, place + k, entry + 2 * lane))
        keep_rows(blocks, layout, g, cells, cell + 2 * lane, 4 * lane)
        f = load_rows(blocks, products, at + lane, 4 * lane)
        f = with_input(blocks, f, inputs, places, place + k, entry + lane)
        f = sigmoid(f + load_rows(blocks, peepholes, padded + unit, 0) * c)
        keep_rows(blocks, layout, f, cells, cell + lane, 4 * lane)
        c = f * c + i * g
        store_rows(blocks, c, state, after + padded, stride, active - k)
        o = load_rows(blocks, products, at + 3 * lane, 4 * lane)
        o = with_input(blocks, o, inputs, places, place + k, entry + 3 * lane)
        o = sigmoid(o + load_rows(blocks, peepholes, 2 * padded + unit, 0) * c)
        keep_rows(blocks, layout, o, cells, cell + 3 * lane, 4 * lane)
        store_state(blocks, o * tanh(c), state, after, y, places, place + k,
                    column + unit, hidden - unit, active - k)  # fmt: skip


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
        tile_4(blocks, dense, scratch.products, here, 4 * lane, h.array, h.at, h.row, 1, 0,
               weights.hh, p * h.size * 4 * lane, 4 * lane, lane, h.size, 1)  # fmt: skip
        _finish_panel(blocks, layout, p, active, row, next_row, scratch.products, here,
                      (at * panels + p) * rows * 4 * lane, inputs, weights.peepholes, state, cells,
                      places, first_place(worker, blocks), y, column, hidden)  # fmt: skip
    repeat_states(active, rows, state, row, next_row)


@kernel_part(inline=True)
def _gate_gradients(worker, group, blocks, p, k, at, active, row, peepholes, state, cells, dy,
                    column, hidden, sums, scratch):  # fmt: skip
    """Write di | df | dg | do of one panel, and leave the gradient of c in its place."""
    dstate, dgates, places = scratch.dstate, scratch.dgates, scratch.places
    lane, rows, width = lanes(dgates), rows_of(blocks), dstate.shape[1]
    stride, padded = state.shape[1], peepholes.shape[1]
    panels = dgates.shape[1]
    out = ((worker * panels + p) * dgates.shape[2] + k) * 4 * lane
    entry, unit = p * 4 * lane, p * lane
    for m in range(0, active, group_of(blocks)):
        cell = ((at * panels + p) * rows + m) * 4 * lane
        before = (row + m) * stride + padded + unit
        here = (worker * rows + m) * width + unit
        place, to, count = first_place(worker, blocks) + m, out + m * 4 * lane, active - m
        tanh_c = tanh(load_rows(blocks, state, before + rows * stride, stride))
        o = load_rows(blocks, cells, cell + 3 * lane, 4 * lane)
        d = load_rows(blocks, dstate, here, width)
        d = with_output_gradient(blocks, d, dy, places, place, column + unit, hidden - unit)
        do = d * tanh_c * o * (1.0 - o)
        store_rows(blocks, do, dgates, to + 3 * lane, 4 * lane, rows)
        add_to_tables(blocks, group, do, sums, places, place, entry + 3 * lane, count)
        e = load_rows(blocks, dstate, here + padded, width)
        e = e + d * o * (1.0 - tanh_c * tanh_c)
        e = e + load_rows(blocks, peepholes, 2 * padded + unit, 0) * do
        i = load_rows(blocks, cells, cell, 4 * lane)
        g = load_rows(blocks, cells, cell + 2 * lane, 4 * lane)
        dg = e * i * (1.0 - g * g)
        store_rows(blocks, dg, dgates, to + 2 * lane, 4 * lane, rows)
        add_to_tables(blocks, group, dg, sums, places, place, entry + 2 * lane, count)
        di = e * g * i * (1.0 - i)
        store_rows(blocks, di, dgates, to, 4 * lane, rows)
        add_to_tables(blocks, group, di, sums, places, place, entry, count)
        f = load_rows(blocks, cells, cell + lane, 4 * lane)
        df = e * load_states_before(blocks, state, before) * f * (1.0 - f)
        store_rows(blocks, df, dgates, to + lane, 4 * lane, rows)
        add_to_tables(blocks, group, df, sums, places, place, entry + lane, count)
        e = e * f + load_rows(blocks, peepholes, unit, 0) * di
        e = e + load_rows(blocks, peepholes, padded + unit, 0) * df
        store_rows(blocks, 0.0, dstate, here, width, count)
        store_rows(blocks, e, dstate, here + padded, width, count)
    clear_span(dgates, out + active * 4 * lane, out + rows * 4 * lane)


@kernel_part(inline=True)
def _backward_step(worker, group, blocks, block, t, active, k, at, inputs, transposed, state,
                   cells, dy, column, hidden, sums, scratch):  # fmt: skip
    dstate, dgates = scratch.dstate, scratch.dgates
    lane, rows = lanes(dgates), rows_of(blocks)
    panels, chunk_rows, stride = dgates.shape[1], dgates.shape[2], dstate.shape[1]
    row = blocks[block]["first"] + t * rows
    for p in range(panels):
        _gate_gradients(worker, group, blocks, p, k, at, active, row, transposed.peepholes, state,
                        cells, dy, column, hidden, sums, scratch)  # fmt: skip
    first = (worker * panels * chunk_rows + k) * 4 * lane
    di = columns_operand(scratch.pairs, worker * scratch.pairs.shape[1], dgates, first, 4 * lane,
                         chunk_rows * 4 * lane, rows, 4 * lane, panels)  # fmt: skip
    multiply_rows(blocks, 1, True, dstate, worker * rows * stride, stride, panels, di, panels,
                  transposed.hh, earlier_cell(cells, at))  # fmt: skip


_add_recurrent_gradients = recurrent_gradients_part(4, 4)


@kernel_part
def _peephole_gradients(worker, group, row, n_rows, rows, state, dgates, peepholes):
    lane, stride, padded = lanes(dgates), state.shape[1], peepholes.shape[3]
    panels = dgates.shape[1]
    for p in range(panels):
        to = group * 3 * padded + p * lane
        dp_i = load(peepholes, to)
        dp_f = load(peepholes, to + padded)
        dp_o = load(peepholes, to + 2 * padded)
        for k in range(n_rows):
            source = ((worker * panels + p) * dgates.shape[2] + k) * 4 * lane
            before = (row + k) * stride + padded + p * lane
            dp_i = dp_i + load(dgates, source) * load(state, before)
            dp_f = dp_f + load(dgates, source + lane) * load(state, before)
            dp_o = dp_o + load(dgates, source + 3 * lane) * load(state, before + rows * stride)
        store(dp_i, peepholes, to)
        store(dp_f, peepholes, to + padded)
        store(dp_o, peepholes, to + 2 * padded)


@kernel_part
def _weight_gradients(worker, group, blocks, block, begin, end, state, scratch, sums):
    _add_recurrent_gradients(worker, group, blocks, block, begin, end, state, scratch, sums)
    if sums.peepholes.shape[0] > 0:
        rows = rows_of(blocks)
        row, n_rows = blocks[block]["first"] + begin * rows, (end - begin) * rows
        _peephole_gradients(worker, group, row, n_rows, rows, state, scratch.dgates, sums.peepholes)


CELL = Cell(
    name="lstm",
    width=4,
    gates=4,
    input_at=0,
    n_states=2,
    reads_tape=True,
    recomputed=0,
    forward_step=_forward_step,
    backward_step=_backward_step,
    weight_gradients=_weight_gradients,
)
lstm_forward = forward_kernel(CELL)
lstm_backward = backward_kernel(CELL)
