"""Gated recurrent unit, forward pass over blocks of sequences.

The gates of one time step are, for input x_t and previous state h_{t-1}::

    q_t = W_hn h_{t-1} + b_hn                                 recurrent part of the new gate
    r_t = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)      reset
    z_t = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)      update
    n_t = tanh(W_in x_t + b_in + r_t * q_t)                   new
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

This is the "reset after" form of torch.nn.GRU and cuDNN (Cho et al. 2014, arXiv 1406.1078v1,
with the biases of cuDNN).

The input enters in up to three additive ways, all of them projected through W_i beforehand or
here: a row of ``table`` picked by ``symbol`` (letters; or the biases alone), a row of
``position_table`` picked by ``position``, and the product of a dense input ``x`` with ``w_ih``.

Axes and layout (see :mod:`fastgru.layers.blocks`): a block holds ROWS sequences of similar
length, longest first; row ``start + t * ROWS + i`` of a blocked array belongs to step ``t`` of
its sequence ``i``.  Hidden units are cut in panels of LANES units.  A cell of the tape holds,
for one step and one panel, ROWS rows of four vectors ``q | r | z | n``: the recurrent product
fills the first three, the input product the last three, and where they overlap they add up.
"""

from typing import NamedTuple

from fastgru._numba import kernel, kernel_part, np, prange
from fastgru.kernels.activations import sigmoid, tanh
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.microkernel import ROWS, tile_3
from fastgru.kernels.vectors import lanes, load, store


class Steps(NamedTuple):
    """What is read at each step: the blocks and the rows of the input tables.

    Attributes
    ----------
    blocks : int64 (n_blocks, 2 + ROWS)
        First row, number of steps and the length of each sequence, longest first.
    symbol : int32 (rows,)
        Row of ``table`` that is the input of each step.
    position : int32 (rows,) or (0,)
        Row of ``position_table`` that is added; empty for none.
    """

    blocks: np.ndarray
    symbol: np.ndarray
    position: np.ndarray


class Inputs(NamedTuple):
    """Projected inputs, gates stacked ``r | z | n`` in each panel.

    Attributes
    ----------
    table : float (n_symbols, panels, 3 * LANES)
        Input part of the pre-activations, biases included.
    position_table : float (n_positions, panels, 3 * LANES)
    x : float (rows, stride) or (0, 0)
        Dense input; empty for none.
    w_ih : float (panels, input_size, 3 * LANES)
    """

    table: np.ndarray
    position_table: np.ndarray
    x: np.ndarray
    w_ih: np.ndarray


@kernel_part
def count_active(blocks, block, t):
    """Return how many sequences of a block are longer than ``t``; they stand first."""
    active = 0
    while active < ROWS and blocks[block, 2 + active] > t:
        active += 1
    return active


@kernel_part
def _start_cell(first, row, p, steps, inputs, b_hn, tape):
    """Write the parts of a cell that need no product: biases, table and position rows."""
    lane = lanes(tape)
    panels = b_hn.shape[0]
    for i in range(ROWS):
        cell = first + i * 4 * lane
        store(load(b_hn, p * lane), tape, cell)
        source = (steps.symbol[row + i] * panels + p) * 3 * lane
        for gate in range(3):
            store(load(inputs.table, source + gate * lane), tape, cell + (gate + 1) * lane)
    if steps.position.size > 0:
        for i in range(ROWS):
            cell = first + (i * 4 + 1) * lane
            source = (steps.position[row + i] * panels + p) * 3 * lane
            for v in range(0, 3 * lane, lane):
                place = load(inputs.position_table, source + v)
                store(load(tape, cell + v) + place, tape, cell + v)


@kernel_part
def _finish_cell(first, row, p, active, h, tape):
    """Turn pre-activations into gates, in place, and write the new state of a panel."""
    lane = lanes(tape)
    stride = h.shape[1]
    for i in range(active):
        cell = first + i * 4 * lane
        before = (row + i) * stride + p * lane
        q = load(tape, cell)
        r = sigmoid(load(tape, cell + lane))
        z = sigmoid(load(tape, cell + 2 * lane))
        n = tanh(load(tape, cell + 3 * lane) + r * q)
        store(r, tape, cell + lane)
        store(z, tape, cell + 2 * lane)
        store(n, tape, cell + 3 * lane)
        store(n + z * (load(h, before) - n), h, before + ROWS * stride)
    for i in range(active, ROWS):
        before = (row + i) * stride + p * lane
        store(load(h, before), h, before + ROWS * stride)


@kernel_part
def _forward_block(block, steps, inputs, w_hh, b_hn, h, tape):
    start, n_steps = steps.blocks[block, 0], steps.blocks[block, 1]
    lane = lanes(h)
    panels, hidden = w_hh.shape[0], w_hh.shape[1]
    input_size = inputs.w_ih.shape[1]
    h_stride, x_stride = h.shape[1], inputs.x.shape[1]
    keep = tape.shape[0] > steps.blocks.shape[0]
    for t in range(n_steps):
        row = start + t * ROWS
        active = count_active(steps.blocks, block, t)
        at = row // ROWS if keep else block
        for p in range(panels):
            first = (at * panels + p) * ROWS * 4 * lane
            _start_cell(first, row, p, steps, inputs, b_hn, tape)
            tile_3(tape, first, 4 * lane, h, row * h_stride, h_stride, 1, 0,
                   w_hh, p * hidden * 3 * lane, 3 * lane, lane, hidden, 1)  # fmt: skip
            if inputs.x.shape[0] > 0:
                tile_3(tape, first + lane, 4 * lane, inputs.x, row * x_stride, x_stride, 1, 0,
                       inputs.w_ih, p * input_size * 3 * lane, 3 * lane, lane,
                       input_size, 1)  # fmt: skip
            _finish_cell(first, row, p, active, h, tape)


@kernel(parallel=True)
def gru_forward(steps, inputs, w_hh, b_hn, h, tape):
    """Run one direction of one layer through all steps.

    Parameters
    ----------
    steps : Steps
    inputs : Inputs
    w_hh : float (panels, hidden, 3 * LANES)
        Recurrent weights of each panel, columns ``n | r | z``; ``hidden`` is the number of units
        rounded up to whole panels.
    b_hn : float (panels, LANES)
    h : float (rows, stride), **written**
        State before step ``t`` in row ``start + t * ROWS + i``; the caller fills step 0.
        Steps past a sequence's length repeat its last state.
    tape : float (rows / ROWS, panels, ROWS, 4 * LANES), **written**
        The gates ``q | r | z | n``, kept for the backward pass; with as many entries as there
        are blocks they are not kept.

    Notes
    -----
    The parallel loop runs over blocks, each of which goes through time alone: the result does
    not depend on the number of threads.  Cost: 6 hidden (hidden + input_size) floating-point
    operations per sequence and step.
    """
    for block in prange(steps.blocks.shape[0]):
        before = flush_denormals()
        _forward_block(np.int64(block), steps, inputs, w_hh, b_hn, h, tape)
        restore_denormals(before)
